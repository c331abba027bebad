"""The push worker: a coroutine apart from the API that sends due tasks at the rate their queues allow.

`_tick` does what can be done now and says when there will be more; `run` waits for that moment or a wake-up. Nothing
polls: commits tell the worker of due tasks and changed queues, and attempts that end make room for others.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from taskweir.clock import Clock
from taskweir.domain.errors import Unavailable
from taskweir.domain.model import Queue, Task
from taskweir.domain.rate import TokenBucket
from taskweir.domain.times import SECOND, Instant, Micros
from taskweir.push.agenda import Agenda
from taskweir.push.attempt import Dispatcher
from taskweir.push.capacity import Capacity
from taskweir.push.window import QueueWindow
from taskweir.store.base import ClaimRequest, Store

_LOG: Final = logging.getLogger("taskweir.worker")
_QUEUES_PER_CLAIM: Final = 256
_PAUSE_AFTER_TROUBLE: Final = 1.0
"""Seconds of real time before the store is asked again after it refused."""


class Worker:
    """Dispatches the tasks of every RUNNING push queue. A `store.base.Listener`."""

    def __init__(self, store: Store, clock: Clock, dispatcher: Dispatcher, capacity: Capacity) -> None:
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher
        self._capacity = capacity
        self._windows: dict[int, QueueWindow] = {}
        self._agenda = Agenda()
        self._waiting: dict[int, QueueWindow] = {}
        self._runs: deque[tuple[int, int]] = deque()
        self._released: list[Task] = []
        self._attempts: set[asyncio.Task[None]] = set()
        self._wakeup = asyncio.Event()
        self._stopping = False

    async def start(self) -> None:
        """Take stock of the queues. Call before the store is open to callers, then let `run` go."""
        for queue in await self._store.queues():
            self._add(queue)
        for queue_uid, at in await self._store.due_queues():
            self.task_due(queue_uid, at)

    async def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping:
            self._wakeup.clear()
            try:
                until = await self._tick()
            except Exception:
                # Our own fault, but a worker that ended here would leave every task where it is.
                _LOG.exception("the worker failed; it looks at every queue again")
                await asyncio.sleep(_PAUSE_AFTER_TROUBLE)
                self._look_at_every_queue()
                continue
            if not self._stopping:
                await self._clock.wait(until, self._wakeup)

    async def stop(self, timeout: Micros) -> int:
        """Begin no more attempts, let those in flight end within `timeout` of real time; how many were cut off."""
        self._stopping = True
        self._wakeup.set()
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=timeout / SECOND)
        left = list(self._attempts)
        for attempt in left:
            attempt.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    @property
    def in_flight(self) -> int:
        """Attempts that have begun and are not yet recorded."""
        return len(self._attempts)

    # What the store tells.

    def task_due(self, queue_uid: int, at: Instant) -> None:
        window = self._windows.get(queue_uid)
        if window is not None:
            window.note_due(at)
            self._plan(window)

    def run_requested(self, queue_uid: int, task_uid: int) -> None:
        self._runs.append((queue_uid, task_uid))
        self._wakeup.set()

    def queue_changed(self, queue: Queue) -> None:
        window = self._windows.get(queue.uid)
        if window is None:
            self._add(queue)
            return
        self._give_up(window, window.change(queue, self._clock.now()))
        self._plan(window)

    def queue_gone(self, queue_uid: int) -> None:
        window = self._windows.pop(queue_uid, None)
        if window is not None:
            self._agenda.put(window, None)
            self._waiting.pop(queue_uid, None)
            self._give_up(window, window.give_up_claimed())

    def _add(self, queue: Queue) -> None:
        now = self._clock.now()
        self._windows[queue.uid] = QueueWindow(queue, TokenBucket.full(queue.rate_limits, now), next_due=None)

    def _give_up(self, window: QueueWindow, tasks: Sequence[Task]) -> None:
        if tasks:
            self._free(window, sum(task.body_size for task in tasks))
            self._released += tasks
            self._wakeup.set()

    # The loop's body.

    async def _tick(self) -> Instant | None:
        """Do what can be done now; when there will be more to do."""
        await self._release()
        self._start_runs()
        self._plan_waiting()
        now = self._clock.now()
        claims: list[tuple[QueueWindow, ClaimRequest]] = []
        for window in self._agenda.take_due(now):
            self._dispatch(window, now)
            request = window.request(self._capacity, now)
            if request is not None:
                claims.append((window, request))
            else:
                self._plan(window)
        for start in range(0, len(claims), _QUEUES_PER_CLAIM):
            await self._claim(claims[start : start + _QUEUES_PER_CLAIM], now)
        return self._agenda.next_at()

    async def _release(self) -> None:
        if self._released:
            released, self._released = self._released, []
            await self._store.release(released)

    def _start_runs(self) -> None:
        """RunTask goes before all else, and past rate and concurrency; only a socket must be free."""
        while self._runs and self._capacity.free_slots > 0 and not self._stopping:
            queue_uid, task_uid = self._runs.popleft()
            window = self._windows.get(queue_uid)
            if window is not None:
                self._begin(window, self._run_task(window, task_uid))

    def _plan_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for window in waiting.values():
            self._plan(window)

    async def _claim(self, claims: Sequence[tuple[QueueWindow, ClaimRequest]], now: Instant) -> None:
        try:
            answers = await self._store.claim([request for _, request in claims], now)
        except Unavailable:
            await asyncio.sleep(_PAUSE_AFTER_TROUBLE)
            for window, _ in claims:
                window.note_due(now)
                self._plan(window)
            return
        for (window, _), claim in zip(claims, answers, strict=True):
            if self._windows.get(claim.queue_uid) is not window or not window.runs:
                self._released += claim.tasks
                self._wakeup.set()
                continue
            self._reserve(window, sum(task.body_size for task in claim.tasks))
            window.accept(claim)
            self._dispatch(window, now)
            self._plan(window)

    def _dispatch(self, window: QueueWindow, now: Instant) -> None:
        if self._stopping:
            return
        for task in window.dispatchable(self._capacity, now):
            self._begin(window, self._attempt(window, task))

    def _plan(self, window: QueueWindow) -> None:
        """Put the queue where it will be looked at when something can be done for it."""
        uid = window.queue.uid
        if self._windows.get(uid) is not window:
            return
        at = window.next_look(self._clock.now())
        if at is not None and window.lacks_capacity(self._capacity):
            self._waiting[uid] = window
            at = None
        earliest = self._agenda.next_at()
        self._agenda.put(window, at)
        if at is not None and (earliest is None or at < earliest):
            self._wakeup.set()

    def _look_at_every_queue(self) -> None:
        now = self._clock.now()
        for window in self._windows.values():
            window.note_due(now)
            self._agenda.bring_forward(window, now)

    # Attempts, each a task of the event loop.

    def _begin(self, window: QueueWindow, attempt: Coroutine[Any, Any, None]) -> None:
        window.in_flight += 1
        self._capacity.take(1, 0)
        running = asyncio.create_task(attempt)
        self._attempts.add(running)
        running.add_done_callback(self._attempt_over)

    def _attempt_over(self, attempt: asyncio.Task[None]) -> None:
        self._attempts.discard(attempt)
        if not attempt.cancelled() and (error := attempt.exception()) is not None:
            _LOG.error("an attempt was lost; its task is sent again after a restart", exc_info=error)

    async def _attempt(self, window: QueueWindow, task: Task) -> None:
        try:
            now = self._clock.now()
            begun = await self._store.begin_attempt(task, now)
            if begun is None:
                window.return_token(now)
            else:
                await self._dispatcher.attempt(begun, window.queue)
        finally:
            self._end(window, task.body_size)

    async def _run_task(self, window: QueueWindow, task_uid: int) -> None:
        size = 0
        try:
            task = await self._store.take_run(task_uid)
            if task is not None:
                size = task.body_size
                self._reserve(window, size)
                await self._dispatcher.attempt(task, window.queue, forced=True)
        finally:
            self._end(window, size)

    def _end(self, window: QueueWindow, size: int) -> None:
        """An attempt is over: its queue, and who waited for its slot, may go on."""
        window.in_flight -= 1
        self._capacity.give_back(1, 0)
        self._free(window, size)
        self._plan(window)
        if self._waiting or self._runs:
            self._wakeup.set()

    # Memory that bodies take.

    def _reserve(self, window: QueueWindow, size: int) -> None:
        window.bytes_held += size
        self._capacity.take(0, size)

    def _free(self, window: QueueWindow, size: int) -> None:
        window.bytes_held -= size
        self._capacity.give_back(0, size)
