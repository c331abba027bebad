"""Something that is got at first need, and then kept."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """All who need it while it is got wait for the same. What failed is tried anew at the next need."""

    def __init__(self, get: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._get = get
        self._getting: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """Raises what getting it raises. A cancelled caller does not end it for the others."""
        if self._getting is None:
            self._getting = asyncio.create_task(self._get())
            self._getting.add_done_callback(self._got)
        return await asyncio.shield(self._getting)

    def close(self) -> None:
        """Nobody needs it any more."""
        if self._getting is not None:
            self._getting.cancel()

    def _got(self, getting: asyncio.Task[T]) -> None:
        if getting.cancelled() or getting.exception() is not None:
            self._getting = None
