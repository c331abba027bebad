"""A pull task's lease: its schedule time moved on, which is also the proof of holding it.

A task is held by whoever was told its schedule time last, until then; so an end that one holder was told must never
become that of another's lease, which told_ends.py sees to.
"""

from dataclasses import replace

from taskweir.domain.errors import FailedPrecondition, InvalidArgument
from taskweir.domain.lifecycle import Ending
from taskweir.domain.limits import MAX_LEASE, MAX_LEASED_TASKS
from taskweir.domain.model import Queue, QueueState, QueueType, RetryConfig, Task
from taskweir.domain.retry import UNLIMITED_ATTEMPTS
from taskweir.domain.times import LATEST, SECOND, Instant, Micros


def check_max_tasks(count: int) -> None:
    """Raises InvalidArgument unless it is 1 to 1000. What production makes of 0 is not known."""
    if not 1 <= count <= MAX_LEASED_TASKS:
        raise InvalidArgument(f"maxTasks must be between 1 and {MAX_LEASED_TASKS}.")


def lease_length(given: Micros, *, zero_allowed: bool = False) -> Micros:
    """Cut to whole seconds. Raises InvalidArgument unless it is more than nothing and at most a week.

    With `zero_allowed` it may be nothing, as in the old taskqueue API: the lease is over as soon as it is granted.
    """
    length = given // SECOND * SECOND
    shortest = 0 if zero_allowed else SECOND
    if not shortest <= length <= MAX_LEASE:
        raise InvalidArgument(
            f"leaseDuration must be between [{shortest // SECOND}s, {MAX_LEASE // SECOND}s]."
        )
    return length


def lease_end(length: Micros, now: Instant) -> Instant:
    """No later than what can be shown."""
    return min(now + length, LATEST)


def check_leasable(queue: Queue) -> None:
    """Raises FailedPrecondition unless its tasks can be leased now. Production's texts are not recorded."""
    check_is_pull(queue)
    if queue.state is not QueueState.RUNNING:
        raise FailedPrecondition(f"Tasks of a {queue.state.name.lower()} queue cannot be leased.")


def check_is_pull(queue: Queue) -> None:
    """Raises FailedPrecondition for a push queue, whose tasks nobody leases."""
    if queue.type is not QueueType.PULL:
        raise FailedPrecondition("Only tasks of a pull queue can be leased.")


def check_held(task: Task, proof: Instant, now: Instant) -> None:
    """`proof` is the schedule time that the holder was told. Raises FailedPrecondition when that lease is over."""
    if task.dispatch_count == 0:
        raise FailedPrecondition("The task is not leased.")
    if now >= task.schedule_time:
        raise FailedPrecondition("The lease of the task is over.")
    if proof != task.schedule_time:
        raise FailedPrecondition(
            "The schedule time is not that of the task's lease: the lease was changed, or another holds the task."
        )


def acknowledged(task: Task, proof: Instant, now: Instant) -> Ending:
    """Raises FailedPrecondition."""
    check_held(task, proof, now)
    return Ending.DONE


def renewed(task: Task, proof: Instant, length: Micros, now: Instant) -> Task:
    """Raises FailedPrecondition."""
    check_held(task, proof, now)
    return replace(task, schedule_time=lease_end(length, now))


def cancelled(task: Task, proof: Instant, now: Instant) -> Task:
    """Raises FailedPrecondition."""
    check_held(task, proof, now)
    return replace(task, schedule_time=now)


def is_out_of_leases(dispatch_count: int, own: RetryConfig | None, of_queue: RetryConfig) -> bool:
    """Whether a task that was leased so often can only still be acknowledged, and is dropped when its lease ends. A
    retry config of the task's own takes the place of the queue's."""
    most = (of_queue if own is None else own).max_attempts
    return most != UNLIMITED_ATTEMPTS and dispatch_count >= most
