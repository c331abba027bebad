"""What a connection to the HTTP port may take: time for the head of a request, bytes of it, a place."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage
from tests.api.test_http_connection import Work
from tests.eventually import eventually

from taskweir.api.grpc.relay import Relays
from taskweir.api.grpc_transport import Http2
from taskweir.api.http import connection, reading_side
from taskweir.api.http.reading_side import ReadingSide
from taskweir.api.http.server import HttpServer
from taskweir.api.http2_preface import HTTP2_PREFACE
from taskweir.api.places import Places
from taskweir.api.rest import body
from taskweir.api.rest.answer import error_response
from taskweir.api.rest.body import read_body
from taskweir.domain.errors import DeadlineExceeded

MIB = 1 << 20
GET = b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"

CALL = b"\0\0\1\1\4\0\0\0\1\x82"
"""The frame that begins one."""

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def greet(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text="hello")


class Port:
    def __init__(self, http: HttpServer, stack: contextlib.ExitStack) -> None:
        self.http = http
        self._stack = stack
        self._streams: list[Stream] = []
        """Kept: a connection of which nobody knows any more is closed."""

    async def connect(self, first: bytes = b"") -> Stream:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.http.port)
        self._stack.callback(writer.transport.abort)
        writer.write(first)
        self._streams.append((reader, writer))
        return reader, writer

    async def ask(self) -> Stream:
        """A connection on which one request was answered."""
        reader, writer = await self.connect(GET)
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 ")
        return reader, writer


@contextlib.asynccontextmanager
async def port(
    answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]] = greet,
    most: int = 0,
    http2: Http2 | None = None,
) -> AsyncIterator[Port]:
    http = await HttpServer.start(
        "127.0.0.1", 0, lambda: None, {}, answer, http2=http2, most_connections=most
    )
    try:
        with contextlib.ExitStack() as stack:
            async with asyncio.timeout(10):
                yield Port(http, stack)
    finally:
        await http.stop()


@pytest.mark.parametrize("head", [b"G", b"PRI * HTTP/1.1\r\n", GET[:-2], GET + b"GET /b"])
async def test_a_head_that_does_not_end_in_time_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    """However much of it came; what was asked before is answered."""
    monkeypatch.setattr(connection, "_HEAD_TIME", 0.1)
    async with port() as served:
        reader, writer = await served.connect(head[:-1])
        await asyncio.sleep(0)
        writer.write(head[-1:])
        if head.startswith(GET):
            await reader.readuntil(b"hello")
            writer.write(b" H")
        assert await reader.read() == b""


@pytest.mark.parametrize("after", [b"", b"\r\n", GET[:-2]])
async def test_the_time_of_a_head_ends_with_it(monkeypatch: pytest.MonkeyPatch, after: bytes) -> None:
    """A connection that waits for its next request has the time of those; empty lines are no request."""
    monkeypatch.setattr(connection, "_HEAD_TIME", 600.0)
    async with port() as served:
        reader, writer = await served.connect(GET[:9])
        connections = served.http._connections._http
        await eventually(lambda: [one._head_timer is not None for one in connections.connections] == [True])
        writer.write(GET[9:])
        await reader.readuntil(b"hello")
        writer.write(after)
        await eventually(
            lambda: [one._head_timer is not None for one in connections.connections] == [after == GET[:-2]]
        )


@pytest.mark.parametrize(
    "line", [b"X: a\r\n", b"X: " + b"a" * 2_000 + b"\r\n", b"a"], ids=["small", "large", "of one header"]
)
async def test_a_head_without_an_end_is_refused(line: bytes) -> None:
    """Long before it fills the memory. The answer is lost where more is on its way."""
    async with port() as served:
        reader, writer = await served.connect(GET[:-2])
        flood = line * ((16 << 10) // len(line))
        told = b""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            for _ in range(16 * MIB // len(flood)):
                writer.write(flood)
                await writer.drain()
            told = await reader.read()
        assert not told or told.startswith(b"HTTP/1.1 400 ")
        await eventually(lambda: not served.http._connections._http.connections)


async def test_large_heads_are_read_up_to_the_limit() -> None:
    """Long tokens come in several headers."""
    async with port() as served:
        heads = b"".join(b"X-%d: %b\r\n" % (number, b"a" * 30_000) for number in range(4))
        reader, _ = await served.connect(GET[:-2] + heads + b"\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("reads", [1, 2, 20])
async def test_the_read_that_ends_a_head_counts(reads: int) -> None:
    """The whole is bounded, however it comes."""
    async with port() as served:
        heads = b"".join(b"X-%d: %b\r\n" % (number, b"a" * 27_000) for number in range(5))
        reader, writer = await served.connect()
        head = GET[:-2] + heads + b"\r\n"
        size = -(-len(head) // reads)
        for begin in range(0, len(head), size):
            writer.write(head[begin : begin + size])
            await asyncio.sleep(0)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")


async def test_what_comes_after_a_head_is_not_of_it() -> None:
    """The body that comes with its end, and the next request."""
    async with port(greet_after_body) as served:
        length = 100_000
        header = b"X: %b\r\n" % (b"a" * 60_000)
        head = b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n%b" % (length, header)
        reader, writer = await served.connect(head)
        await asyncio.sleep(0)
        writer.write(b"\r\n" + bytes(length) + GET)
        for _ in range(2):
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 ")


async def greet_after_body(request: web.BaseRequest) -> web.StreamResponse:
    await request.read()
    return web.Response(text="hello")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization : Bearer SECRET\r\n\r\n", "Invalid header token"),
        (b"GET /?access_token=SECRET HTTP/9.1\r\nHost: a\r\n\r\n", "BadStatusLine"),
        (b"GET http://[SECRET/ HTTP/1.1\r\nHost: a\r\n\r\n", "InvalidURLError"),
        (b"GET SECRET HTTP/1.1\r\nHost: a\r\n\r\n", ""),
        (b"SECRET / HTTP/1.1\r\nHost: a\r\n\r\n", ""),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01SECRET\r\n\r\n", ""),
        (GET[:-2] + b"SECRET: " + b"a" * 70_000 + b"\r\n\r\n", "LineTooLong"),
        (GET[:-2] + b"X: " + b"SECRET" * 12_000 + b"\r\n\r\n", "Got more than 65536 bytes when reading"),
    ],
    ids=range(8),
)
async def test_the_log_has_no_word_of_a_malformed_request(
    caplog: pytest.LogCaptureFixture, said: bytes, kind: str
) -> None:
    """At any level: it may be a token. What is wrong is told all the same."""
    with caplog.at_level(logging.DEBUG):
        async with port() as served:
            reader, _ = await served.connect(said)
            assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
    (line,) = (text for text in caplog.messages if text.startswith("a malformed request from 127.0.0.1: "))
    assert kind in line
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Invalid HTTP header: b'Authorization : Bearer SECRET'", "BadHttpMessage: Invalid HTTP header"),
        ('Invalid HTTP header: b"it\'s SECRET"', "BadHttpMessage: Invalid HTTP header"),
        ("Bad status line 'SECRET'", "BadHttpMessage: Bad status line"),
        ("Invalid header token:\n\n  b'SECRET'\n    ^", "BadHttpMessage: Invalid header token"),
        ("Data after `Connection: close`", "BadHttpMessage: Data after"),
        ("'SECRET'", "BadHttpMessage"),
    ],
)
def test_a_fault_is_told_up_to_what_it_quotes(message: str, told: str) -> None:
    """In both ways in which aiohttp's parsers quote."""
    assert connection._kind_of(BadHttpMessage(message), message) == told


class Waiting:
    """A guest of Places."""

    def __init__(self, *, is_idle: bool = True) -> None:
        self.is_idle = is_idle
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


def test_the_guest_that_was_idle_longest_gives_its_place() -> None:
    """One after the other; those that are served keep theirs."""
    places = Places(3)
    first, busy, third, late, later = Waiting(), Waiting(is_idle=False), Waiting(), Waiting(), Waiting()
    assert all(map(places.take, (first, busy, third)))
    places.was_served(first)
    assert places.take(late)
    assert places.take(later)
    assert [guest.aborted for guest in (first, busy, third, late)] == [True, False, True, False]


def test_there_is_no_place_where_all_are_served() -> None:
    """There is one again when a guest leaves, or where there is any number."""
    places = Places(2)
    guests = [Waiting(is_idle=False) for _ in range(2)]
    assert all(map(places.take, guests))
    assert not places.take(Waiting())
    places.leave(guests[0])
    assert places.take(Waiting(is_idle=False))
    assert not places.take(Waiting())
    assert Places(0).take(Waiting())


async def test_idle_connections_make_room() -> None:
    """Those that never said a word, and those that did: a thousand of them keep nobody out."""
    async with port(most=4) as served:
        early = [await served.connect(), await served.ask(), await served.connect(b"GET /slow")]
        for _ in range(10):
            await served.ask()
        for reader, _ in early:
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        assert len(served.http._connections._http.connections) <= 4


async def test_a_connection_that_is_one_too_many_is_told_so() -> None:
    """When all the others are being served."""
    work = Work()
    async with port(work, most=2) as served:
        busy = [await served.connect(GET) for _ in range(2)]
        await eventually(lambda: served.http._connections._http.requests_count == 2)
        reader, _ = await served.connect()
        head, _, text = (await reader.read()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nConnection: close" in head
        assert json.loads(text)["error"]["status"] == "UNAVAILABLE"
        work.let.set()
        for reader, _ in busy:
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What stands in place of gRPC: it never answers."""
    try:
        await reader.read()
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def relaying_port(most: int) -> AsyncIterator[tuple[Port, Relays]]:
    behind = await asyncio.start_server(silent, "127.0.0.1", 0)
    relays = Relays("127.0.0.1", behind.sockets[0].getsockname()[1], most=max(1, most // 2))
    async with port(most=most, http2=relays) as served:
        yield served, relays
    behind.close()


async def test_relayed_connections_get_half_of_the_places() -> None:
    """So that whoever speaks HTTP/1.1 is served, however many calls of gRPC go on."""
    async with relaying_port(4) as (served, relays):
        kept = [await served.connect(HTTP2_PREFACE + CALL) for _ in range(2)]
        await eventually(lambda: relays.running == 2)
        third, _ = await served.connect(HTTP2_PREFACE + CALL)
        with contextlib.suppress(ConnectionResetError):
            assert await third.read() == b""
        for _ in range(5):
            await served.ask()
        assert not any(reader.at_eof() for reader, _ in kept)


async def test_relayed_connections_without_calls_make_room() -> None:
    """For others of their kind."""
    async with relaying_port(4) as (served, relays):
        busy, _ = await served.connect(HTTP2_PREFACE + CALL)
        idle, _ = await served.connect(HTTP2_PREFACE)
        await eventually(lambda: relays.running == 2)
        late, _ = await served.connect(HTTP2_PREFACE + CALL)
        with contextlib.suppress(ConnectionResetError):
            assert await idle.read() == b""
        await eventually(lambda: relays.running == 2)
        assert not busy.at_eof()
        assert not late.at_eof()


async def test_who_does_not_read_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was to be sent."""
    monkeypatch.setattr(reading_side, "_TURN", 0.1)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=bytes(32 * MIB))

    async with port(answer) as served:
        reader, _ = await served.connect(GET)
        await reader.readline()
        await eventually(lambda: not served.http._connections._http.connections)


async def test_who_reads_on_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn by turn, until there is no progress."""
    monkeypatch.setattr(reading_side, "_TURN", 0.01)
    left = [3 * MIB, 2 * MIB, MIB, MIB - 1]
    told: list[int] = []

    class Transport(asyncio.WriteTransport):
        def get_write_buffer_size(self) -> int:
            told.append(left[len(told)])
            return told[-1]

    ended = asyncio.Event()
    ReadingSide(ended.set).is_behind(Transport())
    async with asyncio.timeout(10):
        await ended.wait()
    # Each turn is looked at once at its end and once as the next begins.
    assert told == left


async def test_a_body_that_comes_too_slowly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it never stops for long."""
    monkeypatch.setattr(body, "_GRACE", 0.1)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        try:
            await read_body(request, MIB, None, 600.0)
        except DeadlineExceeded as refusal:
            return error_response(refusal)
        raise AssertionError("the body had an end")

    async with port(answer) as served:
        reader, writer = await served.connect(POST)
        writer.write(b"1\r\nx\r\n")
        head, _, text = (await reader.readuntil(b"}}")).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 504 ")
        assert b"too slowly" in text
