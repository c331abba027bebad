"""Clients that do not read what they are answered."""

import asyncio
from collections.abc import Callable
from typing import Final

_TURN: Final = 60.0
"""Seconds in which a client that has more to read must have read some."""
_LEAST: Final = 64 << 10
"""Bytes of it."""


class ReadingSide:
    """Ends a connection whose client reads too slowly, and so holds what it was answered in memory. Calls have
    deadlines besides; a page for operators has none."""

    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end
        self._timer: asyncio.TimerHandle | None = None

    def is_behind(self, transport: asyncio.WriteTransport) -> None:
        """More is waiting to be sent than should, and nothing is added."""
        left = transport.get_write_buffer_size()
        self._timer = asyncio.get_running_loop().call_later(_TURN, self._look, transport, left)

    def has_caught_up(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, transport: asyncio.WriteTransport, left: int) -> None:
        if left - transport.get_write_buffer_size() < _LEAST:
            self._end()
        else:
            self.is_behind(transport)
