"""--tls-cert and --tls-key: both ports speak TLS, and nothing else."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import aiohttp
import grpc
import pytest
import requests
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks import transports
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.api.answers import PARENT, QUEUE, new_queue
from tests.api.own_certificates import Files, own_certificate
from tests.api.running import Running, running
from tests.api.test_sdk_sync import use_everything
from tests.processes import ServerProcess

OWN_CONNECTION: Final = [("grpc.use_local_subchannel_pool", 1)]
PORTS: Final = pytest.mark.parametrize("port", ["grpc", "http"])


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return own_certificate(tmp_path)


@pytest.fixture
async def secured(files: Files) -> AsyncIterator[Running]:
    async with running(**files.settings) as server:
        yield server


def address_of(server: Running, port: str) -> str:
    return server.address if port == "grpc" else server.server.http_address


def credentials(files: Files) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(Path(files.certificate).read_bytes())


async def handshake(
    address: str, *protocols: str, most: ssl.TLSVersion | None = None, sni: bool = True
) -> tuple[str | None, bytes]:
    """The protocol that was agreed on, and the certificate that was shown, whoever it is of."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    if most is not None:
        context.maximum_version = most
    host, port = address.split(":")
    name = "localhost" if sni else ""
    _, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname=name)
    connection = writer.get_extra_info("ssl_object")
    agreed = connection.selected_alpn_protocol(), connection.getpeercert(binary_form=True)
    writer.transport.abort()
    return agreed


def binary(files: Files) -> bytes:
    return ssl.PEM_cert_to_DER_cert(Path(files.certificate).read_text())


@PORTS
async def test_the_blocking_sdk_is_served(secured: Running, files: Files, port: str) -> None:
    """Each method, over gRPC on either port; the certificate is checked."""
    with grpc.secure_channel(address_of(secured, port), credentials(files)) as channel:
        client = tasks_v2.CloudTasksClient(transport=transports.CloudTasksGrpcTransport(channel=channel))
        await asyncio.to_thread(use_everything, client)


@PORTS
async def test_the_asynchronous_sdk_is_served(secured: Running, files: Files, port: str) -> None:
    """So is it."""
    async with grpc.aio.secure_channel(address_of(secured, port), credentials(files)) as channel:
        transport = transports.CloudTasksGrpcAsyncIOTransport(channel=channel)
        client = tasks_v2.CloudTasksAsyncClient(transport=transport)
        await client.create_queue(parent=PARENT, queue=tasks_v2.Queue(name=QUEUE))
        assert (await client.get_queue(name=QUEUE)).name == QUEUE
        health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert health.status == health_pb2.HealthCheckResponse.SERVING


async def test_http_is_served(secured: Running, files: Files) -> None:
    """By clients of different make; the certificate is checked."""
    base = f"https://{secured.server.http_address}"

    def ask() -> Sequence[int]:
        with requests.Session() as session:
            session.trust_env, session.verify = False, files.certificate
            made = session.post(f"{base}/v2/{PARENT}/queues", json={"name": QUEUE}, timeout=20)
            pages = [session.get(f"{base}{page}", timeout=20) for page in ("/healthz", "/metrics")]
        return [answer.status_code for answer in (made, *pages)]

    assert await asyncio.to_thread(ask) == [200, 200, 200]
    tls = ssl.create_default_context(cafile=files.certificate)
    async with aiohttp.ClientSession(base) as session, session.get(f"/v2/{QUEUE}", ssl=tls) as answer:
        assert (answer.status, (await answer.json())["name"]) == (200, QUEUE)


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [
        (("h2",), "h2"),
        (("http/1.1",), "http/1.1"),
        (("h2", "http/1.1"), "http/1.1"),
        (("http/1.1", "h2"), "http/1.1"),
        ((), None),
    ],
)
async def test_http2_is_for_those_who_speak_nothing_else(
    secured: Running, offered: Sequence[str], agreed: str | None
) -> None:
    """Clients of gRPC insist on it; browsers and curl would send it what is not gRPC."""
    assert (await handshake(secured.server.http_address, *offered))[0] == agreed


async def test_the_grpc_port_agrees_on_http2(secured: Running) -> None:
    """Clients of gRPC insist on that too; whatever else is offered, nothing else is spoken."""
    assert (await handshake(secured.address, "h2"))[0] == "h2"
    assert (await handshake(secured.address, "http/1.1", "h2"))[0] == "h2"
    assert (await handshake(secured.address, "http/1.1"))[0] is None


@PORTS
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
async def test_old_versions_of_tls_are_not_spoken(secured: Running, port: str) -> None:
    """They are broken."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await handshake(address_of(secured, port), most=ssl.TLSVersion.TLSv1_1)
    assert (await handshake(address_of(secured, port), "h2", most=ssl.TLSVersion.TLSv1_2))[1]


@PORTS
async def test_a_renewed_certificate_is_taken_up(
    secured: Running, files: Files, tmp_path: Path, port: str
) -> None:
    """By connections that come after it, whether their clients name a host or not; those that there are stay."""
    address = address_of(secured, port)
    old = binary(files)
    async with grpc.aio.secure_channel(address, credentials(files), OWN_CONNECTION) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        await stub.Check(health_pb2.HealthCheckRequest())
        assert (await handshake(address, "h2"))[1] == old
        renewed = own_certificate(tmp_path)
        new = binary(renewed)
        assert new != old
        async with asyncio.timeout(10):
            while (await handshake(address, "h2"))[1] == old:
                """It looks at the files once a second."""
        assert (await handshake(address, "h2", sni=False))[1] == new
        await stub.Check(health_pb2.HealthCheckRequest())
    async with grpc.aio.secure_channel(address, credentials(renewed), OWN_CONNECTION) as channel:
        await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())


@pytest.fixture
async def process(files: Files, tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """On the event loop that it has as a command."""
    async with await ServerProcess.serving(tmp_path / "data.db", tmp_path / "log", *files.flags) as server:
        yield server


async def say(address: str, words: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """What is answered until the connection ends."""
    host, port = address.split(":")
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(host, int(port), ssl=tls)
        writer.write(words)
        with contextlib.suppress(ConnectionResetError):
            answer = await reader.read()
        writer.transport.abort()
    return answer


async def test_plain_text_is_not_answered_and_makes_no_noise(process: ServerProcess, tmp_path: Path) -> None:
    """Whatever it is, and whenever it ends."""
    for address in (process.grpc, process.http):
        for words in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
            assert b"HTTP/1.1" not in await say(address, words)
        host, port = address.split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"\x16\x03\x01")
    await serves(process.http)
    assert await process.stop() == 0
    assert unusual(tmp_path / "log") == []


async def test_no_noise_on_the_other_event_loop(
    secured: Running, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    """On that of Python itself: plain text, half a greeting, a client that does not trust the certificate."""
    address = secured.server.http_address
    for words in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x00"):
        host, port = address.split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(words)
        assert b"HTTP/1.1" not in await say(address, b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(ssl.SSLError):
        await asyncio.open_connection(*address.split(":"), ssl=ssl.create_default_context())
    await serves(address)
    assert caplog.records == []


async def test_who_does_not_agree_on_encryption_is_not_waited_for(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However silent."""
    monkeypatch.setattr("taskweir.api.http.server._HANDSHAKE", 0.2)
    async with running(**files.settings) as server:
        assert await say(server.server.http_address, b"\x16\x03\x01") == b""


async def test_tls_is_not_answered_where_it_is_not_spoken(tmp_path: Path) -> None:
    """Nor is that worth a word in the log."""
    log = tmp_path / "log"
    async with await ServerProcess.serving(tmp_path / "data.db", log) as server:
        for address in (server.grpc, server.http):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await handshake(address, "h2")
        assert await server.stop() == 0
    assert unusual(log) == []


@pytest.mark.parametrize("port", ["grpc", "http"])
async def test_a_stop_lets_streams_end_under_tls(
    process: ServerProcess, files: Files, tmp_path: Path, port: str
) -> None:
    """In good order, and with idle connections of both kinds there."""
    address = process.grpc if port == "grpc" else process.http
    tls = ssl.create_default_context(cafile=files.certificate)
    host, http_port = process.http.split(":")
    _, idle = await asyncio.open_connection(host, int(http_port), ssl=tls)
    silent = socket.create_connection((host, int(http_port)))
    async with (
        aiohttp.ClientSession() as session,
        grpc.aio.secure_channel(address, credentials(files), OWN_CONNECTION) as channel,
        session.get(f"https://{process.http}/taskweir/v1/attempts:watch", ssl=tls) as events,
    ):
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        async with asyncio.timeout(15):
            code, told, rest = await asyncio.gather(process.stop(), watch.read(), events.read())
    silent.close()
    idle.transport.abort()
    assert (code, told.status) == (0, health_pb2.HealthCheckResponse.NOT_SERVING)
    assert rest.endswith(b"\n\n")
    assert unusual(tmp_path / "log") == []


async def test_a_call_in_flight_is_answered_as_it_stops(process: ServerProcess, files: Files) -> None:
    """Over HTTP/1.1 and gRPC alike."""
    tls = ssl.create_default_context(cafile=files.certificate)
    async with aiohttp.ClientSession(f"https://{process.http}") as session:
        fault = {"call": {"method": "CreateQueue"}, "delay": {"duration": "1s"}}
        async with session.post("/taskweir/v1/faults", json=fault, ssl=tls) as made:
            assert made.status == 200
        async with grpc.aio.secure_channel(process.http, credentials(files), OWN_CONNECTION) as channel:
            create = channel.unary_unary("/google.cloud.tasks.v2.CloudTasks/CreateQueue")
            over_grpc = asyncio.ensure_future(create(new_queue(QUEUE).SerializeToString()))
            over_http = asyncio.create_task(
                status_of(session.post(f"/v2/{PARENT}/queues", json={"name": f"{QUEUE}2"}, ssl=tls))
            )
            await until_asked_twice(session, tls)
            code, reply, status = await asyncio.gather(process.stop(), over_grpc, over_http)
    assert (code, bool(reply), status) == (0, True, 200)


async def status_of(request: contextlib.AbstractAsyncContextManager[aiohttp.ClientResponse]) -> int:
    async with request as answer:
        return answer.status


async def until_asked_twice(session: aiohttp.ClientSession, tls: ssl.SSLContext) -> None:
    """The fault has acted on both calls."""
    async with asyncio.timeout(10):
        while True:
            async with session.get("/taskweir/v1/faults", ssl=tls) as answer:
                (fault,) = (await answer.json())["faults"]
            if fault.get("actedCount") == "2":
                return


async def serves(address: str) -> None:
    assert (await handshake(address))[1]


def unusual(log: Path) -> list[str]:
    """Lines of the log above INFO, or of no form."""
    return [line for line in log.read_text().splitlines() if " INFO " not in line]
