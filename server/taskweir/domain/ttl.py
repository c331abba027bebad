"""How long a queue keeps tasks and the names of those that are gone, where the queue itself does not say."""

from dataclasses import dataclass, replace

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.limits import DEFAULT_TASK_RETENTION, DEFAULT_TASK_TOMBSTONE
from taskweir.domain.model import Queue
from taskweir.domain.times import Micros


@dataclass(frozen=True, slots=True)
class Ttls:
    """The server's settings, which hold for queues that have no times of their own."""

    task: Micros = DEFAULT_TASK_RETENTION
    tombstone: Micros = DEFAULT_TASK_TOMBSTONE

    def filled_in(self, queue: Queue) -> Queue:
        """The queue as callers see it."""
        task = self.task if queue.task_ttl is None else queue.task_ttl
        tombstone = self.tombstone if queue.tombstone_ttl is None else queue.tombstone_ttl
        return replace(queue, task_ttl=task, tombstone_ttl=tombstone)

    def left_out(self, draft: QueueDraft) -> QueueDraft:
        """The draft of a caller who may send back what it saw: what is the server's setting is left to that, which may
        lie outside of what a queue may say itself."""
        task = None if draft.task_ttl == self.task else draft.task_ttl
        tombstone = None if draft.tombstone_ttl == self.tombstone else draft.tombstone_ttl
        return replace(draft, task_ttl=task, tombstone_ttl=tombstone)
