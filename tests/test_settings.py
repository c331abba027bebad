"""Settings: the table, how texts are read, and which source wins."""

import dataclasses

import pytest

from taskweir.domain.app_engine_host import AppEngineHost
from taskweir.domain.app_engine_services import AppEngineServices
from taskweir.domain.functions_url import FunctionsUrl
from taskweir.domain.target_map import TargetMap
from taskweir.domain.target_rules import HostRules
from taskweir.domain.times import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from taskweir.setting_kinds import read_duration
from taskweir.settings import TABLE, Given, Settings, SettingsError, from_variables, resolve


def given(**texts: str) -> dict[str, Given]:
    """A layer of settings as flags would give it."""
    return {
        name.replace("_", "-"): Given(text, f"--{name.replace('_', '-')}") for name, text in texts.items()
    }


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1h", HOUR),
        ("72h", 72 * HOUR),
        ("31d", 31 * DAY),
        ("8s", 8 * SECOND),
        ("500ms", 500 * MILLISECOND),
        ("250us", 250),
        ("1h30m", 90 * MINUTE),
        ("1d12h", 36 * HOUR),
        ("8", 8 * SECOND),
        ("0.5", 500 * MILLISECOND),
        ("1.5h", 90 * MINUTE),
        ("3.5s", 3_500 * MILLISECOND),
        ("0", 0),
        (" 2m ", 2 * MINUTE),
        ("36500d", 36_500 * DAY),
    ],
)
def test_a_duration_is_read_to_the_microsecond(text: str, micros: int) -> None:
    """Units may follow one another; a bare number is seconds."""
    assert read_duration(text) == micros


@pytest.mark.parametrize(
    "text", ["", "h", "-1s", "1x", "1h 30m", "1h30", "nan", "inf", "1e3s", ".5s", "36501d", "٣s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """Nothing is guessed, and a duration past a hundred years is taken for a slip."""
    with pytest.raises(ValueError, match="must be"):
        read_duration(text)


def test_every_setting_has_a_field_and_every_field_a_setting() -> None:
    """Table and dataclass cannot part; the queues of the config file are the one field of their own."""
    fields = {field.name for field in dataclasses.fields(Settings)} - {"queue_config"}
    assert [setting.field for setting in TABLE if setting.field not in fields] == []
    assert fields == {setting.field for setting in TABLE}


def test_the_defaults_are_the_contracts() -> None:
    """With nothing given, the server is as it is documented."""
    assert resolve() == Settings(
        host="127.0.0.1",
        port=8123,
        http_port=8124,
        grpc_transport="taskweir",
        data="./taskweir.db",
        queues=(),
        config="",
        project="local",
        location="us-central1",
        queue_yaml=None,
        durability="full",
        task_tombstone=HOUR,
        queue_tombstone=72 * HOUR,
        task_retention=31 * DAY,
        history_size=10_000,
        history_retention=31 * DAY,
        lease_rate=10,
        relax_limits=False,
        drain_timeout=8 * SECOND,
        control="auto",
        strict=False,
        app_engine_host=AppEngineHost(),
        app_engine=AppEngineServices(),
        functions_url=FunctionsUrl(),
        target_map=TargetMap(),
        allow_target=HostRules(),
        deny_target=HostRules(),
        congestion=True,
        ca_file="",
        insecure_targets=False,
        allow_origin=(),
        taskqueue_timestamps="micros",
        openid_issuer="https://accounts.google.com",
        token_key="",
        tokens_follow_clock=False,
        tls_cert="",
        tls_key="",
        auth_token_file="",
        max_connections=20_000,
        idle_timeout=HOUR,
        hard_reset_on_purge_queue=False,
        log_level="info",
        log_format="text",
    )


def test_the_first_layer_that_gives_a_setting_wins() -> None:
    """Flags are handed in before variables, variables before the file."""
    settings = resolve(
        given(port="1"), given(port="2", http_port="3"), given(port="4", http_port="5", host="::1")
    )
    assert (settings.port, settings.http_port, settings.host) == (1, 3, "::1")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (given(port="65536"), "--port: must be a port from 0 to 65535, not '65536'"),
        (given(port="http"), "--port: must be a port from 0 to 65535, not 'http'"),
        (given(http_port="-1"), "--http-port: must be a port from 0 to 65535, not '-1'"),
        (given(host=""), "--host: must not be empty"),
        (given(data=" "), "--data: must not be empty"),
        (given(durability="some"), "--durability: must be one of full, normal, off, not 'some'"),
        (given(control="yes"), "--control: must be one of auto, on, off, not 'yes'"),
        (given(strict="maybe"), "--strict: must be true or false, not 'maybe'"),
        (given(log_level="INFO"), "--log-level: must be one of debug, info, warning, error, not 'INFO'"),
        (
            given(drain_timeout="soon"),
            "--drain-timeout: must be a duration such as 8s, 500ms, 1h30m or 31d, not 'soon'",
        ),
        (given(task_retention="0s"), "--task-retention: must be longer than nothing"),
        (given(project="a/b"), "--project: 'a/b' is not a legal project id"),
        (given(location="us_1"), "--location: 'us_1' is not a legal location id"),
        (given(ca_file="/nowhere/ca.pem"), "--ca-file: there is no file '/nowhere/ca.pem'"),
        (given(queue_yaml="/"), "--queue-yaml: '/' is a directory"),
        (given(lease_rate="0.5"), "--lease-rate: must be a whole number from 0 to 999999999, not '0.5'"),
        (
            given(app_engine_host="a b"),
            "--app-engine-host: 'a b' is no address, such as http://localhost:8080",
        ),
        (
            given(app_engine_host="x:0"),
            "--app-engine-host: 'x:0' is no address, such as http://localhost:8080",
        ),
        (
            given(app_engine="a=http://x,a=http://y"),
            "--app-engine: 'a' is given twice",
        ),
        (
            given(target_map="a=http://x,A=http://y"),
            "--target-map: 'A' is given twice",
        ),
        (
            given(openid_issuer="http://a..b"),
            "--openid-issuer: 'http://a..b' is no URL of an issuer: the host has an empty label",
        ),
        (
            given(functions_url="localhost"),
            "--functions-url: 'localhost' is no URL of functions, such as http://127.0.0.1:5001",
        ),
        (
            {"allow-origin": Given("http://a,b", "TASKWEIR_ALLOW_ORIGIN")},
            "TASKWEIR_ALLOW_ORIGIN: 'b' is no origin, such as https://app.example or http://localhost:3000, nor *",
        ),
        (
            {"target-map": Given("a.test", "TASKWEIR_TARGET_MAP")},
            "TASKWEIR_TARGET_MAP: 'a.test' is not FROM=TO, such as https://api.example.com=http://127.0.0.1:9000",
        ),
        (
            {"deny-target": Given("a.test, 10.0.0.1/8", "f.yaml:2: deny-target")},
            "f.yaml:2: deny-target: '10.0.0.1/8' is not a network such as 10.0.0.0/8: 10.0.0.1/8 has host bits set",
        ),
        (
            {"allow-target": Given("a.*", "--allow-target")},
            "--allow-target: 'a.*' is not a host, *.domain, address, network or *: the host is not a name",
        ),
        (given(queue="a_b"), "--queue: queue id 'a_b' must be 1 to 100 letters, digits and hyphens"),
        (
            given(queue="projects/p/queues/q"),
            "--queue: 'projects/p/queues/q' is neither a queue id nor projects/PROJECT/locations/LOCATION/queues/QUEUE",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(layer: dict[str, Given], message: str) -> None:
    """The one line says where the setting was given and what was expected."""
    with pytest.raises(SettingsError) as caught:
        resolve(layer)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("T", True), ("1", True), ("on", True), ("false", False), ("0", False), ("No", False)],
)
def test_a_switch_takes_the_usual_words(text: str, value: bool) -> None:
    """As Go's flags and YAML spell them."""
    assert resolve(given(strict=text)).strict is value


def test_queue_ids_are_completed_and_repeats_dropped() -> None:
    """A full name stays as it is, an id goes under --project and --location."""
    full = "projects/p/locations/l/queues/b"
    settings = resolve(given(queue=f"a, {full},a", project="example.com:p", location="europe-west1"))
    assert settings.queues == ("projects/example.com:p/locations/europe-west1/queues/a", full)


def test_the_brackets_of_an_ipv6_host_are_taken_off() -> None:
    """[::1] is how a URL writes it."""
    assert resolve(given(host="[::1]")).host == "::1"


def test_variables_are_named_after_the_flags() -> None:
    """TASKWEIR_HTTP_PORT is --http-port; an empty variable counts as not set."""
    variables = from_variables({"TASKWEIR_HTTP_PORT": "9", "TASKWEIR_HOST": "", "HTTP_PORT": "7"})
    assert variables == {"http-port": Given("9", "TASKWEIR_HTTP_PORT")}


def test_the_variables_of_the_best_known_emulator_are_read_after_our_own() -> None:
    """INITIAL_QUEUES and APP_ENGINE_EMULATOR_HOST work until ours are set."""
    legacy = {
        "INITIAL_QUEUES": "projects/p/locations/l/queues/a",
        "APP_ENGINE_EMULATOR_HOST": "http://localhost:8080",
    }
    settings = resolve(from_variables(legacy))
    assert settings.queues == ("projects/p/locations/l/queues/a",)
    assert from_variables({"INITIAL_QUEUE": "a"}) == {"queue": Given("a", "INITIAL_QUEUE")}
    assert settings.app_engine_host == AppEngineHost("http", "localhost:8080")
    assert resolve(from_variables({**legacy, "TASKWEIR_QUEUE": "b"})).queues == (
        "projects/local/locations/us-central1/queues/b",
    )


def test_a_service_link_of_kubernetes_is_no_port() -> None:
    """A service named taskweir makes Kubernetes set TASKWEIR_PORT=tcp://… in its neighbours."""
    assert from_variables({"TASKWEIR_PORT": "tcp://10.0.0.7:8123"}) == {}
