"""Connections under TLS that are not encrypted yet: they count, and those that say nothing give way."""

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvloop
from aiohttp import web
from tests.api.own_certificates import own_certificate
from tests.eventually import eventually

from taskweir.api import tls_listener
from taskweir.api.certificate import Certificate
from taskweir.api.http.server import HttpServer

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    """On either event loop."""
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner


class Waiting:
    """An answer that is waited for."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked += 1
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")


@asynccontextmanager
async def serving(tmp_path: Path, most: int = 0, rest: Waiting | None = None) -> AsyncIterator[HttpServer]:
    files = own_certificate(tmp_path)
    http = await HttpServer.start(
        "127.0.0.1",
        0,
        lambda: None,
        {},
        rest or Waiting(),
        certificate=Certificate(files.certificate, files.key),
        most_connections=most,
    )
    try:
        async with asyncio.timeout(15):
            yield http
    finally:
        await http.stop()


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def say(http: HttpServer, words: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", http.port, ssl=trusting())
    writer.write(words)
    return reader, writer


async def is_served(http: HttpServer) -> bool:
    reader, writer = await say(http, GET)
    line = await reader.readline()
    writer.transport.abort()
    return line == b"HTTP/1.1 200 OK\r\n"


async def ends(silent: socket.socket) -> bool:
    silent.setblocking(False)
    with suppress(ConnectionResetError):
        return await asyncio.get_running_loop().sock_recv(silent, 1) == b""
    return True


def test_handshakes_have_places_and_the_longest_silent_gives_way(
    runner: asyncio.Runner, tmp_path: Path
) -> None:
    """A thousand of them keep nobody out."""

    async def besiege() -> None:
        async with serving(tmp_path, most=4) as http:
            with ExitStack() as stack:
                silent = [
                    stack.enter_context(socket.create_connection(("127.0.0.1", http.port))) for _ in range(20)
                ]
                assert await is_served(http)
                for one in silent[:16]:
                    assert await ends(one)
                assert await is_served(http)

    runner.run(besiege())


def test_one_too_many_is_not_served_when_all_others_are(runner: asyncio.Runner, tmp_path: Path) -> None:
    """Nothing can be said to it before the handshake. There is room again when another has left."""

    async def crowd() -> None:
        rest = Waiting()
        async with serving(tmp_path, most=2, rest=rest) as http:
            busy = [await say(http, GET.replace(b"healthz", b"wait")) for _ in range(2)]
            await eventually(lambda: rest.asked == 2)
            with pytest.raises(OSError):
                await say(http, GET)
            busy[0][1].transport.abort()
            await eventually(lambda: len(http._connections.places._guests) == 1)
            assert await is_served(http)
            busy[1][1].transport.abort()

    runner.run(crowd())


def test_those_that_fail_leave_their_places(runner: asyncio.Runner, tmp_path: Path) -> None:
    """Whatever they say, and also where they just leave."""

    async def fail() -> None:
        async with serving(tmp_path, most=100) as http:
            for words in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00", b""):
                with socket.create_connection(("127.0.0.1", http.port)) as connection:
                    connection.sendall(words)
            assert await is_served(http)
            await eventually(lambda: not http._connections.places._guests)

    runner.run(fail())


def test_a_stop_ends_handshakes(runner: asyncio.Runner, tmp_path: Path) -> None:
    """At once."""

    async def stop() -> None:
        async with serving(tmp_path) as http:
            with socket.create_connection(("127.0.0.1", http.port)) as silent:
                await eventually(lambda: len(http._connections.places._guests) == 1)
                await http.stop()
                assert await ends(silent)
                assert not http._connections.places._guests

    runner.run(stop())


async def test_where_no_file_is_left_it_waits_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Then it goes on."""
    monkeypatch.setattr(tls_listener, "_PAUSE", 0.1)
    accept = socket.socket.accept
    faults = [OSError(errno.EMFILE, "Too many open files")]

    def full_once(listening: socket.socket) -> tuple[socket.socket, object]:
        if faults:
            raise faults.pop()
        return accept(listening)

    monkeypatch.setattr(socket.socket, "accept", full_once)
    async with serving(tmp_path) as http:
        with caplog.at_level(logging.WARNING, "taskweir"):
            assert await is_served(http)
    assert [record.getMessage() for record in caplog.records] == [
        "connections wait: none can be accepted: Too many open files"
    ]
