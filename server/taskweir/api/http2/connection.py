"""A connection that speaks HTTP/2."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final, cast

from taskweir.api.http2 import frames
from taskweir.api.http2.common import Common
from taskweir.api.http2.entries import Entry
from taskweir.api.http2.frame_reader import LARGEST as LARGEST_FRAME
from taskweir.api.http2.frame_reader import FrameReader
from taskweir.api.http2.frames import ConnectionFault, ErrorCode, Setting
from taskweir.api.http2.header_reader import MOST as MOST_HEADERS
from taskweir.api.http2.outlet import FIRST_WINDOW, LARGEST_WINDOW
from taskweir.api.http2.session import CONNECTION_WINDOW, MOST_STREAMS, Session
from taskweir.api.http2.stream import RECEIVE_WINDOW
from taskweir.api.http2.vigil import Vigil
from taskweir.api.http2.wire import Wire
from taskweir.api.places import Guest, Places
from taskweir.domain.errors import Unavailable

_OPENING: Final = frames.settings(
    {
        Setting.MAX_CONCURRENT_STREAMS: MOST_STREAMS,
        Setting.INITIAL_WINDOW_SIZE: RECEIVE_WINDOW,
        Setting.MAX_FRAME_SIZE: LARGEST_FRAME,
        Setting.MAX_HEADER_LIST_SIZE: MOST_HEADERS,
    }
) + frames.window_update(0, CONNECTION_WINDOW - FIRST_WINDOW)
_AGREEMENT: Final = 0.1
"""Seconds."""
_ANY_STREAM: Final = LARGEST_WINDOW
_TURN: Final = 0.005
"""Seconds in which the frames of a connection are worked off before others have their turn. It may have sent thousands
that cost it nothing."""


class Connection(asyncio.Protocol):
    """It is looked at from time to time, as long as there is something to wait for."""

    __slots__ = (
        "_common",
        "_ended_at",
        "_frames",
        "_guest",
        "_is_behind",
        "_is_closing",
        "_is_dozing",
        "_is_retiring",
        "_last",
        "_places",
        "_session",
        "_timer",
        "_transport",
        "_vigil",
        "_wire",
    )

    def __init__(
        self, entries: Mapping[str, Entry], common: Common, places: Places, guest: Guest | None = None
    ) -> None:
        """It takes one of the places as it begins, that of a guest where there is one; or ends for want of one."""
        loop = asyncio.get_running_loop()
        now = time.monotonic()
        self._common = common
        self._places = places
        self._guest = guest
        self._transport: asyncio.Transport | None = None
        self._wire = Wire(loop)
        self._session = Session(entries, common, self._wire, now, self._call_is_over)
        self._frames = FrameReader(self._session.take, self._session.fault)
        self._vigil = Vigil(self._session, self._frames, self._wire, common.patience)
        self._last = _ANY_STREAM
        """The client knows that none after it is served."""
        self._timer: asyncio.TimerHandle | None = None
        self._is_behind = False
        self._is_dozing = False
        self._is_retiring = False
        self._is_closing = False
        self._ended_at = now

    @property
    def serves(self) -> bool:
        """Whether a call of it is there whole that is not over."""
        return self._session.calls.are_served

    @property
    def is_idle(self) -> bool:
        """Whether nothing is lost if it ends now: the client has all that it was answered, as far as we know."""
        return self._wire.is_empty and not self.serves

    # What the transport says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._wire.open(self._transport)
        self._common.connections.add(self)
        self._wire.write(_OPENING)
        if self._takes_place():
            self._look_in(self._common.patience.tick)
        else:
            self._end(ErrorCode.ENHANCE_YOUR_CALM, "too many connections", at_once=True)

    def _takes_place(self) -> bool:
        if self._guest is None:
            return self._places.take(self)
        self._places.pass_on(self._guest, self)
        self._guest = None
        return True

    def data_received(self, data: bytes) -> None:
        if self._is_closing:
            return
        now = self._session.now = time.monotonic()
        try:
            self._frames.feed(data, now + _TURN)
        except ConnectionFault as fault:
            self._end(fault.code, str(fault), at_once=False)
        else:
            if self._frames.is_behind != self._is_behind:
                self._is_behind = self._frames.is_behind
                self._wire.hold(is_held=self._is_behind)
            if self._is_behind:
                asyncio.get_running_loop().call_soon(self.data_received, b"")
            if self._is_dozing and (self._session.calls or self._frames.unfinished is not None):
                self._wake()

    def pause_writing(self) -> None:
        self._wire.fill()
        if self._is_dozing:
            self._wake()

    def resume_writing(self) -> None:
        self._wire.drain()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closing = True
        self._places.leave(self)
        if self._timer is not None:
            self._timer.cancel()
        self._session.calls.close()
        self._wire.close()
        self._common.connections.discard(self)
        self._common.has_ended()

    def _call_is_over(self) -> None:
        if not self._session.calls:
            self._places.was_served(self)
        if self._session.is_stopping:
            self._common.has_ended()

    # Its end.

    def stop(self) -> None:
        """Take no more calls; those that run may go on."""
        if not self._session.is_stopping and not self._is_closing:
            self._session.is_stopping = True
            self._last = self._session.last
            self._wire.write(frames.goaway(self._last, ErrorCode.NO_ERROR))

    def close(self) -> None:
        """Wait for its calls no longer; what is said of that still goes out."""
        self._session.calls.end(Unavailable("The server is stopping."))
        self._end(ErrorCode.NO_ERROR, "", at_once=True)

    def abort(self) -> None:
        self._is_closing = True
        if self._transport is not None:
            self._transport.abort()

    def _end(self, code: ErrorCode, reason: str, *, at_once: bool) -> None:
        """Or when the client has read it: to hang up on one that is still sending could destroy what it was told."""
        if self._is_closing or self._transport is None:
            return
        self._is_closing = True
        self._ended_at = time.monotonic()
        self._session.calls.close()
        # Never a later one than was said before (RFC 9113, 6.8).
        self._wire.write(frames.goaway(min(self._session.last, self._last), code, reason))
        self._wire.flush()
        if at_once:
            self._transport.close()
            # Under TLS the client would have to agree, which those of gRPC never do. What was said last is below TLS now,
            # where nobody can see whether it went out.
            self._look_in(_AGREEMENT)
            return
        self._wire.hold(is_held=False)  # to see when the client has gone
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._look_in(self._common.patience.goodbye)

    # Its time.

    def _look(self) -> None:
        """Once in a tick while there is something to wait for, and then when it may be idle for too long."""
        self._is_dozing = False
        now, tick = time.monotonic(), self._common.patience.tick
        calls = self._session.calls
        if self._is_closing:
            self._look_away(now)
            return
        calls.end_late(now)
        if self._vigil.is_over(now):
            self.abort()
        elif calls or self._is_busy or now < calls.changed_at + tick:
            self._look_in(tick)
        else:
            self._be_idle(now)

    @property
    def _is_busy(self) -> bool:
        """Whether it may have to be ended soon."""
        return not self._frames.has_begun or self._frames.unfinished is not None or self._wire.is_full

    def _be_idle(self, now: float) -> None:
        """After too long it ends. A call that is on its way here is still served: the client is told that the end
        comes, and then where it was."""
        idle_until = self._session.calls.changed_at + self._common.patience.idle
        if self._is_retiring:
            self._end(ErrorCode.NO_ERROR, "idle", at_once=True)
        elif now < idle_until:
            self._is_dozing = True
            self._look_in(idle_until - now)
        else:
            self._is_retiring = True
            self._wire.write(frames.goaway(_ANY_STREAM, ErrorCode.NO_ERROR, "idle"))
            self._look_in(self._common.patience.tick)

    def _look_away(self, now: float) -> None:
        """It was ended. What was said before that may take its time."""
        if self._wire.left and now < self._ended_at + self._common.patience.silence:
            self._look_in(self._common.patience.tick)
        else:
            self.abort()

    def _look_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _wake(self) -> None:
        self._is_dozing = False
        self._look_in(self._common.patience.tick)
