"""Steering the clock: whatever depends on time follows it, each thing at its own time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from taskweir.clock import SteeredClock, real_now
from taskweir.control.settling import PATIENCE, Way, rest, settle, wait_for
from taskweir.domain.errors import Aborted, DeadlineExceeded, InvalidArgument
from taskweir.domain.scope import EVERYTHING
from taskweir.domain.times import LATEST, SECOND, Instant, Micros
from taskweir.push.worker import Worker
from taskweir.store.sweeper import Sweeper

_NAMED: Final = 3
"""Queues in a message."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """`next_due` is when a task can next be dispatched, None when none is scheduled; it may have passed."""

    time: Instant
    is_frozen: bool
    next_due: Instant | None


@dataclass(slots=True, eq=False)
class _Movement:
    """One that is under way, or (not `has_begun`) waits for another. `ended_by` says what ended it."""

    limit: asyncio.Timeout
    has_begun: bool = False
    ended_by: str = ""

    def end(self, by: str) -> None:
        if not self.ended_by and not self.limit.expired():
            self.ended_by = by
            self.limit.reschedule(asyncio.get_running_loop().time())


class Steering:
    """One movement at a time; those that come meanwhile wait for it, first come, first served. To set the clock ends
    them all."""

    def __init__(self, clock: SteeredClock, worker: Worker, sweeper: Sweeper) -> None:
        self._clock = clock
        self._worker = worker
        self._sweeper = sweeper
        self._moving = asyncio.Lock()
        self._movements: set[_Movement] = set()

    async def state(self) -> ClockState:
        """What time it is, and what the store says is due next; of a worker that is busy for longer than a moment, that
        something is due now. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while not self._worker.is_at_rest and (left := until - loop.time()) > 0:
            await wait_for(self._worker.next_change(), left)
        next_due = await self._worker.find_next()
        return ClockState(self._clock.now(), self._clock.is_frozen, next_due)

    async def freeze(self, at: Instant | None) -> ClockState:
        """Stand still, at a time before or after the present one, or where the clock is. Raises Unavailable."""
        self.end_movements("The clock was frozen")
        async with self._moving:
            if at is not None:
                await self._sweeper.expire(at)
            self._clock.freeze(at)
            return await self.state()

    async def advance(self, by: Micros, timeout: Micros, *, leave_in_flight: bool) -> ClockState:
        """Move the time on, through every time on the way at which something falls due, and leave it frozen.

        At each stop all that is due runs, and its attempts are waited for; with `leave_in_flight`, not those that have
        no answer after a moment. What is made due at that time by callers who never stop is left at last. `timeout` is
        real time.

        Raises DeadlineExceeded, which says what was not done in time, Aborted when the clock was set otherwise
        meanwhile, and Unavailable; the clock then stands where it got to. Raises InvalidArgument for a time past the
        year 9999.
        """
        async with self._movement(timeout, leave_in_flight=leave_in_flight) as way:
            target = self._clock.now() + by
            if target > LATEST:
                raise InvalidArgument("The clock cannot be moved past the year 9999.")
            await self._go(target, way)
            return await self.state()

    async def jump(self, timeout: Micros, *, leave_in_flight: bool) -> ClockState:
        """Advance to the next time at which a task can be dispatched, if any is scheduled, and run it. Raises as
        `advance` does."""
        async with self._movement(timeout, leave_in_flight=leave_in_flight) as way:
            await settle(self._worker, way)
            at = await self._worker.find_next()
            if at is not None:
                await self._go(at, way)
            return await self.state()

    async def resume(self) -> ClockState:
        """Go with real time again. Raises Unavailable."""
        self.end_movements("The clock was resumed")
        async with self._moving:
            await self._sweeper.expire(real_now())
            self._clock.resume()
            return await self.state()

    def end_movements(self, by: str) -> None:
        """The one under way and all that wait; their callers are told by what."""
        for movement in self._movements:
            movement.end(by)

    @asynccontextmanager
    async def _movement(self, timeout: Micros, *, leave_in_flight: bool) -> AsyncIterator[Way]:
        deadline = asyncio.get_running_loop().time() + timeout / SECOND
        movement: _Movement | None = None
        try:
            async with asyncio.timeout_at(deadline) as limit:
                movement = _Movement(limit)
                self._movements.add(movement)
                try:
                    async with self._moving:
                        movement.has_begun = True
                        self._clock.freeze()
                        yield Way(leave_in_flight, deadline)
                finally:
                    self._movements.discard(movement)
        except TimeoutError:
            assert movement is not None
            raise self._refusal(movement) from None

    def _refusal(self, movement: _Movement) -> Aborted | DeadlineExceeded:
        at = _shown(self._clock.now())
        if movement.ended_by:
            return Aborted(f"{movement.ended_by} meanwhile. It stood at {at}.")
        left = self._what_is_left() if movement.has_begun else "another movement of it is under way"
        return DeadlineExceeded(f"The clock did not get there in time. It stands at {at}, and {left}.")

    def _what_is_left(self) -> str:
        """And the queues that are to blame, those with the most in flight first."""
        in_flight, late = self._worker.in_flight, len(self._worker.late)
        if in_flight:
            left = "1 attempt is in flight" if in_flight == 1 else f"{in_flight} attempts are in flight"
        elif late:
            left = f"what faults have put off is still to come ({late})"
        else:
            left = "nothing is in flight, but there is more to do on the way"
        busy = sorted(self._worker.activity(EVERYTHING), key=lambda queue: -queue.in_flight)
        names = [str(queue.name) for queue in busy[:_NAMED]]
        if len(busy) > _NAMED:
            names.append(f"{len(busy) - _NAMED} more")
        return f"{left}: {', '.join(names)}" if names else left

    async def _go(self, target: Instant, way: Way) -> None:
        """No stop is passed over, whatever callers asked for meanwhile."""
        await settle(self._worker, way)
        while self._clock.now() < target:
            stop = await self._next_stop(target)
            # Before the worker sees the time: a task that has reached its age is not dispatched any more.
            await self._sweeper.expire(stop)
            await rest(self._worker)
            if (due := self._worker.next_due) is None or due >= stop:
                self._clock.freeze(stop)
            await settle(self._worker, way)

    async def _next_stop(self, target: Instant) -> Instant:
        expiry = await self._sweeper.next_expiry()
        now = self._clock.now()
        times = (expiry, self._worker.next_due)
        return min((at for at in times if at is not None and now < at < target), default=target)


def _shown(at: Instant) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at):%Y-%m-%dT%H:%M:%S.%fZ}"
