"""What is measured when it is asked for."""

from collections.abc import Sequence
from dataclasses import replace

from tests.metrics.samples import Samples

from taskweir.domain.model import Queue, QueueState, QueueType, RateLimits, RetryConfig
from taskweir.domain.names import QueueName
from taskweir.domain.times import SECOND, Instant
from taskweir.metrics.reading import Backlog, Reading

NOW: Instant = 1_700_000_000 * SECOND
PAUSED, DISABLED = QueueState.PAUSED, QueueState.DISABLED


def queue(uid: int, state: QueueState = QueueState.RUNNING) -> Queue:
    return Queue(
        QueueName("p", "l", f"q{uid}"), RateLimits(1, 1, 1), RetryConfig(1, 0, 0, 0, 0), state, uid=uid
    )


def read(queues: Sequence[tuple[str, Queue]], backlog: Backlog | None) -> Samples:
    return Samples.of(Reading(NOW, queues, backlog, in_flight={}, rate_factors={}, has_trouble=False))


def test_each_queue_has_its_figures() -> None:
    """An empty queue has 0 tasks, and one whose tasks are scheduled for later has no age."""
    queues = [("a", queue(1)), ("b", queue(2)), ("c", queue(3))]
    samples = read(queues, Backlog({1: 5, 3: 2}, {1: NOW - 90 * SECOND, 3: NOW + SECOND}))
    assert samples.all("taskweir_queue_tasks") == {("a",): 5, ("b",): 0, ("c",): 2}
    assert samples.all("taskweir_queue_oldest_due_age_seconds") == {("a",): 90, ("b",): 0, ("c",): 0}


def test_a_paused_queue_has_no_age() -> None:
    """Its tasks wait because somebody wanted it so."""
    queues = [("a", queue(1, PAUSED)), ("b", queue(2, DISABLED)), ("c", queue(3))]
    samples = read(queues, Backlog({1: 1}, {1: NOW - SECOND}))
    assert samples.all("taskweir_queue_oldest_due_age_seconds") == {("c",): 0}
    assert samples.all("taskweir_queue_paused") == {("a",): 1, ("b",): 1, ("c",): 0}
    assert samples.all("taskweir_queues") == {("running",): 1, ("paused",): 1, ("disabled",): 1}


def test_queues_that_share_a_label_are_taken_together() -> None:
    """Tasks and pauses are summed, of ages the highest counts."""
    queues = [("_other", queue(1)), ("_other", queue(2)), ("_other", queue(3, PAUSED))]
    samples = read(queues, Backlog({1: 1, 2: 2, 3: 4}, {1: NOW - 9 * SECOND, 2: NOW - 5 * SECOND, 3: 0}))
    assert samples("taskweir_queue_tasks", queue="_other") == 7
    assert samples("taskweir_queue_oldest_due_age_seconds", queue="_other") == 9
    assert samples("taskweir_queue_paused", queue="_other") == 1


def test_what_the_store_does_not_answer_is_left_out() -> None:
    """A 0 would be a lie, and the rest is wanted most when there is trouble."""
    samples = Samples.of(
        Reading(NOW, [("a", queue(1))], None, in_flight={1: 3}, rate_factors={}, has_trouble=True)
    )
    assert not samples.all("taskweir_queue_tasks")
    assert not samples.all("taskweir_queue_oldest_due_age_seconds")
    assert samples("taskweir_store_trouble") == 1
    assert samples("taskweir_attempts_in_flight", queue="a") == 3


def test_attempts_in_flight_of_queues_that_are_gone_are_not_forgotten() -> None:
    """The sum over all labels is what the server has in flight."""
    queues = [("a", queue(1)), ("b", queue(2)), ("_other", queue(3))]
    in_flight = {1: 4, 3: 2, 99: 1}
    samples = Samples.of(Reading(NOW, queues, None, in_flight, rate_factors={}, has_trouble=False))
    assert samples.all("taskweir_attempts_in_flight") == {("a",): 4, ("b",): 0, ("_other",): 3}


def test_a_queue_that_is_slowed_down_shows_how_far() -> None:
    """Others have 1, a pull queue nothing; of those that share a label the slowest counts."""
    pull = replace(queue(9), type=QueueType.PULL)
    queues = [("a", queue(1)), ("b", queue(2)), ("c", pull), ("_other", queue(3)), ("_other", queue(4))]
    factors = {2: 0.5, 3: 0.25, 99: 0.1}
    samples = Samples.of(Reading(NOW, queues, None, in_flight={}, rate_factors=factors, has_trouble=False))
    assert samples.all("taskweir_queue_rate_factor") == {("a",): 1, ("b",): 0.5, ("_other",): 0.25}
