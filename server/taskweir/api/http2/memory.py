"""How much of the requests, and of the replies, of all calls is in memory at a time."""

from typing import Final

from taskweir.domain.errors import ResourceExhausted

TOTAL: Final = 256 << 20
"""Bytes of requests: two of the largest messages."""
TOTAL_REPLIES: Final = 256 << 20
"""Bytes of replies that wait for their clients."""


class MessageBudget:
    """Large requests, which come in parts, are refused when it is used up. Those that come whole, in one frame, may have
    as much again: who sends much does not keep out who sends little."""

    def __init__(self, total: int = TOTAL, what: str = "requests") -> None:
        """`what` it is of, in the plural."""
        self._what = what
        self._total = total
        self._free = total

    @property
    def used(self) -> int:
        return self._total - self._free

    def take(self, size: int) -> None:
        """Raises ResourceExhausted."""
        self._take(size, self._free)

    def take_whole(self, size: int) -> None:
        """Raises ResourceExhausted."""
        self._take(size, self._free + self._total)

    def give_back(self, size: int) -> None:
        self._free += size

    def _take(self, size: int, free: int) -> None:
        if size > free:
            raise ResourceExhausted(
                f"The server holds as many bytes of {self._what} as it may. Try again later."
            )
        self._free -= size
