"""The HTTP port for who speaks HTTP/2 to it under TLS: on both sides of it all is encrypted."""

import asyncio
import contextlib
import ssl
from pathlib import Path

import pytest
from tests.api.own_certificates import own_certificate
from tests.api.test_relay import MIB, Flood, echo, ports, silent
from tests.eventually import eventually

from taskweir.api.certificate import Certificate
from taskweir.api.http2_preface import HTTP2_PREFACE


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(*own_certificate(tmp_path))


@pytest.fixture
def tls() -> ssl.SSLContext:
    """Of a client that trusts whom it finds."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def test_http2_goes_to_the_port_behind(certificate: Certificate, tls: ssl.SSLContext) -> None:
    """And what that says comes back."""
    async with ports(echo, certificate=certificate) as served:
        client = await served.connect(HTTP2_PREFACE + b"hello", tls)
        assert await client.reader.readexactly(len(HTTP2_PREFACE) + 5) == HTTP2_PREFACE + b"hello"
        client.writer.write(b"more")
        assert await client.reader.readexactly(4) == b"more"
        client.writer.close()


async def test_http_is_served_beside_it(certificate: Certificate, tls: ssl.SSLContext) -> None:
    """By how the connection begins, as without TLS."""
    async with ports(echo, certificate=certificate) as served:
        client = await served.connect(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n", tls)
        assert await client.reader.readline() == b"HTTP/1.1 200 OK\r\n"
        client.writer.close()


async def test_nothing_is_said_to_a_stranger(
    certificate: Certificate, tls: ssl.SSLContext, tmp_path: Path
) -> None:
    """Who has another certificate than ours is not our gRPC port."""
    heard = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            heard.append(await reader.read())

    stranger = Certificate(*own_certificate(tmp_path, "stranger"))
    async with ports(listen, certificate=certificate, behind_shows=stranger) as served:
        client = await served.connect(HTTP2_PREFACE + b"a secret", tls)
        async with asyncio.timeout(10):
            assert await client.reader.read() == b""
        client.writer.close()
        await eventually(lambda: not served.relays._running)
    assert b"".join(heard) == b""


async def test_a_client_hears_the_last_words(certificate: Certificate, tls: ssl.SSLContext) -> None:
    """Then the connection ends."""

    async def say_goodbye(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(HTTP2_PREFACE))
        writer.write(b"x" * MIB + b"goodbye")

    async with ports(say_goodbye, certificate=certificate) as served:
        client = await served.connect(HTTP2_PREFACE, tls)
        async with asyncio.timeout(10):
            assert (await client.reader.read()).endswith(b"x" * MIB + b"goodbye")
        client.writer.close()
        await eventually(lambda: not served.relays._running)


async def test_a_client_that_leaves_is_gone_for_grpc_too(
    certificate: Certificate, tls: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    """In good order or not, at once and without a word in the log."""
    gone = 0

    async def talk_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal gone
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x" * 1000)
                await writer.drain()
                await asyncio.sleep(0)
        gone += 1

    async with ports(talk_on, certificate=certificate) as served:
        for leave in ("close", "abort"):
            client = await served.connect(HTTP2_PREFACE, tls)
            await client.reader.readexactly(10_000)
            getattr(client.writer.transport, leave)()
        await eventually(lambda: gone == 2)
        await eventually(lambda: not served.relays._running)
    assert caplog.records == []


async def test_a_client_that_never_reads_fills_no_memory(
    certificate: Certificate, tls: ssl.SSLContext
) -> None:
    """gRPC is read no faster than the client reads; nothing is lost of what it reads later."""
    flood = Flood()

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await flood.send(writer)

    async with ports(send, certificate=certificate) as served:
        client = await served.connect(HTTP2_PREFACE, tls)
        await flood.until_it_stands()
        assert 0 < flood.sent < flood.size / 2
        received = 0
        while data := await client.reader.read(MIB):
            received += len(data)
        assert received == flood.size
        client.writer.close()


async def test_what_grpc_does_not_read_fills_no_memory(certificate: Certificate, tls: ssl.SSLContext) -> None:
    """The client is read no faster than gRPC reads."""
    flood = Flood()
    let = asyncio.Event()
    received = 0

    async def read_later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        await let.wait()
        while data := await reader.read(MIB):
            received += len(data)

    async with ports(read_later, certificate=certificate) as served:
        client = await served.connect(HTTP2_PREFACE, tls)
        sending = asyncio.create_task(flood.send(client.writer))
        await flood.until_it_stands()
        assert 0 < flood.sent < flood.size / 2
        let.set()
        await sending
        await eventually(lambda: received == flood.size + len(HTTP2_PREFACE))
        client.writer.close()


@pytest.mark.parametrize("first", [b"", b"PRI", HTTP2_PREFACE])
async def test_nothing_outlives_a_stop(certificate: Certificate, tls: ssl.SSLContext, first: bytes) -> None:
    """Whoever does not leave by itself is made to, within a moment."""
    before = len(asyncio.all_tasks())
    async with ports(silent, certificate=certificate) as served:
        client = await served.connect(first, tls)
        await eventually(lambda: served.seen(first) or served.is_relayed())
        async with asyncio.timeout(10):
            await served.http.stop()
            with contextlib.suppress(ConnectionResetError):
                assert await client.reader.read() == b""
        client.writer.close()
    await eventually(lambda: len(asyncio.all_tasks()) == before)
