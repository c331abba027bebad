"""A lean gRPC client: one HTTP/2 connection, one method, many calls at once.

grpc.aio's client costs about as much a call as the server it calls, so with it two processors measure the client.
This one costs a tenth. It does what a unary call needs and no more; a call succeeded when a message came back.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Final, Self, cast

from bench.hpack import first_block, later_block


class _Kind(IntEnum):
    """Of frames: RFC 9113, 6."""

    DATA = 0
    HEADERS = 1
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    WINDOW_UPDATE = 8


_END_STREAM: Final = 0x1
_ACK: Final = 0x1
_END_HEADERS: Final = 0x4
_LARGEST_WINDOW: Final = 2**31 - 1
_FIRST_WINDOW: Final = 65_535
_LARGEST_FRAME: Final = 16_384
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_INITIAL_WINDOW_SETTING: Final = (4).to_bytes(2, "big")


class Caller(asyncio.Protocol):
    """`on_answer` is told of every call that ended: its number, and the message that came back, None when it failed.

    The server's window for a stream is taken to be large enough for one request: 64 KiB, unless it says otherwise.
    """

    def __init__(
        self, headers: Sequence[tuple[str, str]], on_answer: Callable[[int, bytes | None], None]
    ) -> None:
        self._on_answer = on_answer
        self._block = first_block(headers)
        self._later_block = later_block(headers)
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._next_stream = 1
        self._answers: dict[int, bytearray] = {}
        self._window = _FIRST_WINDOW
        self._blocked: deque[tuple[bytes, int]] = deque()

    @classmethod
    async def connect(
        cls,
        address: str,
        method: str,
        routing: str,
        on_answer: Callable[[int, bytes | None], None],
    ) -> Self:
        """`method` is SERVICE/METHOD, and `routing` what goes into the routing header."""
        host, _, port = address.rpartition(":")
        headers = _headers(address, method, routing)
        _, caller = await asyncio.get_running_loop().create_connection(
            lambda: cls(headers, on_answer), host, int(port)
        )
        return caller

    def call(self, message: bytes) -> int:
        """Begin a call; its number."""
        stream = self._next_stream
        self._next_stream += 2
        self._answers[stream] = bytearray()
        body = b"\x00" + len(message).to_bytes(4, "big") + message
        frames = _frame(_Kind.HEADERS, _END_HEADERS, stream, self._block) + _data_frames(stream, body)
        self._block = self._later_block
        self._blocked.append((frames, len(body)))
        self._send_blocked()
        return stream

    def close(self) -> None:
        assert self._transport is not None
        self._transport.abort()

    # The protocol.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        settings = _INITIAL_WINDOW_SETTING + _LARGEST_WINDOW.to_bytes(4, "big")
        window = (_LARGEST_WINDOW - _FIRST_WINDOW).to_bytes(4, "big")
        self._write(
            _PREFACE + _frame(_Kind.SETTINGS, 0, 0, settings) + _frame(_Kind.WINDOW_UPDATE, 0, 0, window)
        )

    def connection_lost(self, error: Exception | None) -> None:
        for stream in list(self._answers):
            self._answers.pop(stream)
            self._on_answer(stream, None)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= 9:
            length = int.from_bytes(buffer[start : start + 3], "big")
            end = start + 9 + length
            if len(buffer) < end:
                break
            stream = int.from_bytes(buffer[start + 5 : start + 9], "big")
            self._frame_received(buffer[start + 3], buffer[start + 4], stream, buffer[start + 9 : end])
            start = end
        del buffer[:start]

    def _frame_received(self, kind: int, flags: int, stream: int, payload: bytearray) -> None:
        match kind:
            case _Kind.DATA | _Kind.HEADERS:
                if kind == _Kind.DATA:
                    self._answers[stream] += payload
                if flags & _END_STREAM:
                    self._end(stream)
            case _Kind.RST_STREAM:
                self._answers[stream].clear()
                self._end(stream)
            case _Kind.SETTINGS if not flags & _ACK:
                self._write(_frame(_Kind.SETTINGS, _ACK, 0, b""))
            case _Kind.PING if not flags & _ACK:
                self._write(_frame(_Kind.PING, _ACK, 0, bytes(payload)))
            case _Kind.WINDOW_UPDATE if stream == 0:
                self._window += int.from_bytes(payload, "big")
                self._send_blocked()

    def _write(self, frames: bytes) -> None:
        assert self._transport is not None
        self._transport.write(frames)

    def _send_blocked(self) -> None:
        """In the order of the calls: the first one's headers fill the table that the others refer to."""
        while self._blocked and self._window >= self._blocked[0][1]:
            frames, size = self._blocked.popleft()
            self._window -= size
            self._write(frames)

    def _end(self, stream: int) -> None:
        answer = self._answers.pop(stream)
        self._on_answer(stream, bytes(answer[5:]) if answer else None)


def _headers(address: str, method: str, routing: str) -> Sequence[tuple[str, str]]:
    """What the official SDK sends with a call."""
    return (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", f"/{method}"),
        (":authority", address),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", "grpc-python-asyncio/1.85.1 grpc-c/53.1.0 (linux; chttp2)"),
        ("grpc-accept-encoding", "identity, deflate, gzip"),
        ("grpc-timeout", "20S"),
        ("x-goog-request-params", routing),
        ("x-goog-api-client", "gl-python/3.11.7 grpc/1.85.1 gax/2.44.0 gapic/2.26.0"),
    )


def _data_frames(stream: int, body: bytes) -> bytes:
    parts = [body[start : start + _LARGEST_FRAME] for start in range(0, len(body), _LARGEST_FRAME)]
    last = len(parts) - 1
    return b"".join(
        _frame(_Kind.DATA, _END_STREAM if place == last else 0, stream, part)
        for place, part in enumerate(parts)
    )


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload
