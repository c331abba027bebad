"""Which queues have series of their own."""

from taskweir.domain.model import Queue, QueueState, RateLimits, RetryConfig
from taskweir.domain.names import QueueName
from taskweir.metrics.queue_labels import QueueLabels


def queue(uid: int, state: QueueState = QueueState.RUNNING) -> Queue:
    return Queue(
        QueueName("p", "l", f"q{uid}"), RateLimits(1, 1, 1), RetryConfig(1, 0, 0, 0, 0), state, uid=uid
    )


def label(uid: int) -> str:
    return f"projects/p/locations/l/queues/q{uid}"


def labels(count: int, most: int) -> QueueLabels:
    labels = QueueLabels(most)
    for uid in range(1, count + 1):
        labels.put(queue(uid))
    return labels


def test_the_first_queues_have_their_names() -> None:
    """All later ones, and those that are not known, share a label."""
    made = labels(3, most=2)
    assert [made.of(uid) for uid in (1, 2, 3, 99)] == [label(1), label(2), "_other", "_other"]


def test_the_place_of_a_queue_that_is_gone_is_the_next_one_s() -> None:
    """In the order in which they came; the label that became free is told."""
    made = labels(4, most=2)
    assert made.drop(1) == label(1)
    assert made.drop(2) == label(2)
    assert [made.of(uid) for uid in (1, 2, 3, 4)] == ["_other", "_other", label(3), label(4)]


def test_a_queue_without_a_place_goes_without_a_word() -> None:
    """It had none to give, and takes none later."""
    made = labels(4, most=2)
    assert made.drop(3) is None
    assert made.drop(99) is None
    made.drop(1)
    assert [made.of(uid) for uid in (2, 3, 4)] == [label(2), "_other", label(4)]


def test_a_changed_queue_keeps_its_place() -> None:
    """And is shown as it is now."""
    made = labels(2, most=1)
    made.put(queue(1, QueueState.PAUSED))
    made.put(queue(2, QueueState.PAUSED))
    assert made.all() == [(label(1), queue(1, QueueState.PAUSED)), ("_other", queue(2, QueueState.PAUSED))]
