"""The gRPC health service."""

import asyncio

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.api.raw_calls import CLOUD_TASKS, LOCATIONS, OPERATIONS
from tests.api.running import Running
from tests.eventually import eventually

from taskweir.api.grpc.health import Health
from taskweir.api.grpc.server import GrpcServer
from taskweir.api.serving_status import ServingStatus

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


def request(service: str = "") -> health_pb2.HealthCheckRequest:
    return health_pb2.HealthCheckRequest(service=service)


@pytest.mark.parametrize("service", ["", CLOUD_TASKS, OPERATIONS, LOCATIONS, "grpc.health.v1.Health"])
async def test_a_started_server_is_serving(server: Running, service: str) -> None:
    """As a whole, and each of its services."""
    answer = await health_pb2_grpc.HealthStub(server.channel).Check(request(service))

    assert answer.status == SERVING


async def test_an_unknown_service_is_not_found(server: Running) -> None:
    """As the protocol has it."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await health_pb2_grpc.HealthStub(server.channel).Check(request("x"))

    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_watcher_is_told_of_every_change_and_of_the_end() -> None:
    """Its stream ends with the server, which therefore need not wait for it."""
    server = GrpcServer([])
    port = server.bind("127.0.0.1", 0)
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        known, unknown = stub.Watch(request()), stub.Watch(request("x"))

        assert (await known.read()).status == NOT_SERVING
        assert (await unknown.read()).status == SERVICE_UNKNOWN
        server.set_serving(serving=True)
        assert (await known.read()).status == SERVING
        server.set_serving(serving=True)
        async with asyncio.timeout(10):
            _, ending = await asyncio.gather(server.stop(grace=600), known.read())
        assert ending.status == NOT_SERVING
        assert await known.read() is grpc.aio.EOF
        assert await unknown.read() is grpc.aio.EOF


class Context:
    """Of a call, as far as it is used."""

    def __init__(self) -> None:
        self.told: list[health_pb2.HealthCheckResponse] = []

    async def write(self, answer: health_pb2.HealthCheckResponse) -> None:
        self.told.append(answer)

    async def abort(self, code: grpc.StatusCode, _: str) -> None:
        raise LookupError(code)


async def test_watchers_are_bounded_in_number_and_in_time() -> None:
    """One too many is refused; whose time is over has its stream end in good order, and leaves its place."""
    health = Health(ServingStatus([]), watchers=1, longest=0.1)
    first, second = Context(), Context()
    watching = asyncio.create_task(health.watch(request(), first))
    await eventually(lambda: bool(first.told))
    with pytest.raises(LookupError, match="RESOURCE_EXHAUSTED"):
        await health.watch(request(), second)
    async with asyncio.timeout(10):
        await watching
        await health.watch(request(), second)
    assert len(first.told) == len(second.told) == 1
