"""gRPC's own clients."""

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import grpc.aio
import pytest
from google.cloud.location import locations_pb2
from tests.api.http2.client import PATH, STREAM_PATH
from tests.api.http2.serving import NAME, Serving, channel, serving
from tests.api.own_certificates import Files, own_certificate
from tests.eventually import eventually

from taskweir.domain.errors import Code, Unauthenticated


def get(made: grpc.aio.Channel) -> grpc.aio.UnaryUnaryMultiCallable:
    return made.unary_unary(
        PATH,
        request_serializer=locations_pb2.GetLocationRequest.SerializeToString,
        response_deserializer=locations_pb2.Location.FromString,
    )


def list_(made: grpc.aio.Channel) -> grpc.aio.UnaryStreamMultiCallable:
    return made.unary_stream(
        STREAM_PATH,
        request_serializer=locations_pb2.ListLocationsRequest.SerializeToString,
        response_deserializer=locations_pb2.ListLocationsResponse.FromString,
    )


def asks(name: str) -> locations_pb2.GetLocationRequest:
    return locations_pb2.GetLocationRequest(name=name)


@pytest.mark.parametrize("size", [0, 20_000, 200_000, 30_000_000])
@pytest.mark.parametrize("compression", list(grpc.Compression))
async def test_messages_of_all_sizes(served: Serving, size: int, compression: grpc.Compression) -> None:
    """Both ways, compressed or not."""
    many = ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)
    async with channel(served, *many, compression=compression) as made:
        name = f"size {size}".ljust(max(10, size), " ")
        reply = await get(made)(asks(name))
        assert len(reply.display_name) == size
        assert served.locations.asked == [name]


async def test_metadata(served: Serving) -> None:
    """Of text and of bytes."""
    async with channel(served) as made:
        await get(made)(asks("x"), metadata=(("a", "b"), ("c-bin", b"\x00\xff,"), ("a", "d")))
    metadata = served.locations.seen[0].metadata
    assert {pair for pair in metadata if pair[0] != "user-agent"} == {
        ("a", "b"),
        ("c-bin", b"\x00\xff,"),
        ("a", "d"),
    }


async def test_too_much_metadata(served: Serving) -> None:
    """Is the fault of one call: the others of its connection go on."""
    async with channel(served) as made:
        other = asyncio.ensure_future(get(made)(asks("wait")))
        await eventually(lambda: served.locations.running)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await get(made)(asks("x"), metadata=(("large", "x" * 70_000),))
        assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        served.locations.go_on.set()
        assert (await other).name == "wait"


async def test_refusals(served: Serving) -> None:
    """With the message as it was."""
    async with channel(served) as made:
        with pytest.raises(grpc.aio.AioRpcError, match="no ärea 51%") as raised:
            await get(made)(asks("none"))
        assert raised.value.code() == grpc.StatusCode.NOT_FOUND
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await made.unary_unary("/a/B")(b"")
        assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_a_deadline(served: Serving) -> None:
    """Reaches the method, and ends it."""
    async with channel(served) as made:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await get(made)(asks("wait"), timeout=0.2)
        assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        await eventually(lambda: served.counted)
    assert served.counted == [(f"{NAME}/GetLocation", Code.DEADLINE_EXCEEDED)]


async def test_a_cancellation(served: Serving) -> None:
    """Reaches the method."""
    async with channel(served) as made:
        call = get(made)(asks("wait"))
        await eventually(lambda: served.locations.running)
        call.cancel()
        await eventually(lambda: served.locations.cancelled)


async def test_streams(served: Serving) -> None:
    """Reply by reply, to the end, or to the client's."""
    async with channel(served) as made:
        call = list_(made)(locations_pb2.ListLocationsRequest(page_size=1_000, page_token="x" * 100))
        assert [reply.next_page_token[:2] async for reply in call][-1] == "99"
        call = list_(made)(locations_pb2.ListLocationsRequest(page_size=1, filter="wait"))
        assert (await call.read()).next_page_token == "0 "
        call.cancel()
        await eventually(lambda: served.locations.cancelled)


async def test_more_calls_than_a_connection_may_have(served: Serving) -> None:
    """The client puts off what is more."""
    async with channel(served) as made:
        calls = [asyncio.ensure_future(get(made)(asks("wait"))) for _ in range(1_500)]
        await eventually(lambda: served.locations.running == 1_000)
        served.locations.go_on.set()
        assert {reply.name for reply in await asyncio.gather(*calls)} == {"wait"}
    assert len(served.common.connections) <= 1


async def test_a_client_that_asks_whether_the_server_is_there(served: Serving) -> None:
    """As often as it may."""
    pings = (
        ("grpc.keepalive_time_ms", 10),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
    )
    async with channel(served, *pings) as made:
        call = asyncio.ensure_future(get(made)(asks("wait")))
        await eventually(lambda: served.locations.running)
        async with channel(served) as other:
            for _ in range(50):
                await get(other)(asks("x"))
        served.locations.go_on.set()
        assert (await call).name == "wait"


async def test_a_server_that_stops(served: Serving) -> None:
    """What runs is finished; what comes later is UNAVAILABLE."""
    async with channel(served) as made:
        call = asyncio.ensure_future(get(made)(asks("wait")))
        await eventually(lambda: served.locations.running)
        stopping = asyncio.create_task(served.server.stop(20))
        served.locations.go_on.set()
        assert (await call).name == "wait"
        await stopping
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await get(made)(asks("x"))
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE


async def test_the_synchronous_client(served: Serving) -> None:
    """In threads."""

    def call_many() -> set[str]:
        with grpc.insecure_channel(f"127.0.0.1:{served.port}") as made, ThreadPoolExecutor(8) as threads:
            method = made.unary_unary(
                PATH,
                request_serializer=locations_pb2.GetLocationRequest.SerializeToString,
                response_deserializer=locations_pb2.Location.FromString,
            )
            return {reply.name for reply in threads.map(lambda n: method(asks(f"{n}")), range(200))}

    assert await asyncio.to_thread(call_many) == {f"{n}" for n in range(200)}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return own_certificate(tmp_path)


@pytest.fixture
def trusting(files: Files) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(Path(files.certificate).read_bytes())


async def test_tls(files: Files, trusting: grpc.ChannelCredentials, caplog: pytest.LogCaptureFixture) -> None:
    """HTTP/2 is agreed on in the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols(["h2"])
    async with serving(tls=context) as served:
        many = (("grpc.max_receive_message_length", -1),)
        async with grpc.aio.secure_channel(f"localhost:{served.port}", trusting, many) as made:
            assert len((await get(made)(asks("size 9000000"))).display_name) == 9_000_000
            call = list_(made)(locations_pb2.ListLocationsRequest(page_size=1, filter="wait"))
            assert (await call.read()).next_page_token == "0 "
            await served.server.stop(0)
            assert await call.read() == grpc.aio.EOF
    assert caplog.messages == []


async def test_who_may_not_call() -> None:
    """Is told so before a message is read."""

    def authenticate(rpc: str, authorization: str | None) -> None:
        if authorization != "Bearer right":
            raise Unauthenticated(f"{rpc}: not {authorization}")

    async with serving(authenticate=authenticate) as served:
        client = await served.client()
        answer = await client.answer(client.begin())
        assert (answer.status, answer.header("grpc-message")) == (16, f"{NAME}/GetLocation: not None")
        right = client.begin(more=[("authorization", "Bearer right")])
        client.data(right, b"\0\0\0\0\0")
        assert (await client.answer(right)).status == 0
        assert [code for _, code in served.counted] == [Code.UNAUTHENTICATED, Code.OK]
