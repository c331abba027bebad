"""New and changed queues. The refusals of single fields stand in the table of answers of the API."""

from dataclasses import replace

import pytest

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import (
    Acl,
    AppEngineRouting,
    Authorization,
    HttpMethod,
    HttpTarget,
    OAuthToken,
    OidcToken,
    Queue,
    QueueSource,
    QueueState,
    QueueType,
    RateLimits,
    RetryConfig,
    UriOverride,
)
from taskweir.domain.names import QueueName
from taskweir.domain.queue_bounds import RELAXED
from taskweir.domain.queue_merge import TARGET_TYPE
from taskweir.domain.queue_rules import new_queue, updated_queue
from taskweir.domain.times import DAY, HOUR, MILLISECOND, SECOND

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
    made = queue(rate_limits=RateLimits(0.0, 0, 5), retry_config=RetryConfig(0, 0, 0, SECOND, 3))
    assert made.rate_limits == RateLimits(500.0, 100, 5)
    assert made.retry_config == RetryConfig(100, 0, 100 * MILLISECOND, SECOND, 3)


@pytest.mark.parametrize(("given", "burst"), [(0, 10), (1, 1), (500, 500)])
def test_a_burst_that_is_not_given_follows_from_the_rate(given: int, burst: int) -> None:
    """The betas can set one."""
    assert queue(rate_limits=RateLimits(50.0, given, 0)).rate_limits == RateLimits(50.0, burst, 1_000)


@pytest.mark.parametrize(
    ("burst", "message"),
    [
        (-1, "RateLimits.maxBurstSize cannot be negative."),
        (501, "RateLimits.maxBurstSize must be less than or equal to 500."),
    ],
)
def test_a_burst_has_bounds(burst: int, message: str) -> None:
    """In the style of those that are recorded."""
    with pytest.raises(InvalidArgument, match=message):
        queue(rate_limits=RateLimits(50.0, burst, 0))


MOST = RateLimits(100_000.0, 100_000, 10_000)


def test_relaxed_bounds_are_wider() -> None:
    """The burst that is not given follows from the rate as ever."""
    assert new_queue(NAME, draft(rate_limits=MOST), RELAXED).rate_limits == MOST
    fast = RateLimits(5_000.0, 0, 8_000)
    assert new_queue(NAME, draft(rate_limits=fast), RELAXED).rate_limits == replace(
        fast, max_burst_size=1_000
    )


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (
            RateLimits(100_001.0, 0, 0),
            "RateLimits.maxDispatchesPerSecond must be less than or equal to 100000.",
        ),
        (RateLimits(0.0, 100_001, 0), "RateLimits.maxBurstSize must be less than or equal to 100000."),
        (
            RateLimits(0.0, 0, 10_001),
            "RateLimits.maxConcurrentDispatches must be less than or equal to 10000.",
        ),
    ],
)
def test_relaxed_bounds_are_named_where_they_are_passed(limits: RateLimits, message: str) -> None:
    """Not production's."""
    with pytest.raises(InvalidArgument, match=message):
        new_queue(NAME, draft(rate_limits=limits), RELAXED)


def test_a_queue_keeps_what_it_was_given_under_wider_bounds() -> None:
    """A server without --relax-limits may change everything else about it, but gives no more such values."""
    before = new_queue(NAME, draft(rate_limits=MOST), RELAXED)
    assert updated_queue(before, draft(rate_limits=MOST), None) == before
    after = updated_queue(
        before, draft(rate_limits=RateLimits(0.0, 0, 7)), ["rate_limits.max_concurrent_dispatches"]
    )
    assert after.rate_limits == replace(MOST, max_concurrent_dispatches=7)
    with pytest.raises(InvalidArgument, match=r"must be less than or equal to 500\."):
        updated_queue(
            before,
            draft(rate_limits=RateLimits(600.0, 0, 0)),
            ["rate_limits.max_dispatches_per_second"],
        )


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


RATE = "rate_limits.max_dispatches_per_second"
BURST = "rate_limits.max_burst_size"


@pytest.mark.parametrize(
    ("mask", "given", "burst"),
    [
        (["rate_limits.max_concurrent_dispatches"], 99, 33),
        (["retry_config"], 99, 33),
        ([RATE], 99, 50),
        ([BURST], 99, 99),
        ([BURST], 0, 10),
        ([RATE, BURST], 99, 99),
        ([BURST, RATE], 0, 50),
        (["rate_limits"], 99, 99),
        (["rate_limits", RATE], 99, 99),
        (["rate_limits"], 0, 50),
        (None, 99, 99),
        (None, 0, 50),
        ([], 99, 33),
    ],
)
def test_a_burst_that_is_not_given_changes_with_the_rate_alone(
    mask: list[str] | None, given: int, burst: int
) -> None:
    """Documented for the betas."""
    before = queue(rate_limits=RateLimits(5.0, 33, 5))
    after = updated_queue(before, draft(rate_limits=RateLimits(250.0, given, 6)), mask)
    assert after.rate_limits.max_burst_size == burst


PULL = QueueType.PULL


def pull(**over: object) -> Queue:
    return queue(type=PULL, **over)


@pytest.mark.parametrize("limits", [None, RateLimits(1.0, 2, 3), RateLimits(-1.0, -2, -3)])
def test_the_limits_of_a_pull_queue_are_output_only(limits: RateLimits | None) -> None:
    """Whatever is sent."""
    assert pull(rate_limits=limits).rate_limits == RateLimits(10_000.0, 10_000, -1)


@pytest.mark.parametrize(("given", "attempts"), [(0, -1), (-1, -1), (1, 1), (7, 7)])
def test_of_the_retries_of_a_pull_queue_the_number_alone_can_be_set(given: int, attempts: int) -> None:
    """Any number of leases by default."""
    made = pull(retry_config=RetryConfig(given, 9 * SECOND, -5, SECOND, 3))
    assert made.retry_config == RetryConfig(attempts, 0, 0, 0, 0)
    with pytest.raises(InvalidArgument, match=r"RetryConfig\.maxAttempts"):
        pull(retry_config=RetryConfig(-2, 0, 0, 0, 0))


@pytest.mark.parametrize(
    "mask", [None, ["rate_limits"], [RATE], [BURST], ["retry_config"], ["retry_config.min_backoff"]]
)
def test_a_pull_queue_stays_one_through_every_update(mask: list[str] | None) -> None:
    """Its own limits, sent back, are not refused."""
    before = pull()
    after = updated_queue(
        before, draft(rate_limits=before.rate_limits, retry_config=before.retry_config), mask
    )
    assert after == before


@pytest.mark.parametrize(
    "over", [{"http_target": HttpTarget()}, {"app_engine_routing_override": AppEngineRouting("s")}]
)
def test_a_pull_queue_overrides_nothing(over: dict[str, object]) -> None:
    """It sends nothing."""
    with pytest.raises(InvalidArgument, match="can only be set for a push queue"):
        pull(**over)


@pytest.mark.parametrize("mask", [None, ["type"], ["rate_limits", "type"]])
@pytest.mark.parametrize(("before", "given"), [(PULL, QueueType.PUSH), (QueueType.PUSH, PULL)])
def test_a_queues_type_cannot_be_changed(before: QueueType, given: QueueType, mask: list[str] | None) -> None:
    """The same one, or none, may be said."""
    existing = queue(type=before)
    with pytest.raises(InvalidArgument, match="Queue.type cannot be changed: it is " + before.name):
        updated_queue(existing, draft(type=given), mask)
    for same in (before, None):
        assert updated_queue(existing, draft(type=same), mask) == existing
    assert updated_queue(existing, draft(type=given), ["retry_config"]) == existing


TEN_DAYS = 10 * DAY


@pytest.mark.parametrize(
    "over",
    [
        {"task_ttl": TEN_DAYS - 1},
        {"task_ttl": 3_650 * DAY + 1},
        {"task_ttl": 0},
        {"tombstone_ttl": HOUR - 1},
        {"tombstone_ttl": 9 * DAY + 1},
    ],
)
def test_times_of_tasks_and_names_have_bounds(over: dict[str, int]) -> None:
    """Both ends are allowed."""
    with pytest.raises(InvalidArgument, match=r"Ttl must be between \["):
        queue(**over)
    with pytest.raises(InvalidArgument, match=r"Ttl must be between \["):
        updated_queue(queue(), draft(**over), list(over))
    assert queue(task_ttl=TEN_DAYS, tombstone_ttl=HOUR)
    assert queue(task_ttl=3_650 * DAY, tombstone_ttl=9 * DAY)


def test_a_longer_time_of_queue_yaml_stays_through_updates() -> None:
    """Even when it is sent back; unset with an empty mask, it becomes the server's setting."""
    existing = replace(queue(), task_ttl=5_000 * DAY)
    assert updated_queue(existing, draft(), ["retry_config"]).task_ttl == 5_000 * DAY
    assert updated_queue(existing, draft(task_ttl=5_000 * DAY), None).task_ttl == 5_000 * DAY
    assert updated_queue(existing, draft(), None).task_ttl is None
    with pytest.raises(InvalidArgument, match="taskTtl"):
        updated_queue(existing, draft(task_ttl=5_001 * DAY), None)


def test_an_update_makes_a_queue_of_queue_yaml_the_apis() -> None:
    """A mask that names nothing changes nothing; what has methods of its own stays."""
    acl = Acl(("a@b",), ())
    existing = replace(
        queue(), source=QueueSource.YAML, acl=acl, state=QueueState.DISABLED, purge_time=5, uid=7
    )
    assert updated_queue(existing, draft(), []) == existing
    after = updated_queue(existing, draft(), ["retry_config"])
    assert after == replace(existing, source=QueueSource.API)


OVERRIDE = AppEngineRouting("s", "", "", "s.p.appspot.com")
TARGET = HttpTarget(http_method=HttpMethod.PUT)
OTHER = HttpTarget(http_method=HttpMethod.GET)


@pytest.mark.parametrize(
    ("given", "override", "target"),
    [
        (draft(http_target=OTHER, type=QueueType.PUSH), OVERRIDE, OTHER),
        (
            draft(app_engine_routing_override=AppEngineRouting("t"), type=QueueType.PUSH),
            AppEngineRouting("t", "", "", "t.p.appspot.com"),
            None,
        ),
        (draft(type=QueueType.PUSH), None, None),
        (draft(), OVERRIDE, None),
    ],
)
def test_one_target_in_place_of_the_one_that_is_shown(
    given: QueueDraft, override: AppEngineRouting | None, target: HttpTarget | None
) -> None:
    """Of two the HTTP target is shown; an override that is not seen does not go unless the other kind is given."""
    existing = queue(app_engine_routing_override=AppEngineRouting("s"), http_target=TARGET)
    after = updated_queue(existing, given, [TARGET_TYPE])
    assert (after.app_engine_routing_override, after.http_target) == (override, target)


def test_an_override_that_is_shown_goes_when_no_target_is_given() -> None:
    """As every field that is unset."""
    existing = queue(app_engine_routing_override=AppEngineRouting("s"))
    assert updated_queue(existing, draft(), [TARGET_TYPE]).app_engine_routing_override is None


@pytest.mark.parametrize(
    ("mask", "doublings", "min_backoff"),
    [
        (["rate_limits.max_dispatches_per_second"], 0, 0),
        (["retry_config.max_attempts"], 0, 0),
        (["retry_config.max_doublings"], 16, 0),
        (["retry_config"], 16, 100 * MILLISECOND),
        (None, 16, 100 * MILLISECOND),
    ],
)
def test_a_zero_of_queue_yaml_stays_until_it_is_named(
    mask: list[str] | None, doublings: int, min_backoff: int
) -> None:
    """Sent as a zero, it counts as unset."""
    steady = replace(queue(), retry_config=RetryConfig(5, 0, 0, HOUR, 0))
    retry = updated_queue(steady, QueueDraft(str(NAME)), mask).retry_config
    assert (retry.max_doublings, retry.min_backoff) == (doublings, min_backoff)
