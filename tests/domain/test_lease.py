"""Leases: how long, of which queues, and who holds one."""

import pytest

from taskweir.domain.errors import FailedPrecondition, InvalidArgument
from taskweir.domain.lease import (
    acknowledged,
    cancelled,
    check_held,
    check_leasable,
    check_max_tasks,
    is_out_of_leases,
    lease_end,
    lease_length,
    renewed,
)
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import PullMessage, Queue, QueueState, QueueType, RateLimits, RetryConfig, Task
from taskweir.domain.names import QueueName
from taskweir.domain.times import DAY, LATEST, SECOND

NAME = QueueName("p", "l", "q")
NOW = 1_700_000_000 * SECOND
END = NOW + 60 * SECOND


def retry(max_attempts: int) -> RetryConfig:
    return RetryConfig(max_attempts, 0, 0, 0, 0)


def leased(end: int = END, times: int = 1) -> Task:
    return Task(NAME.task("t"), PullMessage(), end, NOW, dispatch_count=times)


@pytest.mark.parametrize(
    ("given", "length"),
    [
        (SECOND, SECOND),
        (2 * SECOND - 1, SECOND),
        (7 * DAY, 7 * DAY),
        (7 * DAY + SECOND - 1, 7 * DAY),
        (7 * DAY + SECOND, None),
        (SECOND - 1, None),
        (0, None),
        (-1, None),
        (-SECOND, None),
    ],
)
def test_a_lease_lasts_whole_seconds_up_to_a_week(given: int, length: int | None) -> None:
    """Fractions are cut off first."""
    if length is not None:
        assert lease_length(given) == length
    else:
        with pytest.raises(InvalidArgument, match=r"^leaseDuration must be between \[1s, 604800s\]\.$"):
            lease_length(given)


def test_the_old_api_may_lease_for_no_time() -> None:
    """But not for less."""
    assert lease_length(0, zero_allowed=True) == 0
    assert lease_length(SECOND, zero_allowed=True) == SECOND
    with pytest.raises(InvalidArgument, match=r"\[0s, 604800s\]"):
        lease_length(-1, zero_allowed=True)


def test_no_lease_ends_after_the_year_9999() -> None:
    """It could not be shown."""
    assert lease_end(SECOND, NOW) == NOW + SECOND
    assert lease_end(DAY, LATEST - 1) == LATEST


@pytest.mark.parametrize(
    ("count", "legal"), [(1, True), (1_000, True), (0, False), (1_001, False), (-1, False)]
)
def test_a_lease_takes_one_to_a_thousand_tasks(count: int, legal: bool) -> None:
    """Zero is refused: nobody knows what it would mean."""
    if legal:
        check_max_tasks(count)
    else:
        with pytest.raises(InvalidArgument, match=r"^maxTasks must be between 1 and 1000\.$"):
            check_max_tasks(count)


@pytest.mark.parametrize(
    ("queue_type", "state", "text"),
    [
        (QueueType.PULL, QueueState.RUNNING, None),
        (QueueType.PULL, QueueState.PAUSED, "paused"),
        (QueueType.PULL, QueueState.DISABLED, "disabled"),
        (QueueType.PUSH, QueueState.RUNNING, "pull queue"),
        (QueueType.PUSH, QueueState.PAUSED, "pull queue"),
    ],
)
def test_only_running_pull_queues_are_leased_from(
    queue_type: QueueType, state: QueueState, text: str | None
) -> None:
    """The kind is looked at first."""
    queue = Queue(NAME, RateLimits(1, 1, 1), retry(-1), state, queue_type)
    if text is None:
        check_leasable(queue)
    else:
        with pytest.raises(FailedPrecondition, match=text):
            check_leasable(queue)


@pytest.mark.parametrize(
    ("task", "proof", "now", "text"),
    [
        (leased(), END, NOW, None),
        (leased(), END, END - 1, None),
        (leased(), END, END, "over"),
        (leased(), END, END + 1, "over"),
        (leased(), END + 1, NOW, "another"),
        (leased(), END - 1, NOW, "another"),
        (leased(times=0), END, NOW, "not leased"),
    ],
)
def test_the_schedule_time_proves_a_lease(task: Task, proof: int, now: int, text: str | None) -> None:
    """To the microsecond, until it comes, and of tasks that were leased at all."""
    if text is None:
        check_held(task, proof, now)
    else:
        for rule in (check_held, acknowledged, cancelled):
            with pytest.raises(FailedPrecondition, match=text):
                rule(task, proof, now)
        with pytest.raises(FailedPrecondition, match=text):
            renewed(task, proof, SECOND, now)


def test_the_holder_changes_the_lease() -> None:
    """It ends later, or now, or with the task; the count of leases stays."""
    assert renewed(leased(), END, 90 * SECOND, NOW + 1) == leased(NOW + 1 + 90 * SECOND)
    assert cancelled(leased(), END, NOW + 1) == leased(NOW + 1)
    assert acknowledged(leased(), END, NOW + 1) is Ending.DONE


@pytest.mark.parametrize(
    ("most", "had", "over"), [(-1, 10_000, False), (3, 2, False), (3, 3, True), (3, 4, True)]
)
def test_a_task_has_as_many_leases_as_its_queue_allows(most: int, had: int, over: bool) -> None:
    """Without limit for -1. Where it has a retry config of its own, that says how many."""
    assert is_out_of_leases(had, None, retry(most)) is over
    for other in (-1, 1, 1_000_000):
        assert is_out_of_leases(had, retry(most), retry(other)) is over
