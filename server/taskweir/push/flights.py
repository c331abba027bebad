"""Attempts under way, each a task of the event loop."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from taskweir.clock import Clock
from taskweir.domain.errors import Unavailable
from taskweir.domain.model import Task
from taskweir.domain.times import SECOND, Instant, Micros
from taskweir.push.attempt import Dispatcher
from taskweir.push.capacity import Capacity
from taskweir.push.releases import Releases
from taskweir.push.window import QueueWindow
from taskweir.store.base import Store

_LOG: Final = logging.getLogger("taskweir.worker")
_PAUSE_AFTER_TROUBLE: Final = 1.0
"""Seconds of real time before the store is asked again for a task that RunTask holds."""


@dataclass(slots=True, eq=False)
class _Flight:
    """What an attempt holds until it ends: so many bytes of its queue's, and a slot unless that is gone."""

    number: int
    window: QueueWindow
    size: int
    has_slot: bool


class Flights:
    """Begins attempts, keeps hold of them, and gives back what they hold when they end, however they end."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        dispatcher: Dispatcher,
        capacity: Capacity,
        releases: Releases,
        on_end: Callable[[QueueWindow], None],
    ) -> None:
        """`on_end` is called after each, with its queue's window."""
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher
        self._capacity = capacity
        self._releases = releases
        self._on_end = on_end
        self._all: dict[asyncio.Task[None], _Flight] = {}
        self.begun = 0
        """How many there were since the start."""
        self.gone: set[QueueWindow] = set()
        """Queues that are gone, with an attempt in flight."""

    def __len__(self) -> int:
        return len(self._all)

    def have_ended(self, begun: int) -> bool:
        """Whether the first so many are over."""
        return not self._all or next(iter(self._all.values())).number > begun

    def blocked(self, now: Instant) -> set[tuple[int, int]]:
        """Uids of queues of which a task waits for nothing but for what attempts in flight hold, each with how many
        were begun of it."""
        queues = {flight.window for flight in self._all.values()}
        return {(window.queue.uid, window.begun) for window in queues if window.is_blocked(now)}

    def queue_gone(self, window: QueueWindow) -> None:
        """Its attempts in flight go on."""
        window.is_gone = True
        if window.in_flight:
            self.gone.add(window)

    def begin(self, window: QueueWindow, task: Task) -> None:
        """Attempt a claimed task."""
        flight = self._flight(window, task.body_size)
        self._begin(flight, self._attempt(window, task))

    def begin_run(self, window: QueueWindow, task_uid: int) -> None:
        """Make an attempt that RunTask asked for; none when the queue is gone, and its tasks with it: asking for the
        task ends its hold."""
        if window.is_gone:
            self.gone.add(window)
            self._begin(self._flight(window, 0, has_slot=False), self._drop(task_uid))
        else:
            flight = self._flight(window, 0)
            self._begin(flight, self._run(flight, task_uid))

    async def land(self, timeout: Micros) -> int:
        """Let all end within `timeout` of real time; how many were cut off."""
        if self._all:
            await asyncio.wait(self._all, timeout=timeout / SECOND)
        return await _cancel(list(self._all))

    async def cut_off(self, project: str | None) -> None:
        """End those of queues that are gone, of a project or (None) of any, now. Returns when they have ended."""
        await _cancel([attempt for attempt, flight in self._all.items() if flight.window.was_in(project)])

    def _flight(self, window: QueueWindow, size: int, *, has_slot: bool = True) -> _Flight:
        self.begun += 1
        window.in_flight += 1
        window.begun += 1
        if has_slot:
            self._capacity.take(1, 0)
        return _Flight(self.begun, window, size, has_slot)

    def _begin(self, flight: _Flight, attempt: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(attempt)
        self._all[task] = flight
        # Not by a `finally` in the attempt: one that is cancelled before its first step never gets there.
        task.add_done_callback(self._over)

    def _over(self, attempt: asyncio.Task[None]) -> None:
        flight = self._all.pop(attempt)
        if not attempt.cancelled() and (error := attempt.exception()) is not None:
            _LOG.error("an attempt was lost; its task is sent again after a restart", exc_info=error)
        flight.window.in_flight -= 1
        flight.window.free(self._capacity, flight.size)
        if flight.has_slot:
            self._capacity.give_back(1, 0)
        if not flight.window.in_flight:
            self.gone.discard(flight.window)
        self._on_end(flight.window)

    async def _attempt(self, window: QueueWindow, task: Task) -> None:
        begun = await self._begun(task)
        if begun is None:
            window.return_token()
        else:
            await self._dispatcher.attempt(begun, window.queue, window.heard)

    async def _begun(self, task: Task) -> Task | None:
        """The task with its attempt counted; None when there is to be none, now or at all."""
        # A clock that was set back just now must not make it an attempt before its time.
        now = max(self._clock.now(), task.schedule_time)
        try:
            return await self._store.begin_attempt(task, now)
        except Exception as error:
            if not isinstance(error, Unavailable):
                _LOG.exception("an attempt of task %s could not begin", task.name)
            self._releases.add([task])
            return None

    async def _run(self, flight: _Flight, task_uid: int) -> None:
        task = await self._take_run(task_uid)
        if task is not None:
            flight.size = task.body_size
            flight.window.reserve(self._capacity, task.body_size)
            await self._dispatcher.attempt(task, flight.window.queue, flight.window.heard, forced=True)

    async def _drop(self, task_uid: int) -> None:
        await self._take_run(task_uid)

    async def _take_run(self, task_uid: int) -> Task | None:
        """Tried as long as it takes: the attempt is counted, and the task held for it."""
        while True:
            try:
                return await self._store.take_run(task_uid)
            except Unavailable:
                await asyncio.sleep(_PAUSE_AFTER_TROUBLE)


async def _cancel(attempts: Collection[asyncio.Task[None]]) -> int:
    for attempt in attempts:
        attempt.cancel()
    await asyncio.gather(*attempts, return_exceptions=True)
    return len(attempts)
