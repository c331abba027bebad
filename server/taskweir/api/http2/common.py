"""What the connections of a server have in common."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, Protocol

from taskweir.api.http2.memory import MessageBudget
from taskweir.api.http2.patience import Patience

USUAL: Final = Patience()
_MOST_TURNS: Final = 16
"""Calls at a time that are answered with more than they ask with: what is in the making is in memory, too."""


class Open(Protocol):
    """A connection."""

    @property
    def serves(self) -> bool:
        """Whether a call of it is there whole that is not over."""

    def stop(self) -> None:
        """Take no more."""

    def close(self) -> None:
        """Wait for those that run no longer."""

    def abort(self) -> None:
        """End at once."""


class Common:
    """`connections` are those that have begun and not ended."""

    def __init__(self, patience: Patience = USUAL) -> None:
        self.patience = patience
        self.budget = MessageBudget()
        self.replies = MessageBudget(what="replies")
        self.turns = asyncio.Semaphore(_MOST_TURNS)
        self.connections: set[Open] = set()
        self._cancelled: set[asyncio.Task[None]] = set()
        self._something_ended = asyncio.Event()

    def cancel(self, task: asyncio.Task[None]) -> None:
        """It is waited for in the end."""
        if not task.done():
            self._cancelled.add(task)
            task.add_done_callback(self._cancelled.discard)
            task.cancel()

    def has_ended(self) -> None:
        """A call of a connection that stops, or a connection."""
        self._something_ended.set()

    async def calls_end(self, seconds: float) -> None:
        """Wait until there are none that are served, for so long at most."""
        await self._until(lambda: not any(connection.serves for connection in self.connections), seconds)

    async def connections_end(self, seconds: float) -> None:
        """Wait until there are none, for so long at most, and for all that was cancelled."""
        await self._until(lambda: not self.connections, seconds)
        if self._cancelled:
            await asyncio.wait(tuple(self._cancelled), timeout=seconds)

    async def _until(self, condition: Callable[[], bool], seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition():
                    self._something_ended.clear()
                    await self._something_ended.wait()
