"""Whether a client sends, or takes, as fast as it must at least."""

from typing import Final

LEAST: Final = 32 << 10
"""Bytes that must move in each while, unless that is all."""


class Pace:
    __slots__ = ("_moved", "_since")

    def __init__(self, moved: int, now: float) -> None:
        """`moved` is how many bytes there were until `now`, in seconds."""
        self._moved = moved
        self._since = now

    def is_kept(self, moved: int, now: float, silence: float) -> bool:
        """Whether the last while of so many seconds was none in which too little moved."""
        if moved - self._moved >= LEAST:
            self._moved, self._since = moved, now
        return now < self._since + silence
