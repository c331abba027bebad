"""What the entries of a queue.yaml make of queues."""

from dataclasses import replace

import pytest

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import (
    Acl,
    AppEngineRouting,
    HttpTarget,
    Queue,
    QueueSource,
    QueueState,
    QueueType,
    RateLimits,
    RetryConfig,
    UriOverride,
)
from taskweir.domain.names import LocationName
from taskweir.domain.queue_entry import QueueEntry, QueueYaml, RetryParameters
from taskweir.domain.queue_yaml import configured, uploaded
from taskweir.domain.times import DAY, HOUR, MILLISECOND, SECOND

PARENT = LocationName("p", "us-central1")
NAME = PARENT.queue("q")
MADE_BY_THE_API = Queue(NAME, RateLimits(100.0, 20, 50), RetryConfig(9, 0, SECOND, HOUR, 2), uid=7)
RUNNING, PAUSED, DISABLED = QueueState.RUNNING, QueueState.PAUSED, QueueState.DISABLED


def entry(**fields: object) -> QueueEntry:
    return QueueEntry("q", 1, **fields)  # type: ignore[arg-type]


def made(**fields: object) -> Queue:
    return configured(None, entry(**fields), NAME)


def test_an_entry_of_a_name_alone_has_queue_yamls_defaults() -> None:
    """Which are others than the API's."""
    assert made() == Queue(
        NAME,
        RateLimits(5.0, 5, 1_000),
        RetryConfig(-1, 0, 100 * MILLISECOND, HOUR, 16),
        source=QueueSource.YAML,
        task_ttl=315_576_000_000 * SECOND,
        tombstone_ttl=9 * DAY,
    )


def test_limits_are_as_the_entry_says() -> None:
    """The bucket is the burst, whatever the rate."""
    assert made(rate=0.5, bucket_size=40, max_concurrent_requests=3).rate_limits == RateLimits(0.5, 40, 3)


@pytest.mark.parametrize(
    ("given", "retry"),
    [
        (RetryParameters(task_retry_limit=0), RetryConfig(1, 0, 100_000, HOUR, 16)),
        (RetryParameters(task_retry_limit=7), RetryConfig(8, 0, 100_000, HOUR, 16)),
        (RetryParameters(task_age_limit=DAY), RetryConfig(-1, DAY, 100_000, HOUR, 16)),
        (RetryParameters(7, 2 * DAY), RetryConfig(8, 2 * DAY, 100_000, HOUR, 16)),
        (RetryParameters(min_backoff_seconds=SECOND), RetryConfig(-1, 0, SECOND, HOUR, 16)),
        (RetryParameters(min_backoff_seconds=2 * HOUR), RetryConfig(-1, 0, 2 * HOUR, 2 * HOUR, 16)),
        (RetryParameters(max_backoff_seconds=SECOND), RetryConfig(-1, 0, 100_000, SECOND, 16)),
        (RetryParameters(max_backoff_seconds=1_000), RetryConfig(-1, 0, 1_000, 1_000, 16)),
        (RetryParameters(min_backoff_seconds=5, max_backoff_seconds=6), RetryConfig(-1, 0, 5, 6, 16)),
        (RetryParameters(max_doublings=0), RetryConfig(-1, 0, 100_000, HOUR, 0)),
    ],
)
def test_a_push_queue_retries_as_the_entry_says(given: RetryParameters, retry: RetryConfig) -> None:
    """The first attempt is one more than the retries; of the two backoffs, one that is not given makes way."""
    assert made(retry_parameters=given).retry_config == retry


@pytest.mark.parametrize(("limit", "leases"), [(None, -1), (0, 1), (1, 1), (5, 5)])
def test_a_pull_queue_counts_leases(limit: int | None, leases: int) -> None:
    """And nothing else of it can be set."""
    queue = made(
        mode=QueueType.PULL,
        max_concurrent_requests=3,
        retry_parameters=RetryParameters(limit, DAY, SECOND, SECOND, 1),
        acl=Acl(("a@b",), ("c@d",)),
    )
    assert queue.type is QueueType.PULL
    assert queue.rate_limits == RateLimits(10_000.0, 10_000, -1)
    assert queue.retry_config == RetryConfig(leases, 0, 0, 0, 0)
    assert queue.acl == Acl(("a@b",), ("c@d",))


def test_a_target_is_the_queues_routing() -> None:
    """With its host."""
    routing = made(target=AppEngineRouting("worker", "v1")).app_engine_routing_override
    assert routing == AppEngineRouting("worker", "v1", host="v1.worker.p.appspot.com")


@pytest.mark.parametrize(
    ("before", "rate", "after"),
    [
        (None, None, RUNNING),
        (None, 0.0, DISABLED),
        (RUNNING, 5.0, RUNNING),
        (RUNNING, 0.0, DISABLED),
        (DISABLED, 5.0, RUNNING),
        (DISABLED, None, RUNNING),
        (DISABLED, 0.0, DISABLED),
        (PAUSED, 5.0, PAUSED),
        (PAUSED, 0.0, PAUSED),
    ],
)
def test_a_rate_of_0_stops_a_queue_and_another_starts_it(
    before: QueueState | None, rate: float | None, after: QueueState
) -> None:
    """What an operator paused stays so. A stopped queue still has a rate to be resumed with."""
    present = None if before is None else replace(MADE_BY_THE_API, state=before)
    queue = configured(present, entry(rate=rate), NAME)
    assert queue.state is after
    assert queue.rate_limits.max_dispatches_per_second == 5.0


def test_what_a_queue_yaml_cannot_express_stays() -> None:
    """All the rest is as the file says, also where it says nothing."""
    kept = replace(
        MADE_BY_THE_API,
        http_target=HttpTarget(UriOverride(host="h")),
        logging_sampling_ratio=0.5,
        purge_time=5,
    )
    before = replace(kept, app_engine_routing_override=AppEngineRouting("old"), acl=Acl(("old@b",)))
    after = configured(before, entry(), NAME)
    assert after == replace(
        made(), http_target=kept.http_target, logging_sampling_ratio=0.5, purge_time=5, uid=7
    )


def file(*entries: QueueEntry) -> QueueYaml:
    return QueueYaml("queue.yaml", entries)


def states(*queues: Queue) -> dict[str, QueueState]:
    return {queue.name.id: queue.state for queue in queues}


def queue(queue_id: str, **fields: object) -> Queue:
    return replace(MADE_BY_THE_API, name=PARENT.queue(queue_id), **fields)  # type: ignore[arg-type]


def test_queues_that_are_left_out_are_disabled() -> None:
    """Whoever made them, and whatever their state; they stay as they are otherwise."""
    paused = queue("b", state=PAUSED)
    changed = uploaded([queue("q"), paused, queue("c", source=QueueSource.YAML)], file(entry()), PARENT)
    assert states(*changed) == {"q": RUNNING, "b": DISABLED, "c": DISABLED, "default": RUNNING}
    assert replace(paused, state=DISABLED) in changed


def test_spared_queues_are_not_disabled() -> None:
    """Nor changed."""
    assert states(*uploaded([queue("a"), queue("b")], file(), PARENT, spared=[PARENT.queue("a")])) == {
        "b": DISABLED,
        "default": RUNNING,
    }


def test_the_default_queue_is_always_there() -> None:
    """It is made with queue.yaml's defaults, changed where it is listed, and else left alone."""
    (default,) = uploaded([], file(), PARENT)
    assert default == replace(made(), name=PARENT.queue("default"))
    assert uploaded([queue("default")], file(), PARENT) == []
    (listed,) = uploaded([queue("default")], file(QueueEntry("default", 1, rate=2.0)), PARENT)
    assert listed.rate_limits.max_dispatches_per_second == 2.0
    (only,) = uploaded([], file(QueueEntry("default", 1, rate=2.0)), PARENT)
    assert only.rate_limits.max_dispatches_per_second == 2.0
    assert uploaded([], file(), PARENT, with_default=False) == []


@pytest.mark.parametrize(
    ("present", "mode", "said"),
    [(QueueType.PUSH, QueueType.PULL, "push"), (QueueType.PULL, QueueType.PUSH, "pull")],
)
def test_a_queues_mode_cannot_be_changed(present: QueueType, mode: QueueType, said: str) -> None:
    """The message names the entry's line."""
    with pytest.raises(InvalidArgument) as refused:
        uploaded([queue("q", type=present)], file(QueueEntry("q", 8, mode=mode)), PARENT)
    assert refused.value.message == f"queue.yaml:8: queue q is a {said} queue: its mode cannot be changed"
