"""A handler of tasks that does next to nothing, so that it can take all that a server sends."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self, cast

_TASK: Final = re.compile(rb"(?i)\r\nx-cloudtasks-taskname: *([^\r]+)\r\n")
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
_ANSWERS: Final = {
    200: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    500: b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request that came whole: `wall_us` (microseconds since the epoch) and `monotonic_ns` are when its first
    byte was read, and `status` is what it was answered."""

    task_id: str
    path: bytes
    wall_us: int
    monotonic_ns: int
    status: int


class HttpSink:
    """Keeps every delivery in memory. `answer` says the status, 200 or 500, for a path and a task id."""

    def __init__(self, answer: Callable[[bytes, str], int] = lambda _path, _task_id: 200) -> None:
        self.answer = answer
        self.deliveries: list[Delivery] = []
        self.on_delivery: Callable[[Delivery], None] = lambda _delivery: None
        self.url = ""
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, backlog=4096)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self._connections):
            connection.close()
        await self._server.wait_closed()


class _Connection(asyncio.Protocol):
    def __init__(self, sink: HttpSink) -> None:
        self._sink = sink
        self._buffer = b""
        self._first_byte = (0, 0)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._sink._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._sink._connections.discard(self)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if not self._buffer:
            self._first_byte = (time.time_ns() // 1_000, time.monotonic_ns())
        self._buffer += data
        # One request at a time: whoever calls waits for the answer before the next.
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[: end + 2]
        length = _LENGTH.search(head)
        if len(self._buffer) < end + 4 + (int(length[1]) if length else 0):
            return
        self._buffer = b""
        self._accept(head)

    def _accept(self, head: bytes) -> None:
        name = _TASK.search(head)
        task_id = name[1].decode() if name else ""
        path = head.split(b" ", 2)[1]
        status = self._sink.answer(path, task_id)
        delivery = Delivery(task_id, path, *self._first_byte, status)
        self._sink.deliveries.append(delivery)
        assert self._transport is not None
        self._transport.write(_ANSWERS[status])
        self._sink.on_delivery(delivery)
