"""A lean gRPC client: one HTTP/2 connection, one method, many calls at once.

grpc.aio's client costs about as much a call as the server it calls, so with it two processors measure the client.
This one costs a tenth. It does what a unary call needs and no more; a call succeeded when a message came back.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
_MANY_STREAMS: Final = 100
"""At a time, until the server says how many it takes: what RFC 9113, 6.5.2, holds for the least."""
_STREAMS_SETTING: Final = (3).to_bytes(2, "big")
_INITIAL_WINDOW_SETTING: Final = (4).to_bytes(2, "big")


@dataclass(slots=True)
class _Body:
    """Of a request that the windows have no room for all at once."""

    stream: int
    content: bytes
    sent: int = 0


class Caller(asyncio.Protocol):
    """`on_answer` is told of every call that ended: its number, and the message that came back, None when it failed."""

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
        self._stream_window = _FIRST_WINDOW
        self._extra: dict[int, int] = {}
        """What a stream may send beyond the window that every stream has."""
        self._open = 0
        self._most_open = _MANY_STREAMS
        self._waiting: deque[_Body] = deque()
        self._unsent: deque[_Body] = deque()

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
        """Begin a call, or put it off while there are as many as the server takes at a time; its number."""
        stream = self._next_stream
        self._next_stream += 2
        self._answers[stream] = bytearray()
        self._waiting.append(_Body(stream, b"\x00" + len(message).to_bytes(4, "big") + message))
        self._open_waiting()
        return stream

    def _open_waiting(self) -> None:
        while self._waiting and self._open < self._most_open:
            body = self._waiting.popleft()
            self._open += 1
            self._begin(body)

    def _begin(self, body: "_Body") -> None:
        headers = _frame(_Kind.HEADERS, _END_HEADERS, body.stream, self._block)
        self._block = self._later_block
        size = len(body.content)
        if size <= self._window and size <= self._stream_window and not self._unsent:
            self._window -= size
            self._write(headers + _data_frames(body.stream, body.content, is_end=True))
            return
        self._write(headers)
        self._unsent.append(body)
        self._send_unsent()

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
            case _Kind.RST_STREAM if stream in self._answers:
                self._answers[stream].clear()
                self._end(stream)
            case _Kind.SETTINGS if not flags & _ACK:
                self._heed(payload)
                self._write(_frame(_Kind.SETTINGS, _ACK, 0, b""))
                self._send_unsent()
                self._open_waiting()
            case _Kind.PING if not flags & _ACK:
                self._write(_frame(_Kind.PING, _ACK, 0, bytes(payload)))
            case _Kind.WINDOW_UPDATE if stream == 0:
                self._window += int.from_bytes(payload, "big")
                self._send_unsent()
            case _Kind.WINDOW_UPDATE if stream in self._answers:
                self._extra[stream] = self._extra.get(stream, 0) + int.from_bytes(payload, "big")
                self._send_unsent()

    def _write(self, frames: bytes) -> None:
        assert self._transport is not None
        self._transport.write(frames)

    def _heed(self, settings: bytearray) -> None:
        for start in range(0, len(settings), 6):
            name, value = settings[start : start + 2], int.from_bytes(settings[start + 2 : start + 6], "big")
            if name == _INITIAL_WINDOW_SETTING:
                self._stream_window = value
            elif name == _STREAMS_SETTING:
                self._most_open = value

    def _send_unsent(self) -> None:
        """What the windows allow, in turn: a stream whose own window is full does not hold up the others."""
        for _ in range(len(self._unsent)):
            body = self._unsent.popleft()
            if body.stream not in self._answers:
                continue  # it was refused before it was sent
            room = min(self._window, self._stream_window + self._extra.get(body.stream, 0) - body.sent)
            part = body.content[body.sent : body.sent + max(0, room)]
            if part:
                body.sent += len(part)
                self._window -= len(part)
                is_end = body.sent == len(body.content)
                self._write(_data_frames(body.stream, part, is_end=is_end))
            if body.sent < len(body.content):
                self._unsent.append(body)

    def _end(self, stream: int) -> None:
        answer = self._answers.pop(stream)
        self._extra.pop(stream, None)
        self._open -= 1
        self._open_waiting()
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


def _data_frames(stream: int, body: bytes, *, is_end: bool) -> bytes:
    parts = [body[start : start + _LARGEST_FRAME] for start in range(0, len(body), _LARGEST_FRAME)]
    last = len(parts) - 1
    return b"".join(
        _frame(_Kind.DATA, _END_STREAM if is_end and place == last else 0, stream, part)
        for place, part in enumerate(parts)
    )


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload
