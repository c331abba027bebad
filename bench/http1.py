"""A lean HTTP/1.1 client: one request on a connection at a time, many connections, one POST again and again."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, cast

_LENGTH: Final = b"content-length:"
_OK: Final = b"HTTP/1.1 200 "


class _Connection(asyncio.Protocol):
    def __init__(self, request: bytes, on_answer: Callable[["_Connection", bytes], None]) -> None:
        self._request = request
        self._on_answer = on_answer
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        assert self._transport is not None
        self._transport.write(self._request)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0])
        if len(self._buffer) < end + 4 + length:
            return
        answer = bytes(self._buffer)
        self._buffer.clear()
        self._on_answer(self, answer)


async def repeat_post(url: str, content: bytes, connections: int, seconds: float) -> tuple[int, float]:
    """How many were answered 200 in how many seconds. Raises RuntimeError when one was not."""
    host, _, path = url.removeprefix("http://").partition("/")
    address, _, port = host.rpartition(":")
    request = (
        f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    ).encode() + content
    answered, in_flight, refused = 0, connections, b""
    begin = time.monotonic()
    all_answered = asyncio.Event()

    def on_answer(connection: _Connection, answer: bytes) -> None:
        nonlocal answered, in_flight, refused
        if answer.startswith(_OK):
            answered += 1
        else:
            refused = answer
        if not refused and time.monotonic() - begin < seconds:
            connection.send()
            return
        in_flight -= 1
        connection.close()
        if not in_flight:
            all_answered.set()

    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: _Connection(request, on_answer), address, int(port))
        for _ in range(connections)
    ]
    begin = time.monotonic()
    for _, connection in opened:
        connection.send()
    await all_answered.wait()
    taken = time.monotonic() - begin
    if refused:
        raise RuntimeError(f"a request was refused: {refused[:500]!r}")
    return answered, taken
