"""gRPC on the HTTP port: one address serves every client."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import aiohttp
import grpc
import pytest
from aiohttp import web
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks import transports
from google.protobuf.empty_pb2 import Empty
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse
from tests.api.answers import QUEUE
from tests.api.raw_calls import CLOUD_TASKS
from tests.api.running import Running, running
from tests.api.test_sdk_sync import use_everything

from taskweir.api.call import Call
from taskweir.api.grpc.relay import Relays
from taskweir.api.grpc.server import GrpcServer
from taskweir.api.http.server import HttpServer
from taskweir.api.methods import Calls, Service
from taskweir_pb.v2 import cloudtasks_pb2, cloudtasks_pb2_grpc, queue_pb2

GET_QUEUE: Final = f"/{CLOUD_TASKS}/GetQueue"
DELETE_QUEUE: Final = f"/{CLOUD_TASKS}/DeleteQueue"
OWN_CONNECTION: Final = [
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]


class Echo(cloudtasks_pb2_grpc.CloudTasksServicer):
    """Gives names back; deletes when it is let."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.let = asyncio.Event()

    async def GetQueue(self, request: cloudtasks_pb2.GetQueueRequest, call: Call) -> queue_pb2.Queue:  # noqa: N802
        return queue_pb2.Queue(name=request.name)

    async def DeleteQueue(self, request: cloudtasks_pb2.DeleteQueueRequest, call: Call) -> Empty:  # noqa: N802
        self.begun.set()
        await self.let.wait()
        return Empty()


@dataclass
class Served:
    servicer: Echo
    grpc: GrpcServer
    http: HttpServer
    relays: Relays

    @contextlib.asynccontextmanager
    async def channel(self) -> AsyncIterator[grpc.aio.Channel]:
        """A connection of its own."""
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.http.port}", OWN_CONNECTION) as channel:
            yield channel


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Served]:
    """The two ports, without a server around them."""
    servicer = Echo()
    descriptor = cloudtasks_pb2.DESCRIPTOR.services_by_name["CloudTasks"]
    server = GrpcServer([(Service(CLOUD_TASKS, descriptor, servicer), Calls())])
    relays = Relays("127.0.0.1", server.bind("127.0.0.1", 0))

    async def nothing(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=404)

    http = await HttpServer.start("127.0.0.1", 0, lambda: None, {}, nothing, http2=relays)
    try:
        await server.start()
        yield Served(servicer, server, http, relays)
    finally:
        await server.stop(0)
        await http.stop()


async def get(channel: grpc.aio.Channel, name: str) -> str:
    request = cloudtasks_pb2.GetQueueRequest(name=name).SerializeToString()
    return queue_pb2.Queue.FromString(await channel.unary_unary(GET_QUEUE)(request)).name


@pytest.fixture
async def http_channel(server: Running) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(server.server.http_address) as channel:
        yield channel


async def test_the_blocking_client_is_served(server: Running) -> None:
    """Each method answers as on the gRPC port."""
    with grpc.insecure_channel(server.server.http_address) as channel:
        client = tasks_v2.CloudTasksClient(transport=transports.CloudTasksGrpcTransport(channel=channel))
        await asyncio.to_thread(use_everything, client)


async def test_the_asynchronous_client_is_served(http_channel: grpc.aio.Channel) -> None:
    """It finds what was made by it."""
    transport = transports.CloudTasksGrpcAsyncIOTransport(channel=http_channel)
    client = tasks_v2.CloudTasksAsyncClient(transport=transport)
    queue = await client.create_queue(
        parent=QUEUE.rpartition("/queues/")[0], queue=tasks_v2.Queue(name=QUEUE)
    )
    assert await client.get_queue(name=QUEUE) == queue


async def test_health_and_reflection_are_served(http_channel: grpc.aio.Channel) -> None:
    """What grpcurl and probes ask."""
    health = await health_pb2_grpc.HealthStub(http_channel).Check(health_pb2.HealthCheckRequest())
    assert health.status == health_pb2.HealthCheckResponse.SERVING

    async def questions() -> AsyncIterator[ServerReflectionRequest]:
        yield ServerReflectionRequest(list_services="")

    [answer] = [
        answer
        async for answer in http_channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request_serializer=ServerReflectionRequest.SerializeToString,
            response_deserializer=ServerReflectionResponse.FromString,
        )(questions())
    ]
    assert CLOUD_TASKS in [service.name for service in answer.list_services_response.service]


async def test_http_is_served_beside_it(server: Running) -> None:
    """On the same port, and only there."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://{server.server.http_address}/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://{server.server.grpc_address}/healthz")


async def test_large_messages_pass_both_ways() -> None:
    """Several at a time on one connection."""
    async with serving() as served, served.channel() as channel:
        names = [letter * (10 << 20) for letter in "abc"]
        assert await asyncio.gather(*(get(channel, name) for name in names)) == names


async def test_many_connections_are_served() -> None:
    """At a time, and none of them is left when their clients are gone."""
    async with serving() as served:
        async with contextlib.AsyncExitStack() as stack:
            channels = [await stack.enter_async_context(served.channel()) for _ in range(50)]
            names = [str(number) for number in range(len(channels))]
            assert await asyncio.gather(*map(get, channels, names)) == names
            relays = list(served.relays._running)
            assert len(relays) == len(channels)
        async with asyncio.timeout(10):
            await asyncio.gather(*(relay.ended for relay in relays))


async def test_a_stop_lets_calls_finish() -> None:
    """As on the gRPC port; an idle connection holds it up no longer than there."""
    async with serving() as served, served.channel() as channel, served.channel() as idle:
        await get(idle, "q")
        call = channel.unary_unary(DELETE_QUEUE)(b"")
        await served.servicer.begun.wait()
        stop = asyncio.create_task(served.grpc.stop(grace=60))
        async with served.channel() as late:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await late.unary_unary(DELETE_QUEUE)(b"", timeout=20)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        served.servicer.let.set()
        assert await call == b""
        async with asyncio.timeout(10):
            await stop
            await served.http.stop()
        assert not served.relays._running


async def test_a_stop_ends_what_does_not_finish() -> None:
    """With the status that gRPC gives it."""
    async with serving() as served, served.channel() as channel:
        call = channel.unary_unary(DELETE_QUEUE)(b"")
        await served.servicer.begun.wait()
        async with asyncio.timeout(10):
            await served.grpc.stop(grace=0)
            await served.http.stop()
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await call
        assert ended.value.code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
        assert not served.relays._running


@pytest.mark.parametrize("host", ["0.0.0.0", "::1"])
async def test_it_is_served_wherever_the_server_listens(host: str) -> None:
    """The gRPC port is found there too."""
    async with running(host=host) as server:
        port = server.server.http_address.rpartition(":")[2]
        address = f"[::1]:{port}" if ":" in host else f"127.0.0.1:{port}"
        async with grpc.aio.insecure_channel(address) as channel:
            health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        assert health.status == health_pb2.HealthCheckResponse.SERVING
