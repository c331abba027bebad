"""A task's way: created, attempted, and then finished, tried again, or given up. Pure; the store applies it."""

import enum
from dataclasses import dataclass, replace

from taskweir.domain.congestion import Signal
from taskweir.domain.model import Attempt, ResponseStatus, RetryConfig, Task
from taskweir.domain.retry import next_attempt_at
from taskweir.domain.times import Instant
from taskweir.domain.value import value


class Ending(enum.IntEnum):
    """Why a task is gone. Kept with its tombstone; the numbers are stored."""

    DONE = 1
    DELETED = 2
    PURGED = 3
    OUT_OF_ATTEMPTS = 4
    EXPIRED = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt, as the retry law needs it.

    `answered` means a response came, whatever its status; `below_500` that its status was below 500;
    `previous_response` is what the next attempt is told. `not_before` is the earliest next attempt the target asked
    for (Retry-After), if it did. `signal` is for congestion control.
    """

    succeeded: bool
    answered: bool
    below_500: bool
    status: ResponseStatus
    previous_response: int
    not_before: Instant | None = None
    signal: Signal = Signal.NONE


@value
class AttemptResult:
    """One finished attempt of one task, to be recorded.

    `number` is the attempt's place in the task's dispatches, 1 for the first; `forced` says that RunTask made it.
    """

    task_uid: int
    queue_uid: int
    number: int
    attempt: Attempt
    answer: Answer
    forced: bool = False


def begin_attempt(task: Task, now: Instant) -> Task:
    """The task as it stands while an attempt that starts now is in flight. On the way of every attempt, where `replace`
    would take three times as long."""
    return Task(
        task.name,
        task.payload,
        task.schedule_time,
        task.create_time,
        task.dispatch_deadline,
        task.retry_config,
        task.dispatch_count + 1,
        task.response_count,
        task.execution_count,
        now if task.first_dispatch_time is None else task.first_dispatch_time,
        _begun(task, now),
        task.has_body,
        task.uid,
        task.queue_uid,
    )


def _begun(task: Task, now: Instant) -> Attempt:
    previous = task.last_attempt.previous_response if task.last_attempt else None
    return Attempt(schedule_time=task.schedule_time, dispatch_time=now, previous_response=previous)


def finish_attempt(
    task: Task, result: AttemptResult, queue_retry: RetryConfig, now: Instant
) -> Task | Ending:
    """What a finished attempt makes of a task: an Ending, or the task with its next schedule time.

    `task` is what the store holds now: its counts may be behind the attempt's (the beginning of an attempt need not
    be written) or ahead of it (RunTask dispatched it again meanwhile).
    """
    if result.answer.succeeded:
        return Ending.DONE
    answered = with_answer(task, result, now)
    retry = task.retry_config or queue_retry
    # After RunTask the wait counts from the run, not from the end of its attempt (documented).
    since = result.attempt.dispatch_time if result.forced else now
    at = next_attempt_at(
        retry, answered.dispatch_count, answered.first_dispatch_time or now, now, since=since
    )
    if at is None:
        return Ending.OUT_OF_ATTEMPTS
    if _is_outdated(task, result) and _is_answered(task):
        return answered  # the later attempt has set the next schedule time
    return replace(answered, schedule_time=max(at, result.answer.not_before or at))


def _is_outdated(task: Task, result: AttemptResult) -> bool:
    """Whether the task was dispatched again, by RunTask, after the attempt that ends now."""
    return result.number < task.dispatch_count


def _is_answered(task: Task) -> bool:
    return task.last_attempt is not None and task.last_attempt.response_time is not None


def with_answer(task: Task, result: AttemptResult, now: Instant) -> Task:
    """The task with an attempt's answer counted in."""
    answer = result.answer
    first = result.attempt.dispatch_time if task.first_dispatch_time is None else task.first_dispatch_time
    return replace(
        task,
        dispatch_count=max(task.dispatch_count, result.number),
        response_count=task.response_count + answer.answered,
        execution_count=task.execution_count + (answer.answered and answer.below_500),
        first_dispatch_time=first,
        last_attempt=task.last_attempt if _is_outdated(task, result) else _ended(result, now),
    )


def _ended(result: AttemptResult, now: Instant) -> Attempt:
    return replace(
        result.attempt,
        response_time=now,
        response_status=result.answer.status,
        previous_response=result.answer.previous_response,
    )
