"""What clients and operators ask a server about itself."""

import asyncio

import grpc
import grpc.aio
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tests.api.http2.serving import NAME, Serving, channel, serving
from tests.eventually import eventually

from taskweir.api.http2.frames import Setting, window_update
from taskweir.api.serving_status import STRANGERS, WATCHERS
from taskweir.domain.errors import Unauthenticated


async def test_health(served: Serving) -> None:
    """Of the server and of each service."""
    async with channel(served) as made:
        stub = health_pb2_grpc.HealthStub(made)
        ask = health_pb2.HealthCheckRequest
        assert (await stub.Check(ask())).status == health_pb2.HealthCheckResponse.NOT_SERVING
        served.server.set_serving(serving=True)
        assert (await stub.Check(ask(service=NAME))).status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.Check(ask(service="x"))
        assert raised.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.skipif(
    not hasattr(health_pb2, "HealthListRequest"), reason="this grpcio-health-checking has no List"
)
async def test_health_of_all_services(served: Serving) -> None:
    """By name; the server's is that of no name."""
    async with channel(served) as made:
        answer = await health_pb2_grpc.HealthStub(made).List(health_pb2.HealthListRequest())
        assert set(answer.statuses) == {"", NAME, "grpc.health.v1.Health"}


async def test_watchers_of_health_are_told_of_the_end(served: Serving) -> None:
    """And the stop does not wait for them."""
    async with channel(served) as made:
        stub = health_pb2_grpc.HealthStub(made)
        watch, unknown = (
            stub.Watch(health_pb2.HealthCheckRequest()),
            stub.Watch(health_pb2.HealthCheckRequest(service="x")),
        )
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert (await unknown.read()).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        served.server.set_serving(serving=True)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        async with asyncio.timeout(5):
            await served.server.stop(20)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert await watch.read() == grpc.aio.EOF


async def test_reflection_by_its_own_client(served: Serving) -> None:
    """It finds all that is served."""

    def look() -> tuple[list[str], str, int]:
        with grpc.insecure_channel(f"127.0.0.1:{served.port}") as made:
            database = ProtoReflectionDescriptorDatabase(made)
            services = list(database.get_services())
            file = database.FindFileContainingSymbol(NAME)
            numbers = database.FindAllExtensionNumbers("google.protobuf.MethodOptions")
            return services, file.name, len(numbers)

    services, name, count = await asyncio.to_thread(look)
    assert services == [NAME, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"]
    assert name == "google/cloud/location/locations.proto"
    assert count


async def test_reflection_of_an_extension(served: Serving) -> None:
    """The file that has it comes first, then what it imports."""
    asked = {"containing_type": "google.protobuf.MethodOptions", "extension_number": 72_295_728}
    async with channel(served) as made:
        call = reflection_pb2_grpc.ServerReflectionStub(made).ServerReflectionInfo()
        await call.write(reflection_pb2.ServerReflectionRequest(file_containing_extension=asked))
        answer = await call.read()
        await call.done_writing()
    files = [
        FileDescriptorProto.FromString(one).name
        for one in answer.file_descriptor_response.file_descriptor_proto
    ]
    assert (files[0], len(set(files))) == ("google/api/annotations.proto", len(files))


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"file_by_filename": "none.proto"}, 5),
        ({"file_containing_symbol": "no.Thing"}, 5),
        ({"file_containing_extension": {"containing_type": "x", "extension_number": 1}}, 5),
        ({"all_extension_numbers_of_type": "x"}, 5),
        ({}, 3),
    ],
)
async def test_what_reflection_does_not_know(served: Serving, question: dict[str, object], code: int) -> None:
    """Is an answer as well, with the question."""
    async with channel(served) as made:
        call = reflection_pb2_grpc.ServerReflectionStub(made).ServerReflectionInfo()
        for _ in range(3):
            await call.write(reflection_pb2.ServerReflectionRequest(**question))
            answer = await call.read()
            assert answer.error_response.error_code == code
            assert answer.original_request == reflection_pb2.ServerReflectionRequest(**question)
        await call.done_writing()
        assert await call.read() == grpc.aio.EOF


async def test_a_dialogue_is_bounded(served: Serving) -> None:
    """In what it asks at a time, and in how long a question is."""
    client = await served.client()
    path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    many = client.begin(path)
    client.data(many, bytes(5) * 100, 0)
    assert (await client.answer(many)).status == 8
    long = client.begin(path)
    client.data(long, b"\0\0\2\0\0", 0)
    assert (await client.answer(long)).status == 8
    wrong = client.begin(path)
    client.data(wrong, b"\0\0\0\0\1\xff")
    assert (await client.answer(wrong)).status == 3
    for _ in range(3):
        again = client.begin(path)
        for _ in range(60):
            client.data(again, b"\0\0\0\0\2\x3a\0" + b"", 0)
            await client.ping()
        client.data(again, b"")
        assert len((await client.answer(again)).messages) == 60


async def test_what_is_held_of_a_dialogue_is_given_back(served: Serving) -> None:
    """As it goes on."""
    client = await served.client()
    stream = client.begin("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    name = b"x" * 3_000
    question = b"\x1a" + b"\xb8\x17" + name
    assert reflection_pb2.ServerReflectionRequest.FromString(question).file_by_filename == name.decode()
    for count in range(1, 4):
        client.data(stream, b"\0" + len(question).to_bytes(4, "big") + question, 0)
        await eventually(lambda: True)
        while len(client.so_far(stream).messages) < count:
            found = await client.frame()
            assert found is not None
            client._take(found)
        await client.ping()
        assert served.common.budget.used < 5_000
    client.data(stream, b"")
    assert (await client.answer(stream)).status == 0


def _nobody(rpc: str, authorization: str | None) -> None:
    if authorization != "Bearer right":
        raise Unauthenticated(rpc)


async def test_health_is_told_to_nobody_too() -> None:
    """Of the server as a whole: what they ask is not read."""
    async with serving(authenticate=_nobody) as served, channel(served) as made:
        stub, unknown = health_pb2_grpc.HealthStub(made), health_pb2.HealthCheckRequest(service="x" * 3_000)
        assert (await stub.Check(unknown)).status == health_pb2.HealthCheckResponse.NOT_SERVING
        watch = stub.Watch(unknown)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.Check(unknown, metadata=[("authorization", "Bearer right")])
        assert raised.value.code() == grpc.StatusCode.NOT_FOUND
        watch.cancel()
        client = await served.client()
        stream = client.begin("/grpc.health.v1.Health/Watch")
        for _ in range(10):
            client.data(stream, b"\0\0\0\x0b\xb8" + bytes(3_000), 0)
        client.data(stream, b"")
        await client.ping()
        assert served.common.budget.used < 5_000


async def test_reflection_is_for_those_who_may_call() -> None:
    """Nobody else is told what there is."""
    async with serving(authenticate=_nobody) as served, channel(served) as made:
        stub = reflection_pb2_grpc.ServerReflectionStub(made)
        question = reflection_pb2.ServerReflectionRequest(list_services="")
        client = await served.client()
        answer = await client.answer(
            client.begin("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        )
        assert answer.status == 16
        metadata = [("authorization", "Bearer right")]
        [reply] = [one async for one in stub.ServerReflectionInfo(iter([question]), metadata=metadata)]
        assert reply.list_services_response.service


async def test_only_so_many_watch(served: Serving) -> None:
    """And their places are free when they leave."""
    served.server._health._places = 1
    async with channel(served) as made:
        stub = health_pb2_grpc.HealthStub(made)
        first = stub.Watch(health_pb2.HealthCheckRequest())
        await first.read()
        second = stub.Watch(health_pb2.HealthCheckRequest())
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await second.read()
        assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        first.cancel()
        await eventually(lambda: served.server._health._places)


async def test_strangers_do_not_take_the_places_of_others() -> None:
    """Where callers need a token, those without one have places of their own to watch from."""
    async with serving(authenticate=_nobody) as served:
        client = await served.client()
        path = "/grpc.health.v1.Health/Watch"
        strangers = [client.call(b"", path) for _ in range(STRANGERS + 1)]
        assert (await client.answer(strangers[-1])).status == 8
        known = client.call(b"", path, [("authorization", "Bearer right")])
        await eventually(lambda: served.server._health._places == WATCHERS - 1)
        await client.ping()
        assert len(client.so_far(known).messages) == 1


async def test_long_streams_of_health_and_reflection_end(served: Serving) -> None:
    """In good order, whether the client reads them or not."""
    for path, entry in served.server._entries.items():
        if "grpc." in path:
            getattr(entry, "_entry", entry)._longest = 0.05
    async with channel(served) as made:
        watch = health_pb2_grpc.HealthStub(made).Watch(health_pb2.HealthCheckRequest())
        assert len([one async for one in watch]) == 1
        dialogue = reflection_pb2_grpc.ServerReflectionStub(made).ServerReflectionInfo()
        assert await dialogue.read() == grpc.aio.EOF
    client = await served.client({Setting.INITIAL_WINDOW_SIZE: 3})
    stream = client.call(b"", "/grpc.health.v1.Health/Watch")
    await eventually(lambda: served.server._health._places == 1_000)
    client.send(window_update(stream, 100))
    answer = await client.answer(stream)
    assert (len(answer.messages), answer.status) == (1, 0)
    assert not [one for one in served.common.connections if one._session._outlet.held]
