"""What the store keeps in memory beside the file, all of it rebuilt when the file is opened."""

import itertools
from collections.abc import Callable

from taskweir.domain.times import Instant
from taskweir.store.base import Retention
from taskweir.store.sqlite.counts import TaskCounts
from taskweir.store.sqlite.holds import Holds
from taskweir.store.sqlite.registry import Registry

Key = tuple[Instant, int]
"""A task's place in its queue: schedule time and uid."""

BEFORE_ALL: Key = (-(2**63), 0)


class Memory:
    """The parts are changed as each says; counters and cursors by the transaction that runs, and a transaction that
    fails leaves nothing wrong: a number is skipped, a cursor stands lower than it could."""

    def __init__(
        self,
        registry: Registry,
        retention: Retention,
        wall_now: Callable[[], Instant],
        last_uid: int,
        last_generation: int,
    ) -> None:
        self.registry = registry
        self.wall_now = wall_now
        """For the age of the history, and for nothing else."""
        self.holds = Holds()
        self.retention = retention
        self.now: Instant = 0
        """The last `now` the store was told, for the one reader that is not told: whether a tombstone is over."""
        self.nothing_expires_before: Instant = 0
        """No task reaches its time of retention before this, so the sweep need not look."""
        self.looked_for_old_at: Instant = 0
        """When that was found. A clock that is set back makes it void: tasks made then are older than any known."""
        self.counts = TaskCounts()
        self._cursors: dict[int, Key] = {}
        self._uids = itertools.count(last_uid + 1)
        self._last_generation = last_generation

    def new_uid(self) -> int:
        return next(self._uids)

    def new_generation(self) -> int:
        self._last_generation += 1
        return self._last_generation

    def cursor(self, queue_uid: int) -> Key:
        """All tasks of the queue up to this place are held, so that a claim can begin behind it."""
        return self._cursors.get(queue_uid, BEFORE_ALL)

    def raise_cursor(self, queue_uid: int, key: Key) -> None:
        """After the commit of the claim that holds what lies before."""
        self._cursors[queue_uid] = key

    def lower_cursor(self, queue_uid: int, key: Key) -> None:
        """The task at this place may be claimed now or later."""
        cursor = self._cursors.get(queue_uid)
        if cursor is not None and cursor >= key:
            self._cursors[queue_uid] = (key[0], key[1] - 1)

    def reset_cursor(self, queue_uid: int) -> None:
        self._cursors.pop(queue_uid, None)
