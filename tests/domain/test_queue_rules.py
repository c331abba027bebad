"""New and changed queues. The refusals of single fields stand in the table of answers of the API."""

import pytest

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import (
    AppEngineRouting,
    Authorization,
    HttpMethod,
    HttpTarget,
    OAuthToken,
    OidcToken,
    Queue,
    QueueState,
    RateLimits,
    RetryConfig,
    UriOverride,
)
from taskweir.domain.names import QueueName
from taskweir.domain.queue_rules import new_queue, updated_queue
from taskweir.domain.times import HOUR, MILLISECOND, SECOND

NAME = QueueName("p", "l", "q")
DEFAULT_RETRY = RetryConfig(100, 0, 100 * MILLISECOND, HOUR, 16)


def draft(**over: object) -> QueueDraft:
    return QueueDraft(str(NAME), **over)  # type: ignore[arg-type]


def queue(**over: object) -> Queue:
    return new_queue(NAME, draft(**over))


def test_a_queue_of_a_name_alone_has_the_recorded_defaults() -> None:
    """Every one written out."""
    assert queue() == Queue(NAME, RateLimits(500.0, 100, 1_000), DEFAULT_RETRY, QueueState.RUNNING)


def test_zero_counts_as_unset() -> None:
    """Field by field."""
    made = queue(rate_limits=RateLimits(0.0, 7, 5), retry_config=RetryConfig(0, 0, 0, SECOND, 3))
    assert made.rate_limits == RateLimits(500.0, 100, 5)
    assert made.retry_config == RetryConfig(100, 0, 100 * MILLISECOND, SECOND, 3)


def test_the_burst_is_the_services_choice() -> None:
    """Even a negative one is passed over."""
    assert queue(rate_limits=RateLimits(50.0, -3, 0)).rate_limits == RateLimits(50.0, 10, 1_000)


def test_the_retry_duration_is_cut_to_seconds_and_backoff_is_not() -> None:
    """Recorded: backoff keeps its precision."""
    made = queue(retry_config=RetryConfig(5, 2_999 * MILLISECOND, 1_234_567, 2_345_678, 1)).retry_config
    assert made == RetryConfig(5, 2 * SECOND, 1_234_567, 2_345_678, 1)


def test_the_host_of_a_routing_override_is_made() -> None:
    """From the labels that are given, whatever host was sent."""
    routing = queue(app_engine_routing_override=AppEngineRouting("worker", "v2", "", "evil.example"))
    assert routing.app_engine_routing_override == AppEngineRouting(
        "worker", "v2", "", "v2.worker.p.appspot.com"
    )


@pytest.mark.parametrize(
    "target",
    [
        HttpTarget(uri_override=UriOverride(host="")),
        HttpTarget(uri_override=UriOverride(host="a/b")),
        HttpTarget(uri_override=UriOverride(host="user@host")),
        HttpTarget(uri_override=UriOverride(host="h:99999")),
        HttpTarget(uri_override=UriOverride(host="h:x")),
        HttpTarget(uri_override=UriOverride(path="p" * 2_084)),
        HttpTarget(uri_override=UriOverride(port=-1)),
        HttpTarget(uri_override=UriOverride(port=65_536)),
        HttpTarget(header_overrides=(("Bad Name", "x"),)),
        HttpTarget(header_overrides=(("X-A", "a\r\nX-B: b"),)),
        HttpTarget(header_overrides=(("X-A", "a" * 81_920),)),
        HttpTarget(authorization=OidcToken("a@b")),
        HttpTarget(authorization=OAuthToken("a@b")),
        HttpTarget(authorization=OidcToken("", "aud")),
        HttpTarget(authorization=OidcToken("a@b", "a" * 2_084)),
    ],
)
def test_a_bad_http_target_is_refused(target: HttpTarget) -> None:
    """Hosts, ports, headers, and tokens that lack a part."""
    with pytest.raises(InvalidArgument):
        queue(http_target=target)


def test_an_update_without_a_mask_sets_every_field() -> None:
    """Unset ones go back to their defaults; the state stays."""
    before = queue(rate_limits=RateLimits(5.0, 0, 5), http_target=HttpTarget(http_method=HttpMethod.GET))
    after = updated_queue(before, draft(retry_config=RetryConfig(3, 0, 0, 0, 0)), None)
    assert after.rate_limits == RateLimits(500.0, 100, 1_000)
    assert after.http_target is None
    assert after.retry_config.max_attempts == 3


@pytest.mark.parametrize(
    ("mask", "rate", "concurrent", "attempts"),
    [
        (["rate_limits.max_dispatches_per_second"], 20.0, 5, 7),
        (["rate_limits.max_concurrent_dispatches"], 10.0, 6, 7),
        (["rate_limits"], 20.0, 6, 7),
        (["retry_config.max_attempts"], 10.0, 5, 8),
        (["rate_limits.max_dispatches_per_second", "retry_config"], 20.0, 5, 8),
        ([], 10.0, 5, 7),
    ],
)
def test_a_mask_sets_its_paths_alone(mask: list[str], rate: float, concurrent: int, attempts: int) -> None:
    """Fields and fields within fields."""
    before = queue(rate_limits=RateLimits(10.0, 0, 5), retry_config=RetryConfig(7, 0, 0, 0, 0))
    wanted = draft(rate_limits=RateLimits(20.0, 0, 6), retry_config=RetryConfig(8, 0, 0, 0, 0))
    after = updated_queue(before, wanted, mask)
    assert after.rate_limits.max_dispatches_per_second == rate
    assert after.rate_limits.max_concurrent_dispatches == concurrent
    assert after.retry_config.max_attempts == attempts


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        ("http_target", None),
        ("http_target.http_method", HttpTarget(uri_override=UriOverride(host="h", port=1))),
        (
            "http_target.uri_override.port",
            HttpTarget(uri_override=UriOverride(host="h"), http_method=HttpMethod.PUT),
        ),
        ("http_target.uri_override", HttpTarget(http_method=HttpMethod.PUT)),
    ],
)
def test_a_masked_path_without_a_value_is_cleared(mask: str, expected: HttpTarget | None) -> None:
    """At every depth."""
    before = queue(
        http_target=HttpTarget(uri_override=UriOverride(host="h", port=1), http_method=HttpMethod.PUT)
    )
    assert updated_queue(before, draft(), [mask]).http_target == expected


OIDC = OidcToken("a@b", "aud")


@pytest.mark.parametrize(
    ("before", "given", "mask", "after"),
    [
        (OIDC, OidcToken("", "new"), ["oidc_token.audience"], OidcToken("a@b", "new")),
        (OIDC, OidcToken("c@d"), ["oidc_token.service_account_email"], OidcToken("c@d", "aud")),
        (OIDC, OAuthToken("c@d", "s"), ["oauth_token"], OAuthToken("c@d", "s")),
        (OIDC, None, ["oidc_token"], None),
        (OIDC, None, ["oauth_token"], OIDC),
        (OIDC, None, ["oauth_token.scope"], OIDC),
        (None, OIDC, ["oidc_token.service_account_email", "oidc_token.audience"], OIDC),
    ],
)
def test_a_token_can_be_changed_in_part(
    before: Authorization | None, given: Authorization | None, mask: list[str], after: Authorization | None
) -> None:
    """Clearing one kind of token leaves a token of the other kind."""
    existing = queue(http_target=HttpTarget(authorization=before))
    wanted = draft(http_target=HttpTarget(authorization=given))
    changed = updated_queue(existing, wanted, [f"http_target.{path}" for path in mask])
    assert changed.http_target is not None
    assert changed.http_target.authorization == after


@pytest.mark.parametrize("label", ["a b", "a/b", "a\r\nHost: b", "a" * 101, "ä", "a:b"])
def test_routing_that_cannot_be_a_host_label_is_refused(label: str) -> None:
    """It would end the Host header, or lead elsewhere."""
    for field in ("service", "version", "instance"):
        with pytest.raises(InvalidArgument, match=f"AppEngineRouting.{field}"):
            queue(app_engine_routing_override=AppEngineRouting(**{field: label}))
