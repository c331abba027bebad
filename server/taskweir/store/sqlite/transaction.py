"""One transaction of the writer: its view of the queues, and what is to happen once it is committed."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from taskweir.domain.errors import QueueNotFound
from taskweir.domain.model import Queue
from taskweir.domain.names import QueueName
from taskweir.domain.times import Instant
from taskweir.store.base import Listener
from taskweir.store.sqlite.holds import Hold
from taskweir.store.sqlite.memory import Memory
from taskweir.store.sqlite.registry import Entry


class Transaction:
    """Used by one batch on the writer's thread, and then, when the batch is committed, published on the loop."""

    def __init__(self, connection: sqlite3.Connection, memory: Memory) -> None:
        self.connection = connection
        self.memory = memory
        self._queues: dict[QueueName, Entry | None] = {}
        self._queues_by_uid: dict[int, Entry | None] = {}
        self._removed: set[int] = set()
        self._taken: set[int] = set()
        self._given_back: set[int] = set()
        self._ended: dict[int, int] = {}
        self._changes: Counter[int] = Counter()
        self._counted: Mapping[int, int] | None = None
        self._retired: list[int] = []
        self._history_grew = False
        self._effects: list[Callable[[], None]] = []
        self._queue_events: list[Queue | int] = []
        self._runs: list[tuple[int, int]] = []
        self._due: dict[int, Instant] = {}
        self._last_lease_ends: Instant | None = None

    # what the operations of a batch see of each other

    def entry(self, name: QueueName) -> Entry | None:
        return self._queues[name] if name in self._queues else self.memory.registry.get(name)

    def live_entry(self, name: QueueName) -> Entry:
        """Raises QueueNotFound."""
        entry = self.entry(name)
        if entry is None:
            raise QueueNotFound
        return entry

    def entry_by_uid(self, uid: int) -> Entry | None:
        return self._queues_by_uid[uid] if uid in self._queues_by_uid else self.memory.registry.by_uid(uid)

    def entries(self) -> Sequence[Entry]:
        """All queues."""
        unchanged = [one for one in self.memory.registry.entries() if one.queue.name not in self._queues]
        return [*unchanged, *(entry for entry in self._queues.values() if entry is not None)]

    def has_task(self, hold: Hold) -> bool:
        """Whether a held task is still there."""
        entry = self.entry_by_uid(hold.queue_uid)
        return (
            not hold.dead
            and hold.uid not in self._removed
            and entry is not None
            and entry.generation == hold.generation
        )

    def is_held(self, uid: int) -> bool:
        """Whether a task is in the worker's hands once this transaction is committed."""
        if uid in self._taken:
            return True
        hold = self.memory.holds.get(uid)
        if hold is None:
            return False
        return (hold.claimed and uid not in self._given_back) or hold.attempts > self._ended.get(uid, 0)

    def is_in_flight(self, uid: int) -> bool:
        """Whether an attempt that is not recorded yet is known of. One from before a reset is not."""
        hold = self.memory.holds.get(uid)
        return hold is not None and hold.attempts > self._ended.get(uid, 0)

    def take(self, uids: Sequence[int]) -> None:
        """These tasks will be held."""
        self._taken.update(uids)

    def give_back(self, uid: int) -> None:
        """The claim of this task will end."""
        self._given_back.add(uid)

    def end_attempt(self, uid: int) -> None:
        """One of the task's attempts in flight will end."""
        self._ended[uid] = self._ended.get(uid, 0) + 1

    def put_queue(self, entry: Entry) -> None:
        """A queue was written, with all that the outside sees of it."""
        self.put_entry(entry)
        self._queue_events.append(entry.queue)

    def put_entry(self, entry: Entry) -> None:
        self._queues[entry.queue.name] = entry
        self._queues_by_uid[entry.queue.uid] = entry

    def drop_queue(self, entry: Entry) -> None:
        self._queues[entry.queue.name] = None
        self._queues_by_uid[entry.queue.uid] = None
        self._queue_events.append(entry.queue.uid)

    def retire(self, queue_uid: int, generation: int) -> None:
        """A generation is no queue's any more; what of its tasks is held, is to be killed or dropped."""
        self.memory.reset_cursor(queue_uid)
        self._retired.append(generation)

    def kill_generation(self, generation: int) -> None:
        self.after_commit(lambda: self.memory.holds.kill_generation(generation))

    def drop_holds(self, project: str | None) -> None:
        """What is in flight for a project, or (None) for any, is not known of any more."""
        self.after_commit(lambda: self.memory.holds.drop(project))

    def add_tasks(self, queue_uid: int, count: int) -> None:
        entry = self.entry_by_uid(queue_uid)
        assert entry is not None
        self._changes[entry.generation] += count

    def remove_task(self, uid: int, generation: int) -> None:
        self._removed.add(uid)
        self._changes[generation] -= 1

    def kill_holds(self, uids: Sequence[int]) -> None:
        self.after_commit(lambda: self.memory.holds.kill(uids))

    def tasks_counted(self, counted: Mapping[int, int]) -> None:
        """By generation, with all that this transaction changes."""
        self._counted = counted

    # what is told to the listener

    def task_due(self, queue_uid: int, at: Instant) -> None:
        """May be called until the transaction is published. Merged: one call for each queue, with the earliest."""
        known = self._due.get(queue_uid)
        if known is None or at < known:
            self._due[queue_uid] = at

    def run_requested(self, queue_uid: int, task_uid: int) -> None:
        self._runs.append((queue_uid, task_uid))

    def history_grew(self) -> None:
        self._history_grew = True

    def last_lease_ends(self, at: Instant) -> None:
        """Merged: one call with the earliest."""
        if self._last_lease_ends is None or at < self._last_lease_ends:
            self._last_lease_ends = at

    def after_commit(self, effect: Callable[[], None]) -> None:
        """Have something done on the loop after the commit, in the order of the calls."""
        self._effects.append(effect)

    def publish(self, listener: Listener | None) -> None:
        """On the loop, after the commit."""
        registry = self.memory.registry
        for name, entry in self._queues.items():
            if entry is not None:
                registry.put(entry)
            elif registry.get(name) is not None:
                registry.remove(name)
        for effect in self._effects:
            effect()
        self._publish_counts()
        if listener is not None:
            self._tell(listener)

    def _publish_counts(self) -> None:
        counts = self.memory.counts
        if self._counted is not None:
            counts.set(self._counted)
        else:
            counts.change(self._changes)
        counts.forget(self._retired)

    def _tell(self, listener: Listener) -> None:
        registry = self.memory.registry
        for event in self._queue_events:
            if isinstance(event, Queue):
                listener.queue_changed(event)
            else:
                listener.queue_gone(event)
        for queue_uid, at in self._due.items():
            if registry.by_uid(queue_uid) is not None:
                listener.task_due(queue_uid, at)
        for queue_uid, task_uid in self._runs:
            if registry.by_uid(queue_uid) is not None:
                listener.run_requested(queue_uid, task_uid)
        if self._last_lease_ends is not None:
            listener.last_lease_ends(self._last_lease_ends)
        if self._history_grew:
            listener.history_grew()
