"""What a client says on a connection, frame by frame, and the calls that come of it."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from taskweir.api.http2 import answers, frames
from taskweir.api.http2.allowance import FrameAllowance
from taskweir.api.http2.client_settings import apply_settings, checked_settings
from taskweir.api.http2.common import Common
from taskweir.api.http2.entries import Entry
from taskweir.api.http2.frames import ConnectionFault, ErrorCode, Kind, Setting, StreamFault
from taskweir.api.http2.header_reader import HeaderReader, TooManyHeaders
from taskweir.api.http2.open_calls import OpenCalls
from taskweir.api.http2.outlet import Outlet
from taskweir.api.http2.request_head import check_trailers
from taskweir.api.http2.trailers import trailers_of
from taskweir.api.http2.wire import Wire
from taskweir.domain.errors import ResourceExhausted

MOST_STREAMS: Final = 1_000
"""Calls at a time on a connection."""
CONNECTION_WINDOW: Final = 16 << 20
"""Bytes that a client may send on all streams before it is told to go on, as on each."""
_MUCH_HELD: Final = 64 << 20
"""Bytes of replies that wait for a client, from which on it gets no new calls."""
_SMALL_INCREMENT: Final = 1 << 10
_SMALL_DATA: Final = 64
"""Bytes of a frame that is not the last of its stream: to take the frame apart costs more than what is in it."""
_LARGE_BLOCK: Final = 4 << 10
"""Bytes of headers, from which on each KiB costs as much as a frame: packed ones take half a microsecond a byte."""
_STREAMS_A_FRAME: Final = 10
"""Whose windows are changed at the cost of a frame."""


class Session:
    """`calls` are those that are not over. `now` is when the client was heard last, in seconds of `time.monotonic`, and
    `last` its latest stream. `is_stopping` says that it gets no new calls."""

    __slots__ = (
        "_allowance",
        "_headers",
        "_outlet",
        "_received",
        "_write",
        "calls",
        "is_stopping",
        "last",
        "now",
    )

    def __init__(
        self,
        entries: Mapping[str, Entry],
        common: Common,
        wire: Wire,
        now: float,
        on_over: Callable[[], None],
    ) -> None:
        """`on_over` is called whenever a call is over."""
        self._write = wire.write
        self._outlet = Outlet(wire.write, wire.may_write, common.replies.share())
        wire.on_room = self._outlet.pump
        self._headers = HeaderReader()
        self._allowance = FrameAllowance(now)
        self._received = 0
        self.calls = OpenCalls(entries, common, self._outlet, wire.write, self._allowance, on_over)
        self.last = 0
        self.now = now
        self.is_stopping = False

    def take(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        """Raises ConnectionFault, StreamFault."""
        take = self._TAKERS.get(kind)
        if take is None:
            self._spend()  # it may be of an extension
        else:
            take(self, flags, number, payload)

    def fault(self, number: int, fault: StreamFault) -> None:
        """End the stream, if it has begun. Raises ConnectionFault."""
        self._spend()
        stream = self.calls.find(number)
        if stream is None:
            self._write(frames.rst_stream(number, fault.code))
            self.calls.cut.add(number)
        else:
            stream.reset(fault.code)

    def _spend(self, frames: int = 1) -> None:
        """As for so many."""
        if not self._allowance.spend(self.now, frames):
            raise ConnectionFault(ErrorCode.ENHANCE_YOUR_CALM, "too many frames that ask for nothing")

    # Of calls.

    def _data(self, flags: int, number: int, payload: bytes) -> None:
        size = len(payload)
        self._count(size)
        if flags & frames.PADDED:
            payload = frames.without_padding(flags, payload)
        ends = bool(flags & frames.END_STREAM)
        if len(payload) < _SMALL_DATA and not ends:
            self._allowance.data_sent(self._outlet.sent)
            self._spend()
        stream = self.calls.find(number)
        if stream is None:
            self._pass_over(number, ends=ends)
        elif stream.client_is_done:
            raise StreamFault(ErrorCode.STREAM_CLOSED, "data after the end")
        else:
            self.calls.feed(stream, size, payload, ends=ends)

    def _count(self, size: int) -> None:
        self._received += size
        if self._received > CONNECTION_WINDOW // 2:
            self._write(frames.window_update(0, self._received))
            self._received = 0

    def _begin_or_end(self, flags: int, number: int, block: bytes) -> None:
        ends = bool(flags & frames.END_STREAM)
        if len(block) > _LARGE_BLOCK:
            self._spend(len(block) >> 10)
        if number > self.last:
            self._begin(number, block, ends=ends)
            return
        fields = self._headers.read_more(block)
        stream = self.calls.find(number)
        if stream is None:
            self._spend()
            self._pass_over(number, ends=ends)
        elif stream.client_is_done:
            raise StreamFault(ErrorCode.STREAM_CLOSED, "headers after the end")
        elif not ends:
            raise StreamFault(ErrorCode.PROTOCOL_ERROR, "headers within a request")
        else:
            check_trailers(fields)
            self.calls.feed(stream, 0, b"", ends=True)

    def _begin(self, number: int, block: bytes, *, ends: bool) -> None:
        if not number & 1:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a stream that is not the client's")
        self.last = number
        try:
            head = self._headers.read(block)
        except TooManyHeaders:
            fields = trailers_of(ResourceExhausted("The headers of the call are too large."))
            self._turn_away(
                number,
                answers.refusal(number, fields, self._outlet.take_prefix(), has_begun=False),
                ends=ends,
            )
            return
        if self.is_stopping or len(self.calls) >= MOST_STREAMS or self._outlet.held > _MUCH_HELD:
            raise StreamFault(ErrorCode.REFUSED_STREAM, "no more calls")
        if head.http_status:
            self._turn_away(
                number, answers.http_error(number, head.http_status, self._outlet.take_prefix()), ends=ends
            )
            return
        self.calls.begin(number, head, self.now, ends=ends)

    def _turn_away(self, number: int, answer: bytes, *, ends: bool) -> None:
        """A stream that is no call."""
        self._spend()
        self._write(answer)
        if not ends:
            self._write(frames.rst_stream(number, ErrorCode.NO_ERROR))
            self.calls.cut.add(number)

    def _rst_stream(self, flags: int, number: int, payload: bytes) -> None:
        frames.read_number(payload)
        self._spend()
        self._check_was_begun(number)
        self.calls.cut.discard(number)
        stream = self.calls.find(number)
        if stream is not None:
            stream.drop()

    def _window_update(self, flags: int, number: int, payload: bytes) -> None:
        increment = frames.read_number(payload) & frames.STREAM_BITS
        stream = self.calls.find(number) if number else None
        if increment < _SMALL_INCREMENT or (number and stream is None):
            self._allowance.data_sent(self._outlet.sent)
            self._spend()
        if not number:
            self._outlet.widen(increment)
        elif stream is None:
            self._check_was_begun(number)
        else:
            stream.widen(increment)

    def _priority(self, flags: int, number: int, payload: bytes) -> None:
        """Nobody asks for it any more (RFC 9113, 5.3.2)."""
        self._spend()
        if not number:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a priority of no stream")
        frames.check_size(payload, exactly=frames.PRIORITY_SIZE)

    def _pass_over(self, number: int, *, ends: bool) -> None:
        """It may have been sent before the client knew that the stream is closed."""
        self._check_was_begun(number)
        if number not in self.calls.cut:
            raise ConnectionFault(ErrorCode.STREAM_CLOSED, "a stream that is closed")
        if ends:
            self.calls.cut.discard(number)

    def _check_was_begun(self, number: int) -> None:
        if number > self.last or not number & 1:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a stream that was never begun")

    # Of the connection.

    def _settings(self, flags: int, number: int, payload: bytes) -> None:
        self._spend()
        frames.check_is_of_connection(number)
        if flags & frames.ACK:
            frames.check_size(payload, exactly=0)
            return
        said = checked_settings(payload)
        if Setting.INITIAL_WINDOW_SIZE in said:
            # It is done to each stream.
            self._spend(len(self.calls) // _STREAMS_A_FRAME)
        # Before anything that they allow: some clients wait for it first.
        self._write(frames.SETTINGS_ACK)
        apply_settings(said, self._outlet, self.calls.streams)

    def _push_promise(self, flags: int, number: int, payload: bytes) -> None:
        raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a client cannot push")

    def _ping(self, flags: int, number: int, payload: bytes) -> None:
        self._spend()
        frames.check_is_of_connection(number)
        frames.check_size(payload, exactly=frames.PING_SIZE)
        if not flags & frames.ACK:
            self._write(frames.ping_ack(payload))

    def _goaway(self, flags: int, number: int, payload: bytes) -> None:
        """The client begins no more calls; when it has its answers, it closes the connection."""
        self._spend()
        frames.check_is_of_connection(number)
        frames.check_goaway(payload)

    _TAKERS: ClassVar[Mapping[int, Callable[["Session", int, int, bytes], None]]] = {
        Kind.DATA: _data,
        Kind.HEADERS: _begin_or_end,
        Kind.PRIORITY: _priority,
        Kind.RST_STREAM: _rst_stream,
        Kind.SETTINGS: _settings,
        Kind.PUSH_PROMISE: _push_promise,
        Kind.PING: _ping,
        Kind.GOAWAY: _goaway,
        Kind.WINDOW_UPDATE: _window_update,
    }
