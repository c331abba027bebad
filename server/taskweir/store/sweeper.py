"""Removes what is past its time, a few rows at a time, when something falls due or a queue was purged or deleted."""

import asyncio
import logging
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.errors import Unavailable
from taskweir.domain.model import Queue
from taskweir.domain.times import MINUTE, SECOND, Instant, Micros
from taskweir.store.base import Store

_LOG: Final = logging.getLogger("taskweir.sweeper")
_STEP: Final = 200
"""Rows a step: about two milliseconds of the writer's time."""
_PAUSE: Final = 0.01
"""Seconds of real time between steps, which leave the writer to the callers for most of the time."""
_PAUSE_AFTER_TROUBLE: Final = 5.0
_LONGEST_WAIT: Final[Micros] = 5 * MINUTE
"""What a commit leaves to be swept is not told: the sweeper looks this often."""
_SHORTEST_WAIT: Final[Micros] = SECOND
"""Names of tasks fall due one by one under steady traffic; what is past its time counts as absent meanwhile."""


class Sweeper:
    """A `store.base.Listener` and a coroutine."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._wakeup = asyncio.Event()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            self._wakeup.clear()
            next_due = await self._sweep()
            now = self._clock.now()
            latest = now + _LONGEST_WAIT
            at = latest if next_due is None else min(next_due, latest)
            await self._clock.wait(max(at, now + _SHORTEST_WAIT), self._wakeup)

    async def _sweep(self) -> Instant | None:
        while True:
            try:
                step = await self._store.sweep(self._clock.now(), _STEP)
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
                return step.next_due
            await asyncio.sleep(_PAUSE)

    def queue_changed(self, queue: Queue) -> None:
        self._wakeup.set()

    def queue_gone(self, queue_uid: int) -> None:
        self._wakeup.set()

    def task_due(self, queue_uid: int, at: Instant) -> None:
        """Nothing to sweep in that."""

    def run_requested(self, queue_uid: int, task_uid: int) -> None:
        """Nothing to sweep in that."""
