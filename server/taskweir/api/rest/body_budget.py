"""How much of the bodies of all requests is in memory at a time."""

import asyncio
from typing import Final, Self

from taskweir.domain.errors import ResourceExhausted

TOTAL: Final = 256 << 20
"""Bytes, decompressed: two of the largest bodies."""
_SMALL: Final = 1 << 20
"""Bytes of a body up to which it is a small one."""
_PATIENCE: Final = 5.0
"""Seconds in which what others hold may become free."""


class BodyBudget:
    """Small bodies may go a quarter beyond it, so that a few large ones that are slow in coming do not keep others out."""

    def __init__(self, total: int = TOTAL, patience: float = _PATIENCE) -> None:
        """`total` is in bytes, `patience` in seconds."""
        self._total = total
        self._patience = patience
        self._taken = 0
        self._freed = asyncio.Event()

    def share(self) -> "BodyShare":
        return BodyShare(self)

    async def take(self, size: int, held: int) -> None:
        """For a body of which `held` bytes have been taken already. Raises ResourceExhausted."""
        most = self._total * 5 // 4 if held + size <= _SMALL else self._total
        if self._taken + size > most:
            await self._until_free(most - size)
        self._taken += size

    async def _until_free(self, taken: int) -> None:
        """No more than so many bytes are taken."""
        try:
            async with asyncio.timeout(self._patience):
                while self._taken > taken:
                    await self._freed.wait()
        except TimeoutError:
            raise ResourceExhausted(
                "The server holds as many bytes of requests as it may. Try again later."
            ) from None

    def free(self, size: int) -> None:
        self._taken -= size
        self._freed.set()
        self._freed = asyncio.Event()


class BodyShare:
    """What one request holds of the budget, until it is left as a context manager."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._held:
            self._budget.free(self._held)

    async def take(self, size: int) -> None:
        """Raises ResourceExhausted."""
        await self._budget.take(size, self._held)
        self._held += size
