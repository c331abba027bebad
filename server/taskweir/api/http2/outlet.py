"""What a connection may send: no more than the client has said that it takes (RFC 9113, 5.2), nor than the socket does."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from taskweir.api.http2 import answers
from taskweir.api.http2.frames import HEAD, ConnectionFault, ErrorCode, Kind
from taskweir.api.http2.memory import Share

FIRST_WINDOW: Final = 65_535
"""Bytes, of the connection and of each stream, until the client says otherwise."""
LARGEST_WINDOW: Final = (1 << 31) - 1
_MUCH_HELD: Final = 8 << 20
"""Bytes, from which on a client has to read before more is made for it."""
_MOST_TURNS: Final = 8
"""Of a client."""
_USUAL_FRAME: Final = 16 << 10
_LARGEST_FRAME: Final = 256 << 10
_EMPTY_TABLE: Final = b"\x20"
"""Before a block of headers: what it refers to was forgotten (RFC 7541, 6.3)."""
_DATA: Final = int(Kind.DATA)


class Pending:
    """What is to be sent on a stream as its window allows. Where it is the last, trailers end the stream."""

    __slots__ = ("data", "is_last", "offset", "on_sent", "stream", "window")

    def __init__(self, stream: int, window: int, on_sent: Callable[[], None]) -> None:
        """`on_sent` is called whenever nothing is left."""
        self.stream = stream
        self.window = window
        self.data = b""
        self.offset = 0
        self.is_last = False
        self.on_sent = on_sent


class Outlet:
    """Divides the connection's window among its streams, in turns. `stream_window` is what streams begin with; `held`
    is how many bytes wait, `taken` how many went out of those that did, and `sent` grows with each frame of data. `turns`
    are for calls that may be answered with much."""

    __slots__ = (
        "_block_prefix",
        "_frame_size",
        "_may_write",
        "_ready",
        "_replies",
        "_something_left",
        "_waiting",
        "_window",
        "_write",
        "sent",
        "stream_window",
        "taken",
        "turns",
    )

    def __init__(
        self,
        write: Callable[[bytes | memoryview], None],
        may_write: Callable[[], bool],
        replies: Share,
    ) -> None:
        """`may_write` says whether data may be written at this time; `pump` is to be called when it may again. What
        waits is taken of `replies`."""
        self._write = write
        self._may_write = may_write
        self._replies = replies
        self._window = FIRST_WINDOW
        self._frame_size = _USUAL_FRAME
        self._waiting: dict[int, Pending] = {}
        self._ready: OrderedDict[int, Pending] = OrderedDict()
        """Of those that wait, the ones whose own windows are open: who waits for the client costs nothing."""
        self._block_prefix = b""
        self.stream_window = FIRST_WINDOW
        self.taken = 0
        self.sent = 0
        self.turns = asyncio.Semaphore(_MOST_TURNS)
        self._something_left = asyncio.Event()

    @property
    def held(self) -> int:
        return self._replies.held

    # What the client says.

    def widen(self, increment: int) -> None:
        """The connection's window. Raises ConnectionFault."""
        if not increment:
            raise ConnectionFault(ErrorCode.PROTOCOL_ERROR, "a window that grows by nothing")
        self._window += increment
        if self._window > LARGEST_WINDOW:
            raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "a window that is too large")
        self.pump()

    def widen_stream(self, pending: Pending, by: int) -> bool:
        """Or the other way round, where it is less than 0. Whether the window is within its bounds."""
        pending.window += by
        if pending.window > 0 and pending.stream in self._waiting:
            self._ready.setdefault(pending.stream, pending)
        elif pending.window <= 0:
            self._ready.pop(pending.stream, None)
        return pending.window <= LARGEST_WINDOW

    def set_frame_size(self, size: int) -> None:
        """The largest that it takes."""
        self._frame_size = min(size, _LARGEST_FRAME)

    def announce_empty_table(self) -> None:
        """In the next block of headers."""
        self._block_prefix = _EMPTY_TABLE

    # What is sent.

    def take_prefix(self) -> bytes:
        """What the block of headers that is written now begins with."""
        prefix, self._block_prefix = self._block_prefix, b""
        return prefix

    def fits(self, size: int, window: int) -> bool:
        """Whether so many bytes can go out at once, in one frame, on a stream with this window, and headers without a
        prefix."""
        return (
            size <= self._window
            and size <= window
            and size <= self._frame_size
            and not self._ready
            and not self._block_prefix
            and self._may_write()
        )

    def spend(self, size: int) -> None:
        self._window -= size

    def send(self, pending: Pending) -> None:
        """Send what there is, now or when it may be. Raises ResourceExhausted where too much waits already."""
        if not pending.data:
            self._complete(pending)
            return
        self._replies.take(len(pending.data))
        self._waiting[pending.stream] = pending
        if pending.window > 0:
            self._ready[pending.stream] = pending
            self.pump()

    async def room(self) -> None:
        """Wait until the client has read most of what it was answered."""
        while self.held > _MUCH_HELD:
            self._something_left.clear()
            await self._something_left.wait()

    def has(self, pending: Pending) -> bool:
        """Whether some of it still waits."""
        return pending.stream in self._waiting

    def drop(self, pending: Pending) -> None:
        """Nothing of it is sent any more."""
        if self._waiting.pop(pending.stream, None) is not None:
            self._ready.pop(pending.stream, None)
            self._replies.give_back(len(pending.data))
            self._something_left.set()

    def pump(self) -> None:
        """A frame of each stream in turn, until none may send."""
        while self._ready and self._window > 0 and self._may_write():
            stream, pending = self._ready.popitem(last=False)
            self._send_some(pending)
            if pending.window > 0 and stream in self._waiting:
                self._ready[stream] = pending

    def _send_some(self, pending: Pending) -> None:
        left = len(pending.data) - pending.offset
        size = min(left, self._window, pending.window, self._frame_size)
        self._window -= size
        pending.window -= size
        self.taken += size
        self.sent += 1
        begin = pending.offset
        pending.offset += size
        self._write(HEAD.pack(size >> 16, size & 0xFFFF, _DATA, 0, pending.stream))
        self._write(memoryview(pending.data)[begin : pending.offset])
        if size == left:
            self.drop(pending)
            self._complete(pending)

    def _complete(self, pending: Pending) -> None:
        pending.data, pending.offset = b"", 0
        if pending.is_last:
            # Not before: a block of headers says what is true when it is sent.
            self._write(answers.trailers(pending.stream, self.take_prefix()))
        pending.on_sent()
