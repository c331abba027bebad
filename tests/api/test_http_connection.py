"""Connections over HTTP/1.1 on which something goes wrong after the request has begun, or on which its client says no
more."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from tests.eventually import eventually

from taskweir.api.http import connection
from taskweir.api.http.server import HttpServer
from taskweir.api.rest.answer import error_response
from taskweir.api.rest.body import read_body
from taskweir.domain.errors import InvalidArgument

MIB = 1 << 20
GET = b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
ASKS = b"POST /a HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
IN_CHUNKS = ASKS + b"Transfer-Encoding: chunked\r\n\r\n"
GOES_ON = b"HTTP/1.1 100 Continue\r\n\r\n"

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Client:
    """A connection to a server of its own."""

    def __init__(self, http: HttpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.http = http
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Each for the server to read by itself."""
        for piece in pieces:
            self.writer.write(piece)
            for _ in range(3):
                await asyncio.sleep(0)

    async def send_body(self, head: bytes, *pieces: bytes) -> None:
        """As the server reads it."""
        self.writer.write(head)
        assert await self.reader.readexactly(len(GOES_ON)) == GOES_ON
        await self.send(*pieces)

    async def statuses(self) -> list[bytes]:
        """Of all answers until the server ends the connection."""
        lines = (await self.reader.read()).split(b"\r\n")
        return [line for line in lines if line.startswith(b"HTTP/")]

    async def until_it_is_gone(self) -> None:
        """For the server."""
        await eventually(lambda: not self.http._connections._http.connections)


@contextlib.asynccontextmanager
async def connected(answer: Answer) -> AsyncIterator[Client]:
    http = await HttpServer.start("127.0.0.1", 0, lambda: None, {}, answer)
    reader, writer = await asyncio.open_connection("127.0.0.1", http.port)
    try:
        async with asyncio.timeout(10):
            yield Client(http, reader, writer)
    finally:
        writer.transport.abort()
        await http.stop()


async def read(request: web.BaseRequest) -> web.StreamResponse:
    try:
        body = await read_body(request, MIB, None, 600.0)
    except InvalidArgument as refusal:
        return error_response(refusal)
    return web.Response(body=body)


class Work:
    """Goes on until it is let end, or cancelled."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.begun.set()
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return web.Response()


@pytest.mark.parametrize(
    "rest",
    [
        b"2\r\n{}x\r\n",
        b"zz\r\n",
        b"FFFFFFFFFFFFFFFFF\r\n",
        b"2\r\n{}\r\n0\r\n" + b"T: x\r\n" * 200 + b"\r\n",
        b"2\r\n{}\r\n0\r\nT: " + b"x" * 70_000 + b"\r\n\r\n",
        b"2\r\n{}\r\n0\r\n no\r\n\r\n",
    ],
    ids=["too long", "no length", "a length past all", "200 trailers", "a trailer of 70 kB", "no trailer"],
)
async def test_a_fault_that_comes_while_a_body_is_read_is_refused_at_once(rest: bytes) -> None:
    """Once, and that ends the connection."""
    async with connected(read) as client:
        await client.send_body(IN_CHUNKS, rest)
        answer = await client.reader.read()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"\r\nConnection: close\r\n" in answer
        assert answer.count(b"HTTP/1.1 ") == 1
        await client.until_it_is_gone()


async def test_a_fault_in_the_body_of_a_request_that_waits_is_its_own() -> None:
    """The one before it is answered as ever."""
    work = Work()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return await (work if request.method == "GET" else read)(request)

    async with connected(answer) as client:
        await client.send(GET)
        await work.begun.wait()
        await client.send(IN_CHUNKS.replace(b"Expect: 100-continue\r\n", b""), b"2\r\n{}x\r\n")
        work.let.set()
        assert await client.statuses() == [b"HTTP/1.1 200 OK", b"HTTP/1.1 400 Bad Request"]


async def test_nonsense_after_a_request_is_refused_after_its_answer() -> None:
    """Once, however much there is of it."""
    work = Work()
    async with connected(work) as client:
        await client.send(GET, *[b"nonsense\r\n\r\n"] * 50)
        work.let.set()
        assert await client.statuses() == [b"HTTP/1.1 200 OK", b"HTTP/1.1 400 Bad Request"]


@pytest.mark.parametrize("head", [GET, IN_CHUNKS], ids=["after a request", "in a body"])
async def test_a_client_that_leaves_after_nonsense_is_gone(
    monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    """For the server too: it reads on, so as to see that."""
    monkeypatch.setattr(connection, "_ALL_SAID", 0.05)
    work = Work()
    async with connected(work) as client:
        await client.send(head)
        await work.begun.wait()
        await client.send(*[b"nonsense\r\n\r\n"] * 50)
        client.writer.transport.abort()
        await work.cancelled.wait()


@pytest.mark.parametrize("version", [b" HTTP/0.9", b" HTTP/2.0", b" HTTP/1.2", b" HTTP/3", b""])
async def test_other_versions_are_refused_in_one_that_is_spoken(version: bytes) -> None:
    """And that ends the connection."""
    async with connected(read) as client:
        await client.send(b"GET /a" + version + b"\r\nHost: localhost\r\n\r\n")
        assert await client.statuses() == [b"HTTP/1.1 400 Bad Request"]


async def test_who_speaks_the_version_before_is_answered_in_it() -> None:
    """And the connection ends, as it does there."""
    async with connected(read) as client:
        await client.send(b"GET /a HTTP/1.0\r\n\r\n")
        assert await client.statuses() == [b"HTTP/1.0 200 OK"]


@pytest.mark.parametrize("number", [1, 3, 100])
async def test_a_client_that_says_no_more_is_answered(number: int) -> None:
    """All that it has asked; then the connection ends at once."""
    async with connected(read) as client:
        client.writer.write(GET * number)
        client.writer.write_eof()
        assert await client.statuses() == [b"HTTP/1.1 200 OK"] * number
        assert client.http._connections._http.requests_count == number


async def test_a_client_that_says_no_more_while_it_is_answered_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With word that it was the last."""
    monkeypatch.setattr(connection, "_ALL_SAID", 600.0)
    work = Work()
    async with connected(work) as client:
        await client.send(GET)
        await work.begun.wait()
        client.writer.write_eof()
        await eventually(lambda: [one._close for one in client.http._connections._http.connections] == [True])
        work.let.set()
        answer = await client.reader.read()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize(
    "part", [b"", GET[:-2], b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n{}"]
)
async def test_who_says_no_more_within_a_request_has_left(
    monkeypatch: pytest.MonkeyPatch, part: bytes
) -> None:
    """There is nothing that could be answered."""
    monkeypatch.setattr(connection, "_ALL_SAID", 600.0)
    async with connected(read) as client:
        await client.send(part)
        client.writer.write_eof()
        assert await client.reader.read() == b""


@pytest.mark.parametrize("requests", [1, 2])
async def test_long_work_for_a_client_that_says_no_more_is_cancelled(
    monkeypatch: pytest.MonkeyPatch, requests: int
) -> None:
    """It may have left, which looks alike."""
    monkeypatch.setattr(connection, "_ALL_SAID", 0.05)
    work = Work()
    async with connected(work) as client:
        client.writer.write(GET * requests)
        await work.begun.wait()
        client.writer.write_eof()
        assert await client.reader.read() == b""
        await work.cancelled.wait()
        await client.until_it_is_gone()


async def test_a_long_answer_for_a_client_that_says_no_more_is_sent_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was given in time."""
    monkeypatch.setattr(connection, "_ALL_SAID", 0.0)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=bytes(32 * MIB))

    async with connected(answer) as client:
        client.writer.write(GET)
        client.writer.write_eof()
        await client.reader.readuntil(b"\r\n\r\n")
        assert len(await client.reader.readexactly(32 * MIB)) == 32 * MIB
