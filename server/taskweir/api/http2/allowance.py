"""How many frames that ask for nothing a client may send: each costs it little, and us as much as a part of a call."""

from typing import Final

MOST: Final = 10_000
_FOR_A_CALL: Final = 100
_FOR_DATA: Final = 2
"""Who takes data in may say so, for the stream and for the connection."""
_A_SECOND: Final = 100.0


class FrameAllowance:
    """Pings, settings, resets, empty data, small steps of windows and the like are paid from it; calls that are
    answered, data that is sent and time fill it up. A call that is reset brings nothing: to begin calls and end them at
    once is a known way to keep a server busy (CVE-2023-44487), and so is to have the server end them
    (CVE-2025-8671)."""

    __slots__ = ("_at", "_left", "_sent")

    def __init__(self, now: float) -> None:
        self._left = float(MOST)
        self._at = now
        self._sent = 0

    def call_answered(self) -> None:
        self._add(_FOR_A_CALL)

    def data_sent(self, frames: int) -> None:
        """`frames` of data were sent since the beginning. What they bring may be asked for much later, so that there is
        no most of it."""
        self._left += (frames - self._sent) * _FOR_DATA
        self._sent = frames

    def spend(self, now: float, frames: int = 1) -> bool:
        """Whether so many more are within it. `now` is in seconds."""
        self._left -= frames
        if self._left < 0:
            self._add((now - self._at) * _A_SECOND)
            self._at = now
        return self._left >= 0

    def _add(self, frames: float) -> None:
        self._left = max(self._left, min(MOST, self._left + frames))
