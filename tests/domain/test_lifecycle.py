"""What attempts make of a task."""

from dataclasses import replace

import pytest

from taskweir.domain.lifecycle import Answer, AttemptResult, Ending, begin_attempt, finish_attempt
from taskweir.domain.model import HttpRequest, ResponseStatus, RetryConfig, Task
from taskweir.domain.names import QueueName
from taskweir.domain.times import HOUR, MILLISECOND, SECOND

NOW = 1_700_000_000 * SECOND
RETRY = RetryConfig(100, 0, 100 * MILLISECOND, HOUR, 16)
QUEUE = QueueName("p", "l", "q")


def task(**over: object) -> Task:
    fields = {
        "name": QUEUE.task("t"),
        "payload": HttpRequest("http://h"),
        "schedule_time": NOW,
        "create_time": NOW,
        "uid": 7,
    }
    return Task(**{**fields, **over})  # type: ignore[arg-type]


def answer(http_status: int | None) -> Answer:
    return Answer(
        succeeded=http_status is not None and 200 <= http_status < 300,
        answered=http_status is not None,
        below_500=http_status is not None and http_status < 500,
        status=ResponseStatus(0 if http_status == 200 else 2, "x"),
        previous_response=http_status or 504,
    )


def result(begun: Task, http_status: int | None) -> AttemptResult:
    assert begun.last_attempt is not None
    return AttemptResult(
        begun.uid, begun.queue_uid, begun.dispatch_count, begun.last_attempt, answer(http_status)
    )


def attempted(before: Task, http_status: int | None, now: int) -> Task:
    begun = begin_attempt(before, now)
    after = finish_attempt(before, result(begun, http_status), RETRY, now)
    assert isinstance(after, Task)
    return after


def test_an_attempt_in_flight_is_counted_and_shown() -> None:
    """The dispatch is counted and has its times; nothing is answered yet."""
    begun = begin_attempt(task(), NOW + 5)
    assert (begun.dispatch_count, begun.response_count, begun.first_dispatch_time) == (1, 0, NOW + 5)
    assert begun.last_attempt is not None
    assert (begun.last_attempt.schedule_time, begun.last_attempt.dispatch_time) == (NOW, NOW + 5)
    assert begun.last_attempt.response_time is None


def test_counts_follow_the_recorded_sequence_of_answers() -> None:
    """Answers 503, 404, 429, 500, 302: below 500 counts as executed, every answer as a response."""
    current, executions, responses = task(), [], []
    for status in (503, 404, 429, 500, 302):
        current = attempted(current, status, NOW)
        executions.append(current.execution_count)
        responses.append(current.response_count)
    assert executions == [0, 1, 2, 2, 3]
    assert responses == [1, 2, 3, 4, 5]


def test_an_attempt_without_an_answer_counts_as_dispatch_only() -> None:
    """And the next attempt is told 504."""
    after = attempted(task(), None, NOW)
    assert (after.dispatch_count, after.response_count, after.execution_count) == (1, 0, 0)
    assert after.last_attempt is not None
    assert after.last_attempt.previous_response == 504


def test_the_next_attempt_knows_the_answer_before_it() -> None:
    """It is what its PreviousResponse header will say."""
    begun = begin_attempt(attempted(task(), 404, NOW), NOW + SECOND)
    assert begun.last_attempt is not None
    assert begun.last_attempt.previous_response == 404


def test_a_failed_task_is_scheduled_by_the_retry_law() -> None:
    """Backoff counts from the end of the attempt."""
    first = attempted(task(), 500, NOW)
    assert first.schedule_time == NOW + 100 * MILLISECOND
    assert attempted(first, 500, NOW + SECOND).schedule_time == NOW + SECOND + 200 * MILLISECOND


def test_the_tasks_own_retry_config_replaces_the_queues() -> None:
    """Whole, not field by field."""
    own = RetryConfig(1, 0, 5 * SECOND, 5 * SECOND, 1)
    begun = begin_attempt(task(retry_config=own), NOW)
    assert finish_attempt(begun, result(begun, 500), RETRY, NOW) is Ending.OUT_OF_ATTEMPTS


@pytest.mark.parametrize("http_status", [200, 201, 204, 299])
def test_success_ends_a_task(http_status: int) -> None:
    """Even when the store has not seen the attempt begin."""
    begun = begin_attempt(task(), NOW)
    assert finish_attempt(task(), result(begun, http_status), RETRY, NOW) is Ending.DONE


def test_an_answer_that_comes_after_a_later_dispatch_does_not_lower_the_count() -> None:
    """RunTask dispatched again meanwhile: both dispatches stay counted."""
    first = begin_attempt(task(), NOW)
    second = begin_attempt(first, NOW + 1)
    after = finish_attempt(second, result(first, 500), RETRY, NOW + 2)
    assert isinstance(after, Task)
    assert (after.dispatch_count, after.response_count) == (2, 1)


def test_a_target_may_ask_for_a_later_attempt_but_not_for_an_earlier_one() -> None:
    """The later of the two times counts."""
    begun = begin_attempt(task(), NOW)
    for wanted, expected in ((NOW + HOUR, NOW + HOUR), (NOW, NOW + 100 * MILLISECOND)):
        late = result(begun, 503)
        asked = AttemptResult(
            late.task_uid,
            late.queue_uid,
            late.number,
            late.attempt,
            Answer(False, True, False, ResponseStatus(14), 503, not_before=wanted),
        )
        after = finish_attempt(begun, asked, RETRY, NOW)
        assert isinstance(after, Task)
        assert after.schedule_time == expected


def test_after_a_run_the_wait_counts_from_the_run() -> None:
    """Not from the end of its attempt, as documented for RunTask."""
    begun = begin_attempt(task(), NOW)
    after = finish_attempt(begun, replace(result(begun, 503), forced=True), RETRY, NOW + 30_000)
    assert isinstance(after, Task)
    assert after.schedule_time == NOW + 100 * MILLISECOND


def test_an_answer_that_comes_late_does_not_hide_a_later_one() -> None:
    """It is counted; what the task shows, and when it goes again, are the later attempt's."""
    first = begin_attempt(task(), NOW)
    second = begin_attempt(first, NOW + SECOND)
    after_second = finish_attempt(second, result(second, 500), RETRY, NOW + 2 * SECOND)
    assert isinstance(after_second, Task)
    after_first = finish_attempt(after_second, result(first, 404), RETRY, NOW + 9 * SECOND)
    assert isinstance(after_first, Task)
    assert after_first.last_attempt == after_second.last_attempt
    assert after_first.schedule_time == after_second.schedule_time
    assert (after_first.response_count, after_first.execution_count) == (2, 1)
