"""The gRPC port: where it listens, what it holds back, how it stops."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from tests.api.answers import QUEUE
from tests.api.deaf_client import DeafClient
from tests.eventually import eventually

from taskweir.api.call import Call
from taskweir.api.grpc import server as grpc_server
from taskweir.api.grpc.server import GrpcServer
from taskweir.api.methods import Calls, Service
from taskweir.deadline import call_deadline
from taskweir.domain.errors import Unavailable
from taskweir_pb.v2 import cloudtasks_pb2, cloudtasks_pb2_grpc, queue_pb2

DELETE_QUEUE = "/google.cloud.tasks.v2.CloudTasks/DeleteQueue"
REQUEST = cloudtasks_pb2.DeleteQueueRequest(name=QUEUE).SerializeToString()


class Slow(cloudtasks_pb2_grpc.CloudTasksServicer):
    """Deletes when it is let; tells what it saw."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.call: Call | None = None
        self.deadline: float | None = None

    async def DeleteQueue(self, request: cloudtasks_pb2.DeleteQueueRequest, call: Call) -> Empty:  # noqa: N802
        self.call = call
        self.deadline = call_deadline.get()
        self.begun.set()
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return Empty()


@dataclass
class Serving:
    server: GrpcServer
    channel: grpc.aio.Channel
    address: str
    port: int


@contextlib.asynccontextmanager
async def serving(servicer: object, host: str = "127.0.0.1") -> AsyncIterator[Serving]:
    descriptor = cloudtasks_pb2.DESCRIPTOR.services_by_name["CloudTasks"]
    service = Service("google.cloud.tasks.v2.CloudTasks", descriptor, servicer)
    server = GrpcServer([(service, Calls())])
    try:
        port = server.bind(host, 0)
        await server.start()
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        async with grpc.aio.insecure_channel(address) as channel:
            yield Serving(server, channel, address, port)
    finally:
        await server.stop(0)


async def refused_address(host: str, port: int) -> OSError:
    server = GrpcServer([])
    try:
        with pytest.raises(OSError) as refused:
            server.bind(host, port)
        return refused.value
    finally:
        await server.stop(0)


async def until_nobody_listens(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(ConnectionResetError):  # the end of a listener's backlog
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except ConnectionRefusedError:
                    return
                writer.close()
                await writer.wait_closed()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
async def test_port_zero_takes_a_free_port(host: str) -> None:
    """On any kind of address."""
    servicer = Slow()
    servicer.let.set()
    async with serving(servicer, host) as served:
        assert await served.channel.unary_unary(DELETE_QUEUE)(REQUEST) == b""


async def test_a_taken_port_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    """Of the kind that any socket raises; two servers never share a port. Nothing is logged beside it."""
    async with serving(Slow()) as other:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            for port in (taken.getsockname()[1], other.port):
                assert (await refused_address("127.0.0.1", port)).errno == errno.EADDRINUSE
    # gRPC's clients of earlier tests may only now tell that their servers have gone.
    assert not [line for line in capfd.readouterr().err.splitlines() if "Got goaway" not in line]


async def test_a_port_taken_at_the_last_moment_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """gRPC itself refuses it too, and does not share it with another server."""
    monkeypatch.setattr("taskweir.api.grpc.server._check_address", lambda *_: None)
    async with serving(Slow()) as other:
        assert (await refused_address("127.0.0.1", other.port)).errno == errno.EADDRINUSE


async def test_one_address_of_a_name_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers often have localhost as ::1 in their hosts file, and no IPv6."""
    lacking = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))
    having = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [lacking, having])
    async with serving(Slow(), "localhost") as served:
        assert served.port


async def test_an_address_of_another_machine_is_an_error() -> None:
    """Of the kind that any socket raises."""
    assert (await refused_address("192.0.2.1", 0)).errno == errno.EADDRNOTAVAIL


async def test_a_host_without_an_address_is_an_error() -> None:
    """As name resolution has it."""
    assert isinstance(await refused_address("no-such-host.invalid", 0), socket.gaierror)


async def test_a_method_sees_its_call() -> None:
    """Its name, its metadata and its deadline, which the store sees too."""
    servicer = Slow()
    servicer.let.set()
    async with serving(servicer) as served:
        before = asyncio.get_running_loop().time()
        await served.channel.unary_unary(DELETE_QUEUE)(
            REQUEST, timeout=20, metadata=[("x-a", "1"), ("x-b-bin", b"\xff")]
        )

        call = servicer.call
        assert call is not None
        assert call.rpc == "google.cloud.tasks.v2.CloudTasks/DeleteQueue"
        assert (call.header("x-a"), call.header("x-b-bin"), call.header("x-c")) == ("1", "ÿ", None)
        assert call.deadline is not None
        assert before + 19 < call.deadline < before + 21
        assert servicer.deadline == call.deadline

        await served.channel.unary_unary(DELETE_QUEUE)(REQUEST)
        assert servicer.call is not None
        assert servicer.call.deadline is None
        assert servicer.deadline is None


async def test_a_call_that_the_caller_gave_up_is_cancelled() -> None:
    """So that work nobody waits for is not done."""
    servicer = Slow()
    async with serving(servicer) as served:
        call = served.channel.unary_unary(DELETE_QUEUE)(REQUEST)
        await servicer.begun.wait()
        call.cancel()
        async with asyncio.timeout(10):
            await servicer.cancelled.wait()


async def test_a_stop_lets_calls_finish() -> None:
    """And takes no new ones."""
    servicer = Slow()
    async with serving(servicer) as served:
        call = served.channel.unary_unary(DELETE_QUEUE)(REQUEST)
        await servicer.begun.wait()
        stop = asyncio.create_task(served.server.stop(grace=60))
        await until_nobody_listens(served.port)
        own_connection = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(served.address, own_connection) as late:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await late.unary_unary(DELETE_QUEUE)(REQUEST, timeout=20)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        servicer.let.set()
        assert await call == b""
        async with asyncio.timeout(10):
            await stop


class Talkative(cloudtasks_pb2_grpc.CloudTasksServicer):
    """Its answers are large."""

    def __init__(self) -> None:
        self.answered = 0

    async def GetQueue(self, request: object, call: Call) -> queue_pb2.Queue:  # noqa: N802
        self.answered += 1
        return queue_pb2.Queue(name="x" * 1_000_000)


async def test_a_stop_does_not_wait_for_a_client_that_does_not_read(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What was answered cannot be sent, and the connection would not end by itself for a long time."""
    monkeypatch.setattr(grpc_server, "_LAST_WORDS", 0.1)
    servicer = Talkative()
    async with serving(servicer) as served:
        with contextlib.closing(DeafClient(served.port)) as client:
            for _ in range(40):
                client.call("/google.cloud.tasks.v2.CloudTasks/GetQueue", b"")
            await eventually(lambda: servicer.answered == 40)
            async with asyncio.timeout(5):
                await served.server.stop(grace=0.1)
        # What is left of it must not meet a loop that is closed.
        async with asyncio.timeout(30):
            await served.server.ending

    assert [record.getMessage() for record in caplog.records] == [
        "gRPC connections whose clients do not read are cut off"
    ]


async def test_a_refusal_without_details_is_a_plain_status() -> None:
    """The details' trailer is there only when there are details."""

    class Refusing(cloudtasks_pb2_grpc.CloudTasksServicer):
        async def DeleteQueue(self, request: object, call: Call) -> Empty:  # noqa: N802
            raise Unavailable("The disk is full: 100 % ü.")

    async with serving(Refusing()) as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await served.channel.unary_unary(DELETE_QUEUE)(REQUEST)

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert refused.value.details() == "The disk is full: 100 % ü."
    assert "grpc-status-details-bin" not in [key for key, _ in refused.value.trailing_metadata() or ()]


async def test_what_a_servicer_does_not_implement_is_unimplemented() -> None:
    """The generated base's own methods are not served: they expect another context."""
    async with serving(Slow()) as served:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await served.channel.unary_unary("/google.cloud.tasks.v2.CloudTasks/GetQueue")(b"")

    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
