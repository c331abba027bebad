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


def real_now() -> Instant:
    """The real time."""
    return time.time_ns() // 1_000


class SteeredClock:
    """Goes with real time until it is frozen; then it stands still, and goes where it is moved."""

    def __init__(self, frozen_at: Instant | None = None) -> None:
        self._frozen_at = frozen_at
        self._waiting: set[asyncio.Event] = set()

    def now(self) -> Instant:
        return real_now() if self._frozen_at is None else self._frozen_at

    @property
    def is_frozen(self) -> bool:
        return self._frozen_at is not None

    def freeze(self, at: Instant | None = None) -> None:
        """Stand still, at a time before or after the present one or where the clock is. Whoever waits looks again."""
        self._frozen_at = self.now() if at is None else at
        self._wake()

    def advance(self, by: Micros) -> None:
        """Move the time on, and stand still there. Raises ValueError going back."""
        if by < 0:
            raise ValueError("a clock is advanced by zero or more microseconds")
        self.freeze(self.now() + by)

    def resume(self) -> None:
        """Go with real time again, which may be earlier than the time so far."""
        self._frozen_at = None
        self._wake()

    def _wake(self) -> None:
        for wakeup in self._waiting:
            wakeup.set()

    async def wait(self, until: Instant | None, wakeup: asyncio.Event) -> None:
        left = None if until is None else until - self.now()
        if left is not None and left <= 0:
            return
        self._waiting.add(wakeup)
        try:
            if left is None or self.is_frozen:
                await wakeup.wait()
            else:
                await _wait_for(wakeup, min(left, _LONGEST_NAP) / SECOND)
        finally:
            self._waiting.discard(wakeup)


async def _wait_for(wakeup: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wakeup.wait()
    except TimeoutError:
        return
