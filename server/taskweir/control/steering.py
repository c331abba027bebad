"""Steering the clock: whatever depends on time follows it, each thing at its own time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from taskweir.clock import SteeredClock, real_now
from taskweir.domain.errors import DeadlineExceeded, InvalidArgument
from taskweir.domain.times import LATEST, SECOND, Instant, Micros
from taskweir.push.worker import Worker
from taskweir.store.sweeper import Sweeper

_PATIENCE: Final = 0.05
"""Seconds of real time: what an attempt has for its answer before the clock goes on without it, where it may."""
_SHARE: Final = 0.01
"""Of the real time that is left, which is no more waited at one stop: many attempts that hang do not use it up."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """`next_due` is when a task can next be dispatched, None when none is scheduled; it may have passed."""

    time: Instant
    is_frozen: bool
    next_due: Instant | None


@dataclass(frozen=True, slots=True)
class _Way:
    """How a movement goes: whether attempts may be left in flight, and until when of the loop's clock it may take."""

    leave_in_flight: bool
    deadline: float


class Steering:
    """One movement at a time; those that come meanwhile wait for it, first come, first served."""

    def __init__(self, clock: SteeredClock, worker: Worker, sweeper: Sweeper) -> None:
        self._clock = clock
        self._worker = worker
        self._sweeper = sweeper
        self._moving = asyncio.Lock()

    async def state(self) -> ClockState:
        """What time it is, and what the store says is due next; of a worker that is busy for longer than a moment, that
        something is due now. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE
        while not self._worker.is_at_rest and (left := until - loop.time()) > 0:
            await _wait_for(self._worker.next_change(), left)
        next_due = await self._worker.find_next()
        return ClockState(self._clock.now(), self._clock.is_frozen, next_due)

    async def freeze(self, at: Instant | None) -> ClockState:
        """Stand still, at a time before or after the present one, or where the clock is. Raises Unavailable."""
        async with self._moving:
            if at is not None:
                await self._sweeper.expire(at)
            self._clock.freeze(at)
            return await self.state()

    async def advance(self, by: Micros, timeout: Micros, *, leave_in_flight: bool) -> ClockState:
        """Move the time on, through every time on the way at which something falls due, and leave it frozen.

        At each stop all that is due runs, and its attempts are waited for; with `leave_in_flight`, not those that have
        no answer after a moment. `timeout` is real time.

        Raises DeadlineExceeded, which says what was not done in time, and Unavailable; the clock then stands where it
        got to. Raises InvalidArgument for a time past the year 9999.
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
            await self._settle(way)
            at = await self._worker.find_next()
            if at is not None:
                await self._go(at, way)
            return await self.state()

    async def resume(self) -> ClockState:
        """Go with real time again. Raises Unavailable."""
        async with self._moving:
            await self._sweeper.expire(real_now())
            self._clock.resume()
            return await self.state()

    @asynccontextmanager
    async def _movement(self, timeout: Micros, *, leave_in_flight: bool) -> AsyncIterator[_Way]:
        deadline = asyncio.get_running_loop().time() + timeout / SECOND
        has_begun = False
        try:
            async with asyncio.timeout_at(deadline), self._moving:
                has_begun = True
                self._clock.freeze()
                yield _Way(leave_in_flight, deadline)
        except TimeoutError:
            left = self._what_is_left() if has_begun else "another movement of it is under way"
            message = (
                f"The clock did not get there in time. It stands at {_shown(self._clock.now())}, and {left}."
            )
            raise DeadlineExceeded(message) from None

    def _what_is_left(self) -> str:
        count = self._worker.in_flight
        if count == 0:
            return "nothing is in flight, but there is more to do on the way"
        return "1 attempt is in flight" if count == 1 else f"{count} attempts are in flight"

    async def _go(self, target: Instant, way: _Way) -> None:
        """Each stop is left when there is nothing to do there, whatever callers asked for meanwhile."""
        await self._settle(way)
        while self._clock.now() < target:
            stop = await self._next_stop(target)
            # Before the worker sees the time: a task that has reached its age is not dispatched any more.
            await self._sweeper.expire(stop)
            if (due := self._worker.next_due) is None or due >= stop:
                self._clock.freeze(stop)
            await self._settle(way)

    async def _next_stop(self, target: Instant) -> Instant:
        expiry = await self._sweeper.next_expiry()
        now = self._clock.now()
        times = (expiry, self._worker.next_due)
        return min((at for at in times if at is not None and now < at < target), default=target)

    async def _settle(self, way: _Way) -> None:
        """Let all be done that is to be done at this time."""
        while not self._worker.is_calm:
            changed = self._worker.next_change()
            patience = self._patience(way)
            if patience is not None and patience <= 0:
                return
            await _wait_for(changed, patience)

    def _patience(self, way: _Way) -> float | None:
        """Seconds to wait for answers before the clock goes on; None when it may not."""
        if not way.leave_in_flight or not self._worker.is_waiting_for_answers:
            return None
        now = asyncio.get_running_loop().time()
        sent_at = self._worker.latest_sent_at
        return 0.0 if sent_at is None else sent_at + min(_PATIENCE, _SHARE * (way.deadline - now)) - now


def _shown(at: Instant) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at):%Y-%m-%dT%H:%M:%S.%fZ}"


async def _wait_for(changed: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return
