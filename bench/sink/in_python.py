"""`python -m bench.sink.in_python`: what sink.c does, for machines without a C compiler; it costs some ten times as much."""

import asyncio
import re
import time
from struct import Struct
from typing import Final, cast

import uvloop

_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
_NUMBER: Final = re.compile(rb"(\d+)$")
_ACCEPTED: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_ARRIVAL: Final = Struct("=3q")


class _Connection(asyncio.Protocol):
    """One request at a time: whoever calls waits for the answer before the next."""

    arrivals = bytearray()

    def __init__(self) -> None:
        self._buffer = b""
        self._first_byte = (0, 0)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self._buffer:
            self._first_byte = (time.monotonic_ns(), time.time_ns())
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._buffer, 0, end + 2)
        if len(self._buffer) < end + 4 + (int(length[1]) if length else 0):
            return
        path = self._buffer.split(b" ", 2)[1]
        self._buffer = b""
        assert self._transport is not None
        self._transport.write(self._answer(path))

    def _answer(self, path: bytes) -> bytes:
        if path == b"/sink/count":
            return _with_body(b"%d" % (len(self.arrivals) // _ARRIVAL.size))
        if path == b"/sink/take":
            taken = bytes(self.arrivals)
            self.arrivals.clear()
            return _with_body(taken)
        number = _NUMBER.search(path)
        self.arrivals.extend(_ARRIVAL.pack(int(number[1]) if number else -1, *self._first_byte))
        return _ACCEPTED


def _with_body(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", 0, backlog=4096)
    print(f"ready http=127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
