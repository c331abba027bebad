"""Whoever speaks gRPC, our own code or grpcio, and whichever port the client comes to: it is told the same."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import grpc
import grpc.aio
import pytest
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks import transports
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse
from tests.api.answers import PARENT, QUEUE, new_queue
from tests.api.own_certificates import own_certificate
from tests.api.raw_calls import CLOUD_TASKS, RawClient, Refused
from tests.api.running import Running, running
from tests.api.test_sdk_sync import use_everything

from taskweir_pb.control.v1 import control_pb2, control_pb2_grpc
from taskweir_pb.v2 import cloudtasks_pb2

TRANSPORTS: Final = ("taskweir", "grpcio")
PORTS: Final = pytest.mark.parametrize("port", ["grpc", "http"])
TOKEN: Final = [("authorization", "Bearer secret")]


def address(server: Running, port: str) -> str:
    return server.address if port == "grpc" else server.server.http_address


@pytest.fixture(params=TRANSPORTS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    async with running(grpc_transport=request.param, control="on") as made:
        yield made


@PORTS
async def test_the_sdk_is_served(server: Running, port: str) -> None:
    """Each of its methods."""
    with grpc.insecure_channel(address(server, port)) as channel:
        client = tasks_v2.CloudTasksClient(transport=transports.CloudTasksGrpcTransport(channel=channel))
        await asyncio.to_thread(use_everything, client)


@PORTS
async def test_a_refusal_has_its_details(server: Running, port: str) -> None:
    """Code, message and what explains it."""
    async with grpc.aio.insecure_channel(address(server, port)) as channel:
        asked = cloudtasks_pb2.CreateQueueRequest(parent=PARENT)
        asked.queue.name = "nonsense"
        refusal = await RawClient(channel).refusal("CreateQueue", asked)
    assert isinstance(refusal, Refused)
    assert refusal.code == "INVALID_ARGUMENT"
    assert "Queue name must be formatted" in refusal.message
    assert [type(detail).__name__ for detail in refusal.details] == ["Help"]


@PORTS
async def test_a_stream_tells_of_what_comes(server: Running, port: str) -> None:
    """Attempts as they end; waiting until all is done tells what is left."""
    async with grpc.aio.insecure_channel(address(server, port)) as channel:
        control = control_pb2_grpc.ControlStub(channel)
        watch = control.WatchFinishedTasks(control_pb2.WatchFinishedTasksRequest(), timeout=20)
        await watch.initial_metadata()
        client = RawClient(channel)
        await client.call("CreateQueue", new_queue(QUEUE))
        await control.WaitIdle(control_pb2.WaitIdleRequest(), timeout=20)
        task = cloudtasks_pb2.CreateTaskRequest(parent=QUEUE)
        task.task.http_request.url = "http://127.0.0.1:9/"
        task.task.name = f"{QUEUE}/tasks/t"
        await client.call("CreateTask", task)
        await client.call("DeleteTask", cloudtasks_pb2.DeleteTaskRequest(name=task.task.name))
        finished = await watch.read()
        assert finished.name == task.task.name
        watch.cancel()


@PORTS
async def test_health_and_reflection_are_served(server: Running, port: str) -> None:
    """What probes and grpcurl ask."""
    async with grpc.aio.insecure_channel(address(server, port)) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        told = await health.Check(health_pb2.HealthCheckRequest(service=CLOUD_TASKS), timeout=20)
        assert told.status == health_pb2.HealthCheckResponse.SERVING
        watch = health.Watch(health_pb2.HealthCheckRequest(), timeout=20)
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()
        ask = channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request_serializer=ServerReflectionRequest.SerializeToString,
            response_deserializer=ServerReflectionResponse.FromString,
        )
        [services] = [answer async for answer in ask(iter([ServerReflectionRequest(list_services="")]))]
        [files] = [
            answer
            async for answer in ask(iter([ServerReflectionRequest(file_containing_symbol=CLOUD_TASKS)]))
        ]
        assert CLOUD_TASKS in [service.name for service in services.list_services_response.service]
        assert files.file_descriptor_response.file_descriptor_proto


@pytest.fixture
def secured(tmp_path: Path) -> tuple[dict[str, str], grpc.ChannelCredentials]:
    """Settings, and how a client comes to trust the server."""
    files, tokens = own_certificate(tmp_path), tmp_path / "tokens"
    tokens.write_text("secret\n")
    tls = grpc.ssl_channel_credentials(Path(files.certificate).read_bytes())
    return {"auth_token_file": str(tokens), **files.settings}, tls


@PORTS
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_callers_show_a_token_under_tls(
    secured: tuple[dict[str, str], grpc.ChannelCredentials], transport: str, port: str
) -> None:
    """Who has none is refused; health is for everybody."""
    settings, tls = secured
    async with (
        running(grpc_transport=transport, **settings) as server,
        grpc.aio.secure_channel(address(server, port), tls) as channel,
    ):
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
        assert (await health).status == health_pb2.HealthCheckResponse.SERVING
        client = RawClient(channel)
        refusal = await client.refusal("CreateQueue", new_queue(QUEUE))
        assert refusal is not None
        assert refusal.code == "UNAUTHENTICATED"
        await client.call("CreateQueue", new_queue(QUEUE), metadata=TOKEN)
        asked = cloudtasks_pb2.ListQueuesRequest(parent=PARENT)
        assert [queue.name for queue in (await client.call("ListQueues", asked, metadata=TOKEN)).queues] == [
            QUEUE
        ]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_stop_ends_what_hangs(transport: str) -> None:
    """A stream, and a wait that would never end."""
    async with running(grpc_transport=transport, control="on") as server:
        await server.raw.call("CreateQueue", new_queue(QUEUE))
        task = cloudtasks_pb2.CreateTaskRequest(parent=QUEUE)
        task.task.http_request.url = "http://127.0.0.1:9/"
        await server.raw.call("CreateTask", task)
        control = control_pb2_grpc.ControlStub(server.channel)
        watch = control.WatchFinishedTasks(control_pb2.WatchFinishedTasksRequest())
        await watch.initial_metadata()
        waiting = asyncio.ensure_future(control.WaitIdle(control_pb2.WaitIdleRequest()))
        await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await server.server.stop()
            assert await watch.read() is grpc.aio.EOF
            with pytest.raises(grpc.aio.AioRpcError):
                await waiting
