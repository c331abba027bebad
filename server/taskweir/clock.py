"""The clock port. Everything that depends on time asks a Clock, so that tests and users can move it."""

import asyncio
import time
from typing import Protocol

from taskweir.domain.times import SECOND, Instant, Micros

_LONGEST_NAP: Micros = 10 * SECOND
"""A wait ends after this long at the latest: timers stand still while a machine is suspended, and a wall clock that
is set back or forth is to be noticed."""


class Clock(Protocol):
    """Tells the time, and waits for it."""

    def now(self) -> Instant: ...

    async def wait(self, until: Instant | None, wakeup: asyncio.Event) -> None:
        """Return when the time has come or `wakeup` is set, whichever is first; None waits for the wakeup alone.

        May return early; callers look again. Never returns later because the clock was moved.
        """
        ...


class SystemClock:
    """The real time."""

    def now(self) -> Instant:
        return time.time_ns() // 1_000

    async def wait(self, until: Instant | None, wakeup: asyncio.Event) -> None:
        if until is None:
            await wakeup.wait()
            return
        left = until - self.now()
        if left > 0:
            await _wait_for(wakeup, min(left, _LONGEST_NAP) / SECOND)


async def _wait_for(wakeup: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wakeup.wait()
    except TimeoutError:
        return


class ManualClock:
    """A clock that stands still until it is moved. For tests."""

    def __init__(self, now: Instant) -> None:
        self._now = now
        self._waiting: set[asyncio.Event] = set()

    def now(self) -> Instant:
        return self._now

    def advance(self, by: Micros) -> None:
        """Move the time on and end every wait, so that each waiter looks again. Raises ValueError going back."""
        if by < 0:
            raise ValueError("a clock is advanced by zero or more microseconds")
        self._now += by
        for wakeup in self._waiting:
            wakeup.set()

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits, and all who do have nothing else to do."""
        return bool(self._waiting) and not any(wakeup.is_set() for wakeup in self._waiting)

    async def wait(self, until: Instant | None, wakeup: asyncio.Event) -> None:
        if until is not None and until <= self._now:
            return
        self._waiting.add(wakeup)
        try:
            await wakeup.wait()
        finally:
            self._waiting.discard(wakeup)
