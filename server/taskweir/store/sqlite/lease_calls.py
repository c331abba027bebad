"""What the store's callers do with leases: a write each, and then the bodies of what they got."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

from taskweir.domain.errors import TaskGone
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Task
from taskweir.domain.names import TaskName
from taskweir.domain.times import Instant
from taskweir.effect import call_effect
from taskweir.store.base import LeaseRequest
from taskweir.store.sqlite.batch import Kind, Stage
from taskweir.store.sqlite.bodies import read_bodies, with_body
from taskweir.store.sqlite.group_commit import GroupCommit
from taskweir.store.sqlite.lease_changes import change_leases
from taskweir.store.sqlite.leases import Leased, lease
from taskweir.store.sqlite.memory import Memory

T = TypeVar("T")

_LEASE: Final = Kind(Stage.WRITE, lease)
_CHANGE_LEASE: Final = Kind(Stage.WRITE, change_leases)
_LEASES_A_ROW: Final = 4
"""A lease costs less than an insertion."""
_EXPECTED: Final = 16
"""Tasks that a lease gets, as long as tasks were not counted: most calls get fewer than they ask for, and a
transaction in which they do not, puts off what is too much for it."""


class Read(Protocol):
    """Runs a function on the connection that reads. Raises Unavailable."""

    def __call__(self, function: Callable[[sqlite3.Connection], T]) -> Awaitable[T]: ...


class LeaseCalls:
    """`SqliteStore` has the same two methods, and says what they do."""

    def __init__(self, commit: GroupCommit, memory: Memory, read: Read) -> None:
        self._commit = commit
        self._memory = memory
        self._read = read

    async def lease(self, request: LeaseRequest, now: Instant) -> Sequence[Task]:
        while True:
            leased: Leased = await self._commit.submit(_LEASE, (request, now), rows=self._rows(request))
            # A write that is undone would have the same to do again, and never come to an end.
            if not leased.put_off or call_effect.get() is not None:
                return await self._with_bodies(leased)

    def _rows(self, request: LeaseRequest) -> int:
        """About how many it writes: no more than the queue has."""
        entry, counts = self._memory.registry.get(request.queue), self._memory.counts
        if entry is None:
            return 1
        most = counts.of(entry.generation) if counts.are_known else _EXPECTED
        return 1 + min(request.limit, most) // _LEASES_A_ROW

    async def _with_bodies(self, leased: Leased) -> Sequence[Task]:
        """Without those that were deleted meanwhile."""
        if not leased.unread:
            return leased.tasks
        bodies: dict[int, bytes] = {}
        for uids in leased.unread:
            bodies |= await self._read(partial(read_bodies, uids=uids))
        return [with_body(task, bodies[task.uid]) for task in leased.tasks if task.uid in bodies]

    async def change(
        self, name: TaskName, change: Callable[[Task], Task | Ending], now: Instant, *, wants_body: bool
    ) -> Task | Ending:
        changed: Task | Ending = await self._commit.submit(_CHANGE_LEASE, (name, change, now))
        if isinstance(changed, Ending) or not wants_body:
            return changed
        bodies = await self._read(partial(read_bodies, uids=[changed.uid]))
        if changed.uid not in bodies:
            raise TaskGone  # Deleted since; nobody can tell that it was not before.
        return with_body(changed, bodies[changed.uid])
