"""A target that keeps the exact bytes it was sent, and answers with the exact bytes it was told."""

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, Self

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HANG: Final = b"hang"
"""Not an answer: the target says nothing until the other side closes."""

_RESET: Final = struct.pack("ii", 1, 0)
"""A linger of no seconds: the close is a reset."""


class RawTarget:
    """`answers` are given in turn, the last one for ever; a connection ends with an answer in `closing`."""

    def __init__(self, answers: Sequence[bytes] = (OK,), *, closing: bool = False, resetting: bool = False):
        self.answers = list(answers)
        self.closing = closing or resetting
        self.resetting = resetting
        self.received: list[bytes] = []
        self.connections = 0
        self.closed = 0
        self.port = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @classmethod
    @asynccontextmanager
    async def serving(
        cls,
        *answers: bytes,
        closing: bool = False,
        resetting: bool = False,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> AsyncIterator[Self]:
        """The target, on a free port if no other is asked for."""
        target = cls(answers or (OK,), closing=closing, resetting=resetting)
        server = await asyncio.start_server(target._accept, host, port, ssl=tls)
        target.port = server.sockets[0].getsockname()[1]
        try:
            yield target
        finally:
            server.close()
            await target._drop_connections()
            await server.wait_closed()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def _drop_connections(self) -> None:
        for writer in self._open.values():
            writer.transport.abort()
        await asyncio.gather(*self._open)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # how a kept connection ends
        finally:
            del self._open[task]
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.closed += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            self.received.append(await _read_request(reader))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer is HANG:
                await reader.read()
                return
            await self.may_answer.wait()
            writer.write(answer)
            await writer.drain()
            if self.resetting:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()
            if self.closing:
                return


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)\r\n", head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")
