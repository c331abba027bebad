"""Times that queues have from the server's settings."""

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.names import QueueName
from taskweir.domain.queue_rules import new_queue
from taskweir.domain.times import DAY, HOUR, MINUTE
from taskweir.domain.ttl import Ttls

TTLS = Ttls(31 * DAY, 5 * MINUTE)
NAME = QueueName("p", "l", "q")


def test_a_queue_shows_its_own_times_else_the_servers() -> None:
    """Each for itself."""
    queue = TTLS.filled_in(new_queue(NAME, QueueDraft("", task_ttl=20 * DAY)))
    assert (queue.task_ttl, queue.tombstone_ttl) == (20 * DAY, 5 * MINUTE)


def test_a_queue_can_be_sent_back_as_it_was_shown() -> None:
    """Though the server's setting is none that a queue may have of its own."""
    shown = TTLS.filled_in(new_queue(NAME, QueueDraft("", task_ttl=20 * DAY)))
    draft = TTLS.left_out(QueueDraft("", task_ttl=shown.task_ttl, tombstone_ttl=shown.tombstone_ttl))
    assert (draft.task_ttl, draft.tombstone_ttl) == (20 * DAY, None)
    assert TTLS.left_out(QueueDraft("", tombstone_ttl=HOUR)).tombstone_ttl == HOUR
