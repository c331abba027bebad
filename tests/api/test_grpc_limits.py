"""What a connection to the gRPC port may take, and that clients that heed the limits do not feel them."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest
from google.protobuf.empty_pb2 import Empty
from tests.api.deaf_client import DeafClient
from tests.api.raw_calls import CLOUD_TASKS
from tests.eventually import eventually

from taskweir.api.call import Call
from taskweir.api.grpc.options import channel_options
from taskweir.api.grpc.server import GrpcServer
from taskweir.api.methods import Calls, Service
from taskweir.api.port_limits import NO_LIMITS, PortLimits
from taskweir.domain.errors import NotFound
from taskweir.domain.times import SECOND
from taskweir_pb.v2 import cloudtasks_pb2, cloudtasks_pb2_grpc, queue_pb2

GET_QUEUE = f"/{CLOUD_TASKS}/GetQueue"
DELETE_QUEUE = f"/{CLOUD_TASKS}/DeleteQueue"
REQUEST = cloudtasks_pb2.GetQueueRequest(name="q").SerializeToString()
MIB = 1 << 20


class Servicer(cloudtasks_pb2_grpc.CloudTasksServicer):
    """Gives names back, and has nothing to delete."""

    async def GetQueue(self, request: cloudtasks_pb2.GetQueueRequest, call: Call) -> queue_pb2.Queue:  # noqa: N802
        return queue_pb2.Queue(name=request.name)

    async def DeleteQueue(self, request: cloudtasks_pb2.DeleteQueueRequest, call: Call) -> Empty:  # noqa: N802
        raise NotFound("no queue")


@contextlib.asynccontextmanager
async def serving(limits: PortLimits = NO_LIMITS) -> AsyncIterator[int]:
    """The port of a server of these methods."""
    descriptor = cloudtasks_pb2.DESCRIPTOR.services_by_name["CloudTasks"]
    server = GrpcServer([(Service(CLOUD_TASKS, descriptor, Servicer()), Calls())], limits=limits)
    port = server.bind("127.0.0.1", 0)
    await server.start()
    try:
        async with asyncio.timeout(30):
            yield port
    finally:
        await server.stop(0)


@contextlib.asynccontextmanager
async def channel(port: int, *options: tuple[str, int]) -> AsyncIterator[grpc.aio.Channel]:
    """A connection of its own."""
    own = ("grpc.use_local_subchannel_pool", 1)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", [own, *options]) as made:
        yield made


async def outcome(channel: grpc.aio.Channel, method: str = GET_QUEUE) -> str:
    try:
        await channel.unary_unary(method)(REQUEST, timeout=20)
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"


@pytest.mark.parametrize("algorithm", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_compressed_messages_are_refused(algorithm: grpc.Compression) -> None:
    """Whatever they unpack to; others of the connection are served."""
    async with serving() as port, channel(port, ("grpc.max_send_message_length", -1)) as client:
        request = cloudtasks_pb2.GetQueueRequest(name="q" * MIB).SerializeToString()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.unary_unary(GET_QUEUE)(request, compression=algorithm)
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert await outcome(client) == "OK"


async def test_more_connections_than_there_may_be_are_turned_away() -> None:
    """Until one of the others ends."""
    async with serving(PortLimits(connections=2)) as port:
        kept, other = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, _ in (kept, other):
            assert await reader.readexactly(1)
        refused, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionResetError):
            assert await refused.read() == b""
        writer.close()
        other[1].close()
        async with channel(port) as client, asyncio.timeout(30):
            # gRPC counts a connection until it has seen its end.
            while await outcome(client) != "OK":
                await asyncio.sleep(0.05)
        kept[1].close()


async def test_idle_connections_take_no_places_of_relays() -> None:
    """However many sit on gRPC's own port: what the HTTP port passes on comes by another."""
    server = GrpcServer([], limits=PortLimits(connections=1))
    port, (host, relays) = server.bind("127.0.0.1", 0), server.bind_for_relays()
    sitting = []
    await server.start()
    try:
        async with asyncio.timeout(30):
            for address in ((host, port), (host, relays)):
                reader, writer = await asyncio.open_connection(*address)
                sitting.append(writer)
                assert await reader.readexactly(1)
    finally:
        for writer in sitting:
            writer.close()
        await server.stop(0)


def test_idle_connections_end_within_five_minutes() -> None:
    """Or sooner, as the setting says."""
    for idle, said in ((3600 * SECOND, 300_000), (2 * SECOND, 2_000)):
        assert ("grpc.max_connection_idle_ms", said) in channel_options(PortLimits(idle=idle))


async def test_a_connection_without_calls_ends() -> None:
    """After the idle time; whoever calls again is connected anew."""
    async with serving(PortLimits(idle=SECOND // 10)) as port, channel(port) as client:
        assert await outcome(client) == "OK"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        await reader.read()
        writer.close()
        await eventually(lambda: client.get_state() is not grpc.ChannelConnectivity.READY)
        assert await outcome(client) == "OK"


async def test_calls_beyond_the_limit_of_streams_wait_for_their_turn() -> None:
    """All of them at once on one connection, and none is refused."""
    async with serving() as port, channel(port) as client:
        outcomes = await asyncio.gather(*(outcome(client) for _ in range(2_500)))
        assert Counter(outcomes) == {"OK": 2_500}


async def test_refused_calls_do_not_count_against_the_limit_of_streams() -> None:
    """However many there were."""
    async with serving() as port, channel(port) as client:
        for _ in range(4):
            outcomes = await asyncio.gather(*(outcome(client, DELETE_QUEUE) for _ in range(400)))
            assert Counter(outcomes) == {"NOT_FOUND": 400}
        assert await outcome(client) == "OK"


async def test_metadata_beyond_the_limit_is_refused() -> None:
    """Of a call; its connection goes on."""
    async with serving() as port, channel(port) as client:
        fields = tuple((f"x-{number}", "a" * 20) for number in range(10_000))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.unary_unary(GET_QUEUE)(REQUEST, metadata=fields)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert await outcome(client) == "OK"


async def test_calls_that_are_begun_and_reset_do_not_stop_others() -> None:
    """Tens of thousands of them, as fast as they can be sent."""
    async with serving() as port, channel(port) as client:
        flood = DeafClient(port)
        try:
            flooding = asyncio.create_task(asyncio.to_thread(flood.begin_and_reset, GET_QUEUE, 20_000))
            for _ in range(10):
                assert await outcome(client) == "OK"
            await flooding
            assert await outcome(client) == "OK"
        finally:
            flood.close()
