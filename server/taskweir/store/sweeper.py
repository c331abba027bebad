"""Removes what is past its time, a few rows at a time, when something falls due or a queue was purged or deleted."""

import asyncio
import logging
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.errors import Unavailable
from taskweir.domain.model import Queue
from taskweir.domain.times import Instant
from taskweir.store.base import Store, SweepStep

_LOG: Final = logging.getLogger("taskweir.sweeper")
_STEP: Final = 200
"""Rows a step: about two milliseconds of the writer's time."""
_PAUSE: Final = 0.01
"""Seconds of real time between steps, which leave the writer to the callers for most of the time."""
_PAUSE_AFTER_TROUBLE: Final = 5.0
_LONGEST_REST: Final = 300.0
"""Seconds of real time: what a commit leaves to be swept is not told, and history grows old whatever the clock does,
so the sweeper looks this often."""
_SHORTEST_REST: Final = 1.0
"""Seconds of real time, for names of tasks fall due one by one under steady traffic, and at every stop of a clock that
is moved; what is past its time counts as absent meanwhile."""


class Sweeper:
    """A `store.base.Listener` and a coroutine."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._wakeup = asyncio.Event()
        self._is_asked = False
        self._swept_at: Instant = 0
        self._news = 0
        self._next_due: Instant | None = None
        self._next_expiry: Instant | None = None
        self._told: Instant | None = None
        self._known_at_news = -1

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            self._is_asked = False
            await self._sweep()
            await self._rest()

    async def _sweep(self) -> None:
        while True:
            try:
                step = await self._step(self._clock.now())
            except Unavailable as error:
                _LOG.warning("sweeping waits: %s", error.message)
                await asyncio.sleep(_PAUSE_AFTER_TROUBLE)
                continue
            except Exception:
                # Our own fault, but without a sweeper the data would grow for ever.
                _LOG.exception("sweeping failed; it is tried again")
                await asyncio.sleep(_PAUSE_AFTER_TROUBLE)
                continue
            if not step.more:
                return
            await asyncio.sleep(_PAUSE)

    async def _rest(self) -> None:
        """Wait until something is due. Movements of the clock wake the sweeper too, and are no reason to sweep."""
        loop = asyncio.get_running_loop()
        rested_at = loop.time() + _SHORTEST_REST
        timers = [
            loop.call_at(rested_at, self._wakeup.set),
            loop.call_later(_LONGEST_REST, self._ask),
        ]
        try:
            while not self._is_asked:
                self._wakeup.clear()
                is_rested = loop.time() >= rested_at
                if is_rested and self._is_due():
                    break
                await self._clock.wait(self._next_due if is_rested else None, self._wakeup)
        finally:
            for timer in timers:
                timer.cancel()

    def _is_due(self) -> bool:
        now = self._clock.now()
        return now < self._swept_at or (self._next_due is not None and self._next_due <= now)

    async def _step(self, now: Instant) -> SweepStep:
        news, self._swept_at, self._told = self._news, now, None
        step = await self._store.sweep(now, _STEP)
        # What was told meanwhile may have been committed after the step.
        self._next_due = _earlier(step.next_due, self._told)
        self._next_expiry, self._known_at_news = _earlier(step.next_expiry, self._told), news
        return step

    # Tasks that reach the age at which they are dropped: of all that is swept, only they are seen from outside.

    async def next_expiry(self) -> Instant | None:
        """A time before which no task is dropped for its age; None for never. Raises Unavailable."""
        while self._known_at_news != self._news or self._clock.now() < self._swept_at:
            await self._step(self._clock.now())
        return self._next_expiry

    async def expire(self, by: Instant) -> None:
        """Drop the tasks that reach their age by this time, to which the clock is about to be moved. Raises
        Unavailable."""
        at = await self.next_expiry()
        while at is not None and at <= by:
            await self._step(by)
            at = self._next_expiry

    # What the store tells.

    def queue_changed(self, queue: Queue) -> None:
        self._tell()

    def queue_gone(self, queue_uid: int) -> None:
        self._tell()

    def task_due(self, queue_uid: int, at: Instant) -> None:
        """Nothing to sweep in that."""

    def run_requested(self, queue_uid: int, task_uid: int) -> None:
        """Nothing to sweep in that."""

    def last_lease_ends(self, at: Instant) -> None:
        self._told = _earlier(self._told, at)
        self._next_expiry = _earlier(self._next_expiry, at)
        if self._next_due is None or at < self._next_due:
            self._next_due = at
            self._wakeup.set()

    def history_grew(self) -> None:
        """Nothing to sweep in that."""

    def _tell(self) -> None:
        self._news += 1
        self._ask()

    def _ask(self) -> None:
        self._is_asked = True
        self._wakeup.set()


def _earlier(one: Instant | None, other: Instant | None) -> Instant | None:
    """None is never."""
    return other if one is None else one if other is None else min(one, other)
