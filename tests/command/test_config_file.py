"""The config file: what it sets, and how its mistakes are named."""

from pathlib import Path
from textwrap import dedent

import pytest

from taskweir.command.arguments import read_arguments
from taskweir.command.configuration import configure
from taskweir.domain.model import EnforceMode, HttpMethod, HttpTarget, OidcToken, Scheme, UriOverride
from taskweir.domain.times import HOUR, MILLISECOND, SECOND
from taskweir.settings import Settings, SettingsError


def configured(folder: Path, text: str, *flags: str, **environ: str) -> Settings:
    """The settings that a file with this text makes."""
    path = folder / "taskweir.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return configure(read_arguments([f"--config={path}", *flags]), environ)


def test_the_file_sets_what_flags_set(tmp_path: Path) -> None:
    """Keys are the flags' names, with - or _."""
    settings = configured(
        tmp_path,
        """
        port: 1
        http-port: 2
        task_tombstone: 1h30m
        control: on
        strict: yes
        queue: [a, projects/p/locations/l/queues/b]
        """,
    )
    assert (settings.port, settings.http_port, settings.control, settings.strict) == (1, 2, "on", True)
    assert settings.task_tombstone == 1.5 * HOUR
    assert settings.queues == (
        "projects/local/locations/us-central1/queues/a",
        "projects/p/locations/l/queues/b",
    )


def test_flag_beats_variable_beats_file(tmp_path: Path) -> None:
    """Each setting is taken from the strongest source that has it."""
    text = "{port: 1, http-port: 2, log-level: error}"
    settings = configured(tmp_path, text, "--port=7", TASKWEIR_PORT="5", TASKWEIR_HTTP_PORT="6")
    assert (settings.port, settings.http_port, settings.log_level) == (7, 6, "error")


def test_the_file_may_be_named_by_a_variable(tmp_path: Path) -> None:
    """TASKWEIR_CONFIG is --config."""
    path = tmp_path / "c.yaml"
    path.write_text("port: 77\n", encoding="utf-8")
    assert configure(read_arguments([]), {"TASKWEIR_CONFIG": str(path)}).port == 77


@pytest.mark.parametrize("text", ["", "# nothing\n", "queues:\n", "queues: []\n"])
def test_a_file_may_be_empty(tmp_path: Path, text: str) -> None:
    """Then everything has its default."""
    assert configured(tmp_path, text).queue_config == ()


def test_a_queue_is_read_whole(tmp_path: Path) -> None:
    """Every settable field of a v2 Queue, in either spelling; the mask holds the leaves that the file names."""
    settings = configured(
        tmp_path,
        """
        project: shop
        queues:
          - name: mail
            rateLimits:
              maxDispatchesPerSecond: 2.5
              max_concurrent_dispatches: 3
            retryConfig:
              maxAttempts: -1
              maxRetryDuration: 3600s
              minBackoff: "3.5s"
              maxBackoff: 1h
              maxDoublings: 4
            appEngineRoutingOverride:
              service: worker
              version: v1
            stackdriverLoggingConfig:
              samplingRatio: 0.5
          - name: projects/p/locations/l/queues/web
            http_target:
              uriOverride:
                scheme: HTTP
                host: localhost
                port: "8080"
                pathOverride: {path: /work}
                queryOverride: {queryParams: a=b}
                uriOverrideEnforceMode: ALWAYS
              httpMethod: PUT
              headerOverrides:
                - header: {key: X-Color, value: red}
              oidcToken:
                serviceAccountEmail: a@example.com
                audience: https://example.com
        """,
    )
    mail, web = settings.queue_config
    assert mail.draft.name == "projects/shop/locations/us-central1/queues/mail"
    assert mail.draft.rate_limits is not None
    assert mail.draft.rate_limits.max_dispatches_per_second == 2.5
    assert mail.draft.rate_limits.max_concurrent_dispatches == 3
    assert mail.draft.retry_config is not None
    assert mail.draft.retry_config.max_attempts == -1
    assert mail.draft.retry_config.max_retry_duration == HOUR
    assert mail.draft.retry_config.min_backoff == 3_500 * MILLISECOND
    assert mail.draft.retry_config.max_backoff == HOUR
    assert mail.draft.retry_config.max_doublings == 4
    assert mail.draft.app_engine_routing_override is not None
    assert mail.draft.app_engine_routing_override.service == "worker"
    assert mail.draft.logging_sampling_ratio == 0.5
    assert mail.line == 4
    assert mail.mask == (
        "rate_limits.max_dispatches_per_second",
        "rate_limits.max_concurrent_dispatches",
        "retry_config.max_attempts",
        "retry_config.max_retry_duration",
        "retry_config.min_backoff",
        "retry_config.max_backoff",
        "retry_config.max_doublings",
        "app_engine_routing_override.service",
        "app_engine_routing_override.version",
        "stackdriver_logging_config.sampling_ratio",
    )
    assert web.draft.http_target == HttpTarget(
        uri_override=UriOverride(Scheme.HTTP, "localhost", 8080, "/work", "a=b", EnforceMode.ALWAYS),
        http_method=HttpMethod.PUT,
        header_overrides=(("X-Color", "red"),),
        authorization=OidcToken("a@example.com", "https://example.com"),
    )
    assert web.line == 19
    assert web.mask[-4:] == (
        "http_target.http_method",
        "http_target.header_overrides",
        "http_target.oidc_token.service_account_email",
        "http_target.oidc_token.audience",
    )


def test_a_queue_may_have_a_name_alone(tmp_path: Path) -> None:
    """It is made if it is missing, and otherwise left as it is: nothing is masked."""
    (queue,) = configured(tmp_path, "queues: [{name: q}]").queue_config
    assert queue.mask == ()


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("httpTarget: null", "http_target"),
        ("httpTarget:", "http_target"),
        ("httpTarget: {}", "http_target"),
        ("httpTarget: {uriOverride: null}", "http_target.uri_override"),
        ("rateLimits: {maxDispatchesPerSecond: null}", "rate_limits.max_dispatches_per_second"),
        ("retryConfig: ~", "retry_config"),
    ],
)
def test_null_names_a_field_to_clear_it(tmp_path: Path, field: str, path: str) -> None:
    """The path is in the mask, and the draft has nothing for it."""
    (queue,) = configured(tmp_path, f"queues:\n  - name: q\n    {field}\n").queue_config
    assert queue.mask == (path,)


def test_a_rule_over_two_fields_waits_for_the_data_when_the_file_names_one(tmp_path: Path) -> None:
    """minBackoff of 5000 s is wrong with the default maxBackoff, but the queue may have another."""
    (queue,) = configured(tmp_path, "queues: [{name: q, retryConfig: {minBackoff: 5000s}}]").queue_config
    assert queue.draft.retry_config is not None
    assert queue.draft.retry_config.min_backoff == 5_000 * SECOND


MISTAKES = [
    ("port: 1\nprot: 2\n", 2, "unknown key 'prot'"),
    ("port: 1\nport: 2\n", 2, "'port' is given twice"),
    ("http-port: 1\nhttp_port: 2\n", 2, "'http_port' is given twice"),
    ("queues: []\nport: 1\nqueues: []\n", 3, "'queues' is given twice"),
    ("\nconfig: other.yaml\n", 2, "unknown key 'config'"),
    ("host: x\nport: none\n", 2, "port: must be a port from 0 to 65535, not 'none'"),
    ("port:\n", 1, "port must have a single value"),
    ("port: [1]\n", 1, "port must have a single value"),
    ("queue:\n  - a\n  - b_c\n", 2, "queue: queue id 'b_c' must be 1 to 100 letters, digits and hyphens"),
    ("- port\n", 1, "a config file must be a mapping"),
    ("just words\n", 1, "a config file must be a mapping"),
    ("port: 1\n  host: x\n", 2, "is not YAML: mapping values are not allowed here"),
    ("port: 1\nhost: [x\n", 3, "is not YAML: expected ',' or ']', but got '<stream end>'"),
    ("port: 1\n---\nport: 2\n", 2, "is not YAML: but found another document"),
    ("queues: {name: q}\n", 1, "queues must be a list"),
    ("queues:\n  - q\n", 2, "a queue must be a mapping"),
    ("queues:\n  - rateLimits: {}\n", 2, "a queue needs a name"),
    ("queues:\n  - name:\n", 2, "a queue needs a name"),
    ("queues:\n  - name: a_b\n", 2, "name: queue id 'a_b' must be 1 to 100 letters, digits and hyphens"),
    (
        "queues:\n  - name: projects/p/q\n",
        2,
        "name: 'projects/p/q' is neither a queue id nor projects/PROJECT/locations/LOCATION/queues/QUEUE",
    ),
    (
        "queues:\n  - name: a\n  - name: projects/local/locations/us-central1/queues/a\n",
        3,
        "queue projects/local/locations/us-central1/queues/a is given twice, first in line 2",
    ),
]

QUEUE_MISTAKES = [
    ("rate: 5", 3, "unknown key 'rate' in a queue"),
    ("rateLimits:\n  maxRate: 5", 4, "unknown key 'maxRate' in rateLimits"),
    ("rateLimits: 5", 3, "rateLimits must be a mapping"),
    ("rateLimits: [5]", 3, "rateLimits must be a mapping"),
    (
        "rateLimits:\n  max_dispatches_per_second: 1\n  maxDispatchesPerSecond: 2",
        5,
        "'maxDispatchesPerSecond' is given twice",
    ),
    ("rateLimits:\n  maxDispatchesPerSecond: fast", 4, "maxDispatchesPerSecond must be a number, not 'fast'"),
    ("rateLimits:\n  maxDispatchesPerSecond: .nan", 4, "maxDispatchesPerSecond must be a number, not '.nan'"),
    (
        "rateLimits:\n  maxConcurrentDispatches: 1.5",
        4,
        "maxConcurrentDispatches must be a whole number, not '1.5'",
    ),
    (
        "rateLimits:\n  maxConcurrentDispatches: 2147483648",
        4,
        "maxConcurrentDispatches must be a whole number, not '2147483648'",
    ),
    (
        "rateLimits:\n  maxConcurrentDispatches: true",
        4,
        "maxConcurrentDispatches must be a whole number, not 'true'",
    ),
    ("rateLimits:\n  maxBurstSize: 5", 4, "maxBurstSize is set by the server: it cannot be configured"),
    ("state: PAUSED", 3, "state is set by the server: it cannot be configured"),
    ("purge_time: 2026-01-01T00:00:00Z", 3, "purge_time is set by the server: it cannot be configured"),
    ("appEngineRoutingOverride:\n  host: x", 4, "host is set by the server: it cannot be configured"),
    (
        "retryConfig:\n  minBackoff: soon",
        4,
        "minBackoff must be a duration such as 8s, 500ms, 1h30m or 31d, not 'soon'",
    ),
    (
        "httpTarget:\n  httpMethod: FETCH",
        4,
        "httpMethod must be one of HTTP_METHOD_UNSPECIFIED, POST, GET, HEAD, PUT, DELETE, PATCH, OPTIONS, not 'FETCH'",
    ),
    ("httpTarget:\n  headerOverrides: {a: b}", 4, "headerOverrides must be a list"),
    ("httpTarget:\n  headerOverrides:\n    - key: a", 5, "unknown key 'key' in an item of headerOverrides"),
    (
        "httpTarget:\n  headerOverrides:\n    - header:\n        key: a\n        value: 1",
        7,
        "value must be text: put 1 in quotes",
    ),
    (
        "httpTarget:\n  oauthToken: {serviceAccountEmail: a}\n  oidcToken: {serviceAccountEmail: a}",
        5,
        "only one of oauthToken and oidcToken can be given",
    ),
    (
        "rateLimits:\n  maxConcurrentDispatches: 1\n  maxDispatchesPerSecond: 501",
        5,
        "RateLimits.maxDispatchesPerSecond must be less than or equal to 500.",
    ),
    ("retryConfig:\n  maxAttempts: -2", 4, "RetryConfig.maxAttempts must be greater or equal to -1."),
    (
        "retryConfig:\n  maxBackoff: 1s\n  minBackoff: 2s",
        5,
        "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.",
    ),
    ("httpTarget:\n  uriOverride:\n    host: ''", 5, "UriOverride.host cannot be empty."),
    ("httpTarget:\n  oidcToken:\n    serviceAccountEmail: a", 5, "OidcToken.audience is required."),
]


def _indented(field: str) -> str:
    return "queues:\n  - name: q\n" + "".join(f"    {line}\n" for line in field.splitlines())


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [*MISTAKES, *((_indented(field), line, message) for field, line, message in QUEUE_MISTAKES)],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    """FILE:LINE: message, so that editors can jump to it."""
    path = tmp_path / "taskweir.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        configure(read_arguments([f"--config={path}"]), {})
    assert str(caught.value) == f"{path}:{line}: {message}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The flag is named with it."""
    path = tmp_path / "missing.yaml"
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        configure(read_arguments([f"--config={path}"]), {})


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    """Without a traceback."""
    path = tmp_path / "taskweir.yaml"
    path.write_bytes(b"host: \xff\n")
    with pytest.raises(SettingsError, match="is not UTF-8"):
        configure(read_arguments([f"--config={path}"]), {})
