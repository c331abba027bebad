"""Attempts, counted by queue and by what became of them."""

import pytest
from tests.metrics.samples import Samples

from taskweir.domain.history import Outcome
from taskweir.domain.lifecycle import Ending, begin_attempt
from taskweir.domain.model import HttpRequest, Queue, RateLimits, RetryConfig, Task
from taskweir.domain.names import QueueName
from taskweir.domain.times import MILLISECOND, SECOND, Instant
from taskweir.metrics.attempts import AttemptMetrics
from taskweir.metrics.queue_labels import QueueLabels

START: Instant = 1_700_000_000 * SECOND


def queue(uid: int) -> Queue:
    return Queue(QueueName("p", "l", f"q{uid}"), RateLimits(1, 1, 1), RetryConfig(1, 0, 0, 0, 0), uid=uid)


def task(queue_uid: int) -> Task:
    return Task(
        queue(queue_uid).name.task("t"), HttpRequest("http://h/"), START, START, uid=1, queue_uid=queue_uid
    )


def label(uid: int) -> str:
    return str(queue(uid).name)


def metrics(queues: int, most: int = 500) -> AttemptMetrics:
    labels = QueueLabels(most)
    for uid in range(1, queues + 1):
        labels.put(queue(uid))
    return AttemptMetrics(labels)


@pytest.mark.parametrize(
    ("ending", "then"),
    [
        (Ending.DONE, "done"),
        (Ending.OUT_OF_ATTEMPTS, "out_of_attempts"),
        (START + SECOND, "retry"),
        (None, "gone"),
    ],
)
def test_what_became_of_the_task_is_counted(ending: Ending | Instant | None, then: str) -> None:
    """Under one of four names, of which the others are there at 0, so that Prometheus sees their first one."""
    made = metrics(1)
    made.attempt_recorded(task(1), Outcome.FAILED, 1, ending)
    expected = dict.fromkeys(("done", "out_of_attempts", "retry", "gone"), 0.0) | {then: 1.0}
    effects = Samples.of(made).all("taskweir_attempt_effects_total")
    assert effects == {(label(1), name): count for name, count in expected.items()}


def test_outcomes_are_counted_by_queue() -> None:
    """A queue without an attempt has no series."""
    made = metrics(3)
    for uid, outcome in ((1, Outcome.SUCCEEDED), (1, Outcome.SUCCEEDED), (2, Outcome.TIMED_OUT)):
        made.attempt_recorded(task(uid), outcome, 1, None)
    samples = Samples.of(made)
    assert samples("taskweir_attempts_total", queue=label(1), outcome="succeeded") == 2
    assert samples("taskweir_attempts_total", queue=label(1), outcome="timed_out") == 0
    assert samples("taskweir_attempts_total", queue=label(2), outcome="timed_out") == 1
    assert samples.labels("queue") == {label(1), label(2)}
    assert samples.labels("outcome") == {"succeeded", "failed", "timed_out", "no_answer", "not_sent"}


def test_further_queues_are_counted_together() -> None:
    """With the attempts whose queue is gone."""
    made = metrics(3, most=1)
    for uid in (1, 2, 3, 99):
        made.attempt_recorded(task(uid), Outcome.FAILED, 1, None)
    attempts = Samples.of(made).all("taskweir_attempts_total")
    assert {key: count for key, count in attempts.items() if count} == {
        ("failed", label(1)): 1,
        ("failed", "_other"): 3,
    }


def test_latency_is_in_seconds() -> None:
    """Of all queues together."""
    made = metrics(1)
    made.attempt_recorded(task(1), Outcome.FAILED, 30 * MILLISECOND, None)
    made.attempt_recorded(task(1), Outcome.FAILED, 2 * SECOND, None)
    samples = Samples.of(made)
    assert samples("taskweir_attempt_latency_seconds_bucket", le="0.025") == 0
    assert samples("taskweir_attempt_latency_seconds_bucket", le="0.05") == 1
    assert samples("taskweir_attempt_latency_seconds_count") == 2
    assert samples("taskweir_attempt_latency_seconds_sum") == 2.03


def test_lateness_counts_from_the_schedule_time() -> None:
    """But for RunTask's attempts, which are due when they are asked for."""
    made = metrics(1)
    made.attempt_begun(begin_attempt(task(1), START + 4 * SECOND), forced=False)
    made.attempt_begun(begin_attempt(task(1), START + 9 * SECOND), forced=True)
    samples = Samples.of(made)
    assert samples("taskweir_dispatch_lateness_seconds_count") == 1
    assert samples("taskweir_dispatch_lateness_seconds_sum") == 4


def test_attempts_in_flight_are_those_begun_and_not_over() -> None:
    """A queue with none leaves nothing behind."""
    made = metrics(2)
    for uid in (1, 1, 2):
        made.attempt_begun(begin_attempt(task(uid), START), forced=False)
    assert made.in_flight() == {1: 2, 2: 1}
    for uid in (1, 2):
        made.attempt_over(task(uid))
    assert dict(made.in_flight()) == {1: 1}
