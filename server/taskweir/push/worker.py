"""The push worker: a coroutine apart from the API that sends due tasks at the rate their queues allow.

`_tick` does what can be done now and says when there will be more; `_rest` waits for that moment or a wake-up. Nothing
polls: commits tell the worker of due tasks and changed queues, and attempts that end make room for others.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.errors import Unavailable
from taskweir.domain.model import Queue, Task
from taskweir.domain.scope import Scope
from taskweir.domain.times import Instant, Micros
from taskweir.push.activity import Activity, QueueActivity, slowed_queues
from taskweir.push.agenda import Agenda
from taskweir.push.attempt import Dispatcher
from taskweir.push.awaited import AwaitedAnswers
from taskweir.push.capacity import Capacity
from taskweir.push.claims import claim
from taskweir.push.flights import Flights
from taskweir.push.late_effects import LateEffects
from taskweir.push.notice import Notice
from taskweir.push.releases import Releases
from taskweir.push.runs import Runs
from taskweir.push.set_aside import SetAside
from taskweir.push.waiting_line import WaitingLine
from taskweir.push.window import QueueWindow, most_bytes
from taskweir.store.base import Claim, ClaimRequest, Store

_LOG: Final = logging.getLogger("taskweir.worker")
_LOOKS_PER_TICK: Final = 256
"""Queues served before RunTask's attempts and what is to be released get their turn again."""
_BYTES_PER_STORE_CALL: Final = 24 << 20
"""Of bodies, at the worst; a call for as much takes no other queue in, so that it brings 32 MiB at most."""
_PAUSE_AFTER_TROUBLE: Final = 1.0
"""Seconds of real time before the worker goes on after a fault of its own."""


class Worker:
    """Dispatches the tasks of every RUNNING push queue. A `store.base.Listener`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        dispatcher: Dispatcher,
        capacity: Capacity,
        late: LateEffects | None = None,
    ) -> None:
        """`late` is what counts as in flight besides attempts."""
        self._store = store
        self._clock = clock
        self._capacity = capacity
        self._windows: dict[int, QueueWindow] = {}
        self._agenda = Agenda()
        self._line = WaitingLine()
        self._set_aside = SetAside(self._look_again)
        self._runs = Runs()
        self._wakeup = asyncio.Event()
        self._releases = Releases(store, self._wakeup.set)
        self._changed = Notice()
        self.late = LateEffects() if late is None else late
        self.late.when_over(self._changed.give)
        self._answers = AwaitedAnswers(dispatcher.sender, self._changed.give)
        dispatcher = replace(dispatcher, sender=self._answers)
        self._flights = Flights(store, clock, dispatcher, capacity, self._releases, self._on_end)
        self._resting = False
        self._stopping = False
        self._last_tick = clock.now()

    async def start(self) -> None:
        """Take stock of the queues. Call before the store is open to callers, then let `run` go."""
        for queue in await self._store.queues():
            self._windows[queue.uid] = QueueWindow.of(queue, self._clock.now())
        for queue_uid, at in await self._store.due_queues():
            self.task_due(queue_uid, at)

    async def run(self) -> None:
        """Work until `stop`."""
        while not self._stopping:
            self._wakeup.clear()
            try:
                until = await self._tick()
                await self._rest(until)
            except Exception:
                # Our own fault, but a worker that ended here would leave every task where it is.
                _LOG.exception("the worker failed; it looks at every queue again")
                await asyncio.sleep(_PAUSE_AFTER_TROUBLE)
                self._look_at_every_queue()

    async def stop(self, timeout: Micros) -> int:
        """Begin no more attempts, let those in flight end within `timeout` of real time; how many were cut off."""
        self._stopping = True
        self._wakeup.set()
        self._changed.give()
        return await self._flights.land(timeout)

    async def cut_off(self, project: str | None) -> None:
        """End the attempts of queues that are gone, of a project or (None) of any. Returns when none is left; nothing
        is recorded."""
        self._runs.forget(project)
        await self._flights.cut_off(project)

    # What the store tells.

    def task_due(self, queue_uid: int, at: Instant) -> None:
        window = self._windows.get(queue_uid)
        if window is not None:
            window.note_due(at)
            self._plan(window)

    def run_requested(self, queue_uid: int, task_uid: int) -> None:
        self._runs.add(self._windows[queue_uid], task_uid)
        self._wakeup.set()

    def queue_changed(self, queue: Queue) -> None:
        window = self._windows.get(queue.uid)
        if window is None:
            self._windows[queue.uid] = QueueWindow.of(queue, self._clock.now())
            return
        self._give_up(window, window.change(queue, self._clock.now()))
        self._plan(window)

    def queue_gone(self, queue_uid: int) -> None:
        window = self._windows.pop(queue_uid, None)
        if window is not None:
            self._set_aside.discard(window)
            self._agenda.put(window, None)
            self._line.leave(window)
            self._give_up(window, window.give_up_claimed())
            self._flights.queue_gone(window)
            self._changed.give()

    def last_lease_ends(self, at: Instant) -> None:
        """Nothing to send in that."""

    def history_grew(self) -> None:
        """Nothing to send in that, but tasks that were due may be gone."""
        self._changed.give()

    def _give_up(self, window: QueueWindow, tasks: Sequence[Task]) -> None:
        if tasks:
            window.free(self._capacity, sum(task.body_size for task in tasks))
            self._releases.add(tasks)

    # The loop's body.

    async def _tick(self) -> Instant | None:
        """Do what can be done now; when there will be more to do."""
        await self._releases.flush()
        self._start_runs()
        self._heed_the_clock()
        for window in self._agenda.take_due(self._last_tick):
            self._line.join(window)
        await self._claim(self._serve_line())
        self._wake_for_the_line()
        return self._agenda.next_at()

    def _start_runs(self) -> None:
        """RunTask goes before all else, and past rate and concurrency; only a socket must be free."""
        while self._runs and self._capacity.free_slots > 0 and not self._stopping:
            self._flights.begin_run(*self._runs.take())

    def _heed_the_clock(self) -> None:
        """What was planned by a clock that went back would be hours late, and what was claimed too early."""
        before, self._last_tick = self._last_tick, self._clock.now()
        if self._last_tick < before:
            for window in self._windows.values():
                self._give_up(window, window.clock_went_back(self._last_tick))
                self._plan(window)

    async def _rest(self, until: Instant | None) -> None:
        """Wait for more to do."""
        if self._stopping or self._clock.now() < self._last_tick:
            return
        self._resting = True
        self._changed.give()
        try:
            await self._clock.wait(until, self._wakeup)
        finally:
            self._resting = False

    def _serve_line(self) -> list[tuple[QueueWindow, ClaimRequest]]:
        """Send what is at hand of the queues in line, as far as capacity goes; what to claim for them."""
        claims: list[tuple[QueueWindow, ClaimRequest]] = []
        expected = 0
        for _ in range(_LOOKS_PER_TICK):
            window = self._line.next(self._capacity)
            if window is None or expected >= _BYTES_PER_STORE_CALL:
                break
            self._line.leave(window)
            self._capacity.waiting = len(self._line)
            request = self._look(window)
            if request is not None:
                expected += most_bytes(request)
                claims.append((window, request))
        return claims

    def _look(self, window: QueueWindow) -> ClaimRequest | None:
        """Send what is claimed. What is to be claimed has its capacity reserved until the claim is answered."""
        now = self._clock.now()
        try:
            self._dispatch(window, now)
            request = window.request(self._capacity, now)
        except Exception as error:
            self._leave_alone(window, error)
            return None
        if request is None:
            self._plan(window)
        else:
            self._capacity.take(request.limit, 0)
            window.reserve(self._capacity, most_bytes(request))
        return request

    async def _claim(self, claims: Sequence[tuple[QueueWindow, ClaimRequest]]) -> None:
        if not claims:
            return
        try:
            answers = await claim(self._store, self._clock, [request for _, request in claims])
        finally:
            for window, request in claims:
                window.is_asking = False
                self._capacity.give_back(request.limit, 0)
                window.free(self._capacity, most_bytes(request))
        for (window, _), answer in zip(claims, answers, strict=True):
            if isinstance(answer, Exception):
                self._leave_alone(window, answer)
            elif not window.runs:
                self._releases.add(answer.tasks)
            else:
                self._accept(window, answer)

    def _accept(self, window: QueueWindow, claim: Claim) -> None:
        window.reserve(self._capacity, sum(task.body_size for task in claim.tasks))
        window.accept(claim)
        try:
            self._dispatch(window, self._clock.now())
        except Exception as error:
            self._leave_alone(window, error)
        else:
            self._plan(window)

    def _dispatch(self, window: QueueWindow, now: Instant) -> None:
        if self._stopping or now < self._last_tick:
            return
        for task in window.dispatchable(self._capacity, now):
            self._flights.begin(window, task)

    def _plan(self, window: QueueWindow) -> None:
        """Put the queue where it will be looked at when something can be done for it."""
        if window.is_gone or window in self._set_aside:
            return
        now = self._clock.now()
        try:
            at = window.next_look(now)
        except Exception as error:
            self._leave_alone(window, error)
            return
        if at is not None and at <= now:
            self._agenda.put(window, None)
            self._line.join(window)
            self._wake_for_the_line()
            return
        self._line.leave(window)
        earliest = self._agenda.next_at()
        self._agenda.put(window, at)
        if at is not None and (earliest is None or at < earliest):
            self._wakeup.set()

    def _wake_for_the_line(self) -> None:
        if self._line.next(self._capacity) is not None:
            self._wakeup.set()

    # Trouble, which must not spread.

    def _leave_alone(self, window: QueueWindow, error: Exception) -> None:
        """For a while."""
        self._set_aside.add(window, error)
        self._agenda.put(window, None)
        self._line.leave(window)

    def _look_again(self, window: QueueWindow) -> None:
        self._set_aside.discard(window)
        window.note_due(self._clock.now())
        self._plan(window)

    def _look_at_every_queue(self) -> None:
        for window in self._windows.values():
            self._look_again(window)

    def _on_end(self, window: QueueWindow) -> None:
        """An attempt is over: its queue, and who waited for its slot, may go on."""
        self._plan(window)
        self._wake_for_the_line()
        if self._runs:
            self._wakeup.set()
        self._changed.give()

    # What there is still to do.

    @property
    def in_flight(self) -> int:
        """Attempts that have begun and are not yet recorded."""
        return len(self._flights)

    @property
    def latest_sent_at(self) -> float | None:
        """When the latest of the attempts that have no answer yet was sent, in seconds of the loop's clock."""
        return self._answers.latest_sent_at

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing more can be begun at this time until an attempt ends."""
        return (
            self._resting
            and not self._wakeup.is_set()
            and not self._set_aside
            and not self._releases
            and ((at := self._agenda.next_at()) is None or at > self._clock.now())
        )

    @property
    def is_waiting_for_answers(self) -> bool:
        """Whether all that is still to do at this time is up to the targets."""
        return self.is_at_rest and len(self._flights) == len(self._answers)

    @property
    def is_calm(self) -> bool:
        """Whether nothing is left to do at this time."""
        return self.is_at_rest and not self._flights and not self._runs and not self.late

    @property
    def begun(self) -> tuple[int, int]:
        """How many attempts and late effects were begun since the start; for `have_ended`."""
        return self._flights.begun, self.late.begun

    def have_ended(self, begun: tuple[int, int]) -> bool:
        """Whether all are over that were begun when `begun` was this, and no run waits for a slot."""
        attempts, late = begun
        return not self._runs and self._flights.have_ended(attempts) and self.late.have_ended(late)

    def backlog(self) -> frozenset[tuple[int, int]]:
        """The queues of which a task waits for nothing but for what attempts in flight hold, each with how many were
        begun of it; under 0, of all, while queues stand in line."""
        blocked = self._flights.blocked(self._clock.now())
        return frozenset(blocked | {(0, self._flights.begun)} if self._line else blocked)

    @property
    def next_due(self) -> Instant | None:
        """When an attempt can next begin if nothing else happens, as far as is known; now, if one can right now."""
        return self._agenda.next_at() if self.is_at_rest else self._clock.now()

    def next_change(self) -> asyncio.Event:
        """Set as soon as any of this may have changed. Raises Unavailable when the worker is to stop."""
        if self._stopping:
            raise Unavailable("The server is shutting down.")
        return self._changed.next()

    def activity(self, scope: Scope) -> Iterator[QueueActivity]:
        """Of the queues that are not idle, as far as is known."""
        runs, stuck = self._runs.by_queue(), self._set_aside.queues | self._releases.queues()
        gone = self._flights.gone.union(window for window in runs if window.is_gone)
        activity = Activity(runs, stuck, self.is_at_rest, self._clock.now())
        return activity.of(chain(self._windows.values(), gone), scope)

    def rate_factors(self) -> Mapping[int, float]:
        """What part of its rate each queue that is slowed down may go at, by uid."""
        return slowed_queues(self._windows.values(), self._clock.now())

    async def find_next(self) -> Instant | None:
        """As `next_due`, but for sure: nobody tells of tasks that are deleted, or run before their time."""
        while self.is_at_rest and (window := self._agenda.first()) is not None:
            at = self._agenda.next_at()
            await self._ask_again(window)
            if self._agenda.first() is window and self._agenda.next_at() == at:
                break
        return self.next_due

    async def _ask_again(self, window: QueueWindow) -> None:
        """Have a queue's next look at a time at which there is something to do for it."""
        now, uid = self._clock.now(), window.queue.uid
        if window.claimed:
            if (await self._store.due_counts([uid], now, 1)).get(uid):
                return
            self._give_up(window, window.give_up_claimed())
        at, window.next_due = window.next_due, None
        try:
            [claim] = await self._store.claim([ClaimRequest(uid, 0, 0)], now)
            at = claim.next_due
        finally:
            if at is not None:
                window.note_due(at)
            self._plan(window)
