"""Attempts under way, each a task of the event loop."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final

from taskweir.domain.times import SECOND, Micros

_LOG: Final = logging.getLogger("taskweir.worker")


class Flights:
    """Keeps hold of them, and says when one ends by a fault of our own."""

    def __init__(self) -> None:
        self._all: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._all)

    def begin(self, attempt: Coroutine[Any, Any, None]) -> None:
        flight = asyncio.create_task(attempt)
        self._all.add(flight)
        flight.add_done_callback(self._over)

    def _over(self, flight: asyncio.Task[None]) -> None:
        self._all.discard(flight)
        if not flight.cancelled() and (error := flight.exception()) is not None:
            _LOG.error("an attempt was lost; its task is sent again after a restart", exc_info=error)

    async def land(self, timeout: Micros) -> int:
        """Let all end within `timeout` of real time; how many were cut off."""
        if self._all:
            await asyncio.wait(self._all, timeout=timeout / SECOND)
        left = list(self._all)
        for flight in left:
            flight.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)
