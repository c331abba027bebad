"""Clients that a connection need not wait for any longer."""

from typing import Final

from taskweir.api.http2 import frames
from taskweir.api.http2.frame_reader import FrameReader
from taskweir.api.http2.pace import Pace
from taskweir.api.http2.patience import Patience
from taskweir.api.http2.session import Session
from taskweir.api.http2.wire import Wire

_FOR_A_FRAME: Final = 3
"""Silences. The largest frame takes two at the least pace."""


class Vigil:
    __slots__ = (
        "_asked_at",
        "_began",
        "_frames",
        "_pace",
        "_patience",
        "_session",
        "_unfinished",
        "_unfinished_at",
        "_wire",
    )

    def __init__(self, session: Session, reader: FrameReader, wire: Wire, patience: Patience) -> None:
        self._session = session
        self._frames = reader
        self._wire = wire
        self._patience = patience
        self._began = session.now
        self._unfinished: int | None = None
        self._unfinished_at = 0.0
        self._pace: Pace | None = None
        self._asked_at: float | None = None

    def is_over(self, now: float) -> bool:
        """Whether the client has been silent, slow or deaf for too long, or is not there any more: it is asked when it
        has said nothing for a while. `now` is in seconds of `time.monotonic`."""
        return self._is_mute(now) or self._is_stuck(now) or self._is_deaf(now) or self._is_gone(now)

    def _is_mute(self, now: float) -> bool:
        return not self._frames.has_begun and now >= self._began + self._patience.silence

    def _is_stuck(self, now: float) -> bool:
        """Within a frame, or a block of headers."""
        unfinished = self._frames.unfinished
        if unfinished is None or unfinished != self._unfinished:
            self._unfinished, self._unfinished_at = unfinished, now
            return False
        return now >= self._unfinished_at + self._patience.silence * _FOR_A_FRAME

    def _is_deaf(self, now: float) -> bool:
        if not self._wire.is_full:
            self._pace = None
            return False
        if self._pace is None:
            self._pace = Pace(self._wire.went_out, now)
        return not self._pace.is_kept(self._wire.went_out, now, self._patience.silence)

    def _is_gone(self, now: float) -> bool:
        if not self._session.calls or now < self._session.now + self._patience.quiet:
            self._asked_at = None
            return False
        if self._asked_at is None:
            self._asked_at = now
            self._wire.write(frames.PING)
        return now >= self._asked_at + self._patience.silence
