"""Streams that we ended before the client did."""

from typing import Final

_KEPT: Final = 2_000
"""Of the latest: twice as many as there may be at a time."""


class CutStreams:
    """What a client sends on one before it knows is passed over (RFC 9113, 5.1); on others that are closed, it sends
    nothing."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers: dict[int, None] | None = None

    def add(self, number: int) -> None:
        if self._numbers is None:
            self._numbers = {}
        self._numbers[number] = None
        if len(self._numbers) > _KEPT:
            del self._numbers[next(iter(self._numbers))]

    def discard(self, number: int) -> None:
        """The client has ended it too."""
        if self._numbers is not None:
            self._numbers.pop(number, None)

    def __contains__(self, number: int) -> bool:
        return self._numbers is not None and number in self._numbers
