"""The HTTP port for who speaks HTTP/2 to it: bytes go to another port and come back, and nothing is left behind."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from aiohttp import web
from tests.eventually import eventually

from taskweir.api.certificate import Certificate
from taskweir.api.grpc.relay import Relays
from taskweir.api.http.connection import SILENCE
from taskweir.api.http.server import HttpServer
from taskweir.api.http2_preface import HTTP2_PREFACE
from taskweir.api.places import Places
from taskweir.api.tls_listener import Handshake

MIB = 1 << 20

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass
class Ports:
    """An HTTP port, and what stands behind it in place of gRPC."""

    http: HttpServer
    relays: Relays
    behind: asyncio.Server

    def seen(self, first: bytes) -> bool:
        """Whether a connection that has said just that waits to be served."""
        return first in [waiting._seen for waiting in self.http._connections._waiting]

    def is_relayed(self) -> bool:
        return any(relay._grpc for relay in self.relays._running)

    async def connect(self, first: bytes = b"", tls: ssl.SSLContext | None = None) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.http.port, ssl=tls))
        client.writer.write(first)
        return client


@contextlib.asynccontextmanager
async def ports(
    talk: Talk,
    silence: float = SILENCE,
    certificate: Certificate | None = None,
    behind_shows: Certificate | None = None,
) -> AsyncIterator[Ports]:
    """`talk` is what the port behind does with a connection. With a certificate both ports speak TLS; the one behind
    may have another."""
    talks = set()

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        talks.add(task)
        try:
            await talk(reader, writer)
        finally:
            writer.close()
            talks.discard(task)

    shown = behind_shows or certificate
    tls = shown.for_http() if shown is not None else None
    behind = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=tls)
    port = behind.sockets[0].getsockname()[1]
    relays = Relays("127.0.0.1", port, certificate)
    http = await HttpServer.start(
        "127.0.0.1",
        0,
        lambda: None,
        {},
        answer,
        http2=relays,
        certificate=certificate,
        silence=silence,
    )
    try:
        yield Ports(http, relays, behind)
    finally:
        behind.close()
        for task in tuple(talks):
            assert task is not None
            task.cancel()
        await asyncio.gather(*filter(None, talks), return_exceptions=True)
        async with asyncio.timeout(10):
            await http.stop()


async def answer(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text=f"{request.method} {request.rel_url.raw_path} {await request.text()}")


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def test_http2_goes_to_the_port_behind() -> None:
    """From its first byte on, whatever follows it in one piece."""
    async with ports(echo) as served:
        client = await served.connect(HTTP2_PREFACE + b"hello")
        assert await client.reader.readexactly(len(HTTP2_PREFACE) + 5) == HTTP2_PREFACE + b"hello"
        client.writer.write(b"more")
        assert await client.reader.readexactly(4) == b"more"
        client.writer.close()


async def test_the_first_bytes_may_come_one_at_a_time() -> None:
    """Those of HTTP/2."""
    async with ports(echo) as served:
        client = await served.connect()
        for number in range(len(HTTP2_PREFACE)):
            client.writer.write(HTTP2_PREFACE[number : number + 1])
            await client.writer.drain()
            await asyncio.sleep(0)
        assert await client.reader.readexactly(len(HTTP2_PREFACE)) == HTTP2_PREFACE
        client.writer.close()


@pytest.mark.parametrize("head", ["GET /a", "POST /a", "PUT /a", "PATCH /a", "PROPFIND /a"])
@pytest.mark.parametrize("size", [1, 1000])
async def test_all_else_is_http(head: str, size: int) -> None:
    """However it comes."""
    request = f"{head} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok".encode()
    async with ports(echo) as served:
        client = await served.connect()
        for start in range(0, len(request), size):
            client.writer.write(request[start : start + size])
            await client.writer.drain()
            await asyncio.sleep(0)
        assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
        expected = f"{head} ok".encode()
        assert await client.reader.readexactly(len(expected)) == expected
        client.writer.close()


@pytest.mark.parametrize("first", [b"P\r\n\r\n", b"PRI\r\n\r\n", HTTP2_PREFACE[:-1] + b"x\r\n\r\n"])
async def test_what_only_looks_like_http2_is_refused(first: bytes) -> None:
    """As any other nonsense is."""
    async with ports(echo) as served:
        client = await served.connect(first)
        assert (await client.reader.read()).startswith(b"HTTP/1.1 400 ")
        client.writer.close()


async def test_a_silent_connection_is_ended_and_costs_no_task() -> None:
    """So is one that stops within the first bytes."""
    async with ports(echo, silence=0.2) as served:
        clients = [await served.connect(first) for first in (b"", b"PRI", HTTP2_PREFACE[:-1])]
        tasks = len(asyncio.all_tasks())
        for client in clients:
            with contextlib.suppress(ConnectionResetError):
                assert await client.reader.read() == b""
            assert len(asyncio.all_tasks()) <= tasks
            client.writer.close()


async def test_a_client_that_says_all_still_hears_the_answer() -> None:
    """Each way ends by itself."""

    async def answer_at_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read())

    async with ports(answer_at_the_end) as served:
        client = await served.connect(HTTP2_PREFACE)
        client.writer.write_eof()
        assert await client.reader.read() == HTTP2_PREFACE
        client.writer.close()


async def test_a_client_hears_the_last_words() -> None:
    """Though it goes on talking to who does not listen any more."""

    async def say_goodbye(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HTTP2_PREFACE))
        writer.write(b"x" * MIB + b"goodbye")

    async with ports(say_goodbye) as served:
        client = await served.connect(HTTP2_PREFACE)
        await eventually(lambda: [relay._grpc_said_all for relay in served.relays._running] == [True])
        client.writer.write(b"y" * 4 * MIB)
        await client.writer.drain()
        assert (await client.reader.read()).endswith(b"goodbye")
        client.writer.close()


async def test_a_client_that_breaks_off_is_gone_for_gRPC_too() -> None:  # noqa: N802 - its name
    """At once, so that work nobody waits for is not done."""
    gone = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"here")
        with contextlib.suppress(ConnectionError):
            await reader.read()
        gone.set()

    async with ports(wait) as served:
        client = await served.connect(HTTP2_PREFACE)
        await client.reader.readexactly(4)
        client.writer.transport.abort()
        async with asyncio.timeout(10):
            await gone.wait()


async def test_a_connection_that_grpc_breaks_off_ends() -> None:
    """Nobody waits for what does not come."""

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HTTP2_PREFACE))
        writer.transport.abort()

    async with ports(break_off) as served:
        client = await served.connect(HTTP2_PREFACE)
        async with asyncio.timeout(10):
            assert await client.reader.read() == b""
        client.writer.close()


async def test_without_grpc_a_connection_ends() -> None:
    """It has stopped, or cannot take more."""
    async with ports(echo) as served:
        served.behind.close()
        await served.behind.wait_closed()
        client = await served.connect(HTTP2_PREFACE)
        async with asyncio.timeout(10):
            assert await client.reader.read() == b""
        client.writer.close()


class Flood:
    """Sends far more than all buffers on the way can hold."""

    size = 96 * MIB

    def __init__(self) -> None:
        self.sent = 0

    async def send(self, writer: asyncio.StreamWriter) -> None:
        chunk = b"x" * (MIB // 4)
        while self.sent < self.size:
            writer.write(chunk)
            await writer.drain()
            self.sent += len(chunk)

    async def until_it_stands(self) -> None:
        """Nothing more was taken in a good while, or all was."""
        seen, times = -1, 0

        def stands() -> bool:
            nonlocal seen, times
            times = times + 1 if seen == self.sent else 0
            seen = self.sent
            return times > 200

        await eventually(stands)


async def test_a_client_that_never_reads_fills_no_memory() -> None:
    """gRPC is read no faster than the client reads; nothing is lost of what it reads later."""
    flood = Flood()

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await flood.send(writer)

    async with ports(send) as served:
        client = await served.connect(HTTP2_PREFACE)
        await flood.until_it_stands()
        assert 0 < flood.sent < flood.size / 2
        received = 0
        while data := await client.reader.read(MIB):
            received += len(data)
        assert received == flood.size
        client.writer.close()


async def test_what_grpc_does_not_read_fills_no_memory() -> None:
    """The client is read no faster than gRPC reads."""
    flood = Flood()
    let = asyncio.Event()
    received = 0

    async def read_later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        await let.wait()
        while data := await reader.read(MIB):
            received += len(data)

    async with ports(read_later) as served:
        client = await served.connect(HTTP2_PREFACE)
        sending = asyncio.create_task(flood.send(client.writer))
        await flood.until_it_stands()
        assert 0 < flood.sent < flood.size / 2
        let.set()
        await sending
        client.writer.write_eof()
        assert await client.reader.read() == b""
        assert received == flood.size + len(HTTP2_PREFACE)
        client.writer.close()


@pytest.mark.parametrize("first", [b"", b"PRI", HTTP2_PREFACE])
async def test_nothing_outlives_a_stop(first: bytes) -> None:
    """Whoever does not leave by itself is made to, within a moment."""
    before = len(asyncio.all_tasks())
    async with ports(silent) as served:
        client = await served.connect(first)
        await eventually(lambda: served.seen(first) or served.is_relayed())
        async with asyncio.timeout(10):
            await served.http.stop()
            with contextlib.suppress(ConnectionResetError):
                assert await client.reader.read() == b""
        client.writer.close()
    await eventually(lambda: len(asyncio.all_tasks()) == before)


async def test_a_stop_passes_the_last_words_on() -> None:
    """And does not wait for the client to close then."""
    let = asyncio.Event()

    async def say_goodbye(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await let.wait()
        writer.write(b"goodbye")

    async with ports(say_goodbye) as served:
        client = await served.connect(HTTP2_PREFACE)
        await client.reader.readexactly(5)
        stop = asyncio.create_task(served.http.stop())
        let.set()
        async with asyncio.timeout(10):
            await stop
            assert await client.reader.read() == b"goodbye"
        client.writer.close()


async def test_nothing_is_relayed_after_a_stop() -> None:
    """Not even what had connected before."""
    async with ports(echo) as served:
        relays = Relays("127.0.0.1", 1)
        await relays.stop(1)
        client = await served.connect()
        places, guest = Places(0), Handshake(client.writer.get_extra_info("socket"))
        relays.begin(client.writer.transport, HTTP2_PREFACE, places, guest)
        assert client.writer.transport.is_closing()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::", "localhost"])
async def test_it_finds_what_listens_on(host: str) -> None:
    """The addresses that mean all of a machine's are none that could be connected to everywhere."""

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await echo(reader, writer)
        writer.close()

    behind = await asyncio.start_server(begin, host, 0)
    port = behind.sockets[0].getsockname()[1]
    http = await HttpServer.start(host, 0, lambda: None, {}, answer, http2=Relays(host, port))
    reader, writer = await asyncio.open_connection("::1" if ":" in host else "localhost", http.port)
    writer.write(HTTP2_PREFACE)
    assert await reader.readexactly(len(HTTP2_PREFACE)) == HTTP2_PREFACE
    writer.close()
    behind.close()
    await http.stop()
