"""Telling whoever waits that something has changed."""

import asyncio


class Notice:
    """Costs next to nothing while nobody waits."""

    def __init__(self) -> None:
        self._next: asyncio.Event | None = None

    def next(self) -> asyncio.Event:
        """Set at the next change. Take it before looking, so that no change is missed."""
        if self._next is None:
            self._next = asyncio.Event()
        return self._next

    def give(self) -> None:
        if self._next is not None:
            self._next.set()
            self._next = None
