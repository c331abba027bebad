"""Waiting until there is nothing to do."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.errors import QueueNotFound
from taskweir.domain.names import LocationName, QueueName
from taskweir.domain.scope import Scope
from taskweir.domain.times import SECOND, Instant, Micros
from taskweir.push.worker import Worker
from taskweir.store.base import Store

COUNTED: Final = 1_000
"""Due tasks of a queue are counted so far."""


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """What a queue that is not idle still has to do; `next_due` is when it can next dispatch a task, None when only
    attempts that end can tell. What a fault has put off is in flight, for its project where the queue is not known."""

    queue: QueueName | Scope
    due: int
    in_flight: int
    next_due: Instant | None


class Idling:
    """A queue is idle when none of its attempts is in flight and, unless it is paused, none of its tasks is due."""

    def __init__(self, store: Store, clock: Clock, worker: Worker) -> None:
        self._store = store
        self._clock = clock
        self._worker = worker

    async def wait(self, scope: Scope, timeout: Micros) -> Sequence[QueueLeft]:
        """Return when all in the scope is idle, or after `timeout` of real time: what is left then, by name.

        Raises QueueNotFound for a queue that does not exist and of which nothing is in flight either, and Unavailable.
        """
        await self._check(scope)
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout / SECOND
        while True:
            changed = self._worker.next_change()
            if await self._is_idle(scope):
                return ()
            if loop.time() >= until:
                return await self._left(scope)
            await _wait_for(changed, until)

    async def _check(self, scope: Scope) -> None:
        if scope.queue and not any(self._worker.activity(scope)):
            name = LocationName(scope.project, scope.location).queue(scope.queue)
            try:
                await self._store.get_queue(name)
            except QueueNotFound:
                if not self._worker.late.about(scope):
                    raise

    async def _is_idle(self, scope: Scope) -> bool:
        """What the worker does not know to be idle is asked of the store: tasks may have been deleted."""
        if self._worker.late.about(scope):
            return False
        before: dict[int, int] = {}
        for queue in self._worker.activity(scope):
            if queue.in_flight:
                return False
            before[queue.uid] = queue.begun
        if not before:
            return True
        if any((await self._store.due_counts(list(before), self._clock.now(), 1)).values()):
            return False
        # A task that is not due any more may have gone in flight meanwhile.
        return not self._worker.late.about(scope) and all(
            not queue.in_flight and before.get(queue.uid) == queue.begun
            for queue in self._worker.activity(scope)
        )

    async def _left(self, scope: Scope) -> Sequence[QueueLeft]:
        active = {queue.uid: queue for queue in self._worker.activity(scope)}
        asked = [uid for uid, queue in active.items() if queue.may_have_due]
        due = await self._store.due_counts(asked, self._clock.now(), COUNTED) if asked else {}
        left = {
            str(queue.name): QueueLeft(queue.name, due.get(uid, 0), queue.in_flight, queue.next_due)
            for uid, queue in active.items()
            if queue.in_flight or due.get(uid)
        }
        for about, count in self._worker.late.about(scope).items():
            its = left.get(str(about), QueueLeft(about, 0, 0, None))
            left[str(about)] = replace(its, in_flight=its.in_flight + count)
        return [left[name] for name in sorted(left)]


async def _wait_for(changed: asyncio.Event, until: float) -> None:
    try:
        async with asyncio.timeout_at(until):
            await changed.wait()
    except TimeoutError:
        return
