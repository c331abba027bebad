"""How much of the requests, and of the replies, of all calls is in memory at a time."""

from typing import Final

from taskweir.domain.errors import ResourceExhausted

TOTAL: Final = 260 << 20
"""Bytes of requests, or of replies that wait for their clients: two of the largest messages, and a little."""


class MessageBudget:
    """What there is for all connections. Large messages, which come in parts, are refused when it is used up. Those that
    come whole, in one frame, may have as much again: who sends much does not keep out who sends little."""

    __slots__ = ("_free", "_total", "_what")

    def __init__(self, total: int = TOTAL, what: str = "requests") -> None:
        """`what` it is of, in the plural."""
        self._what = what
        self._total = total
        self._free = total

    @property
    def used(self) -> int:
        return self._total - self._free

    def share(self) -> "Share":
        """For a connection."""
        return Share(self)

    def take(self, size: int, held: int) -> None:
        """For one that holds so much already: it gets no more than it leaves. Raises ResourceExhausted."""
        self._take(size, (self._free - held) // 2)

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


class Share:
    """What one connection has of a budget. It has no more than is left for others, be it all that one client wants or
    that of many: there is always something for the next. `held` is in bytes."""

    __slots__ = ("_budget", "held")

    def __init__(self, budget: MessageBudget) -> None:
        self._budget = budget
        self.held = 0

    def take(self, size: int) -> None:
        """Raises ResourceExhausted."""
        self._budget.take(size, self.held)
        self.held += size

    def take_whole(self, size: int) -> None:
        """For what is there at once. Raises ResourceExhausted."""
        self._budget.take_whole(size)
        self.held += size

    def give_back(self, size: int) -> None:
        self._budget.give_back(size)
        self.held -= size
