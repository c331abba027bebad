"""The server as a whole: what its parts have to say to each other."""

import asyncio
import socket

import aiohttp
import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.api.running import Running, running
from tests.eventually import eventually

from taskweir.domain.errors import Unavailable
from taskweir.domain.scope import Scope
from taskweir.push.worker import Worker
from taskweir.store.sweeper import Sweeper
from taskweir_pb.control.v1 import control_pb2, control_pb2_grpc
from taskweir_pb.v2 import cloudtasks_pb2

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def healthz(server: Running) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{server.server.http_address}/healthz") as answer,
    ):
        return answer.status, await answer.text()


async def health(server: Running) -> int:
    return (
        await health_pb2_grpc.HealthStub(server.channel).Check(health_pb2.HealthCheckRequest(service=""))
    ).status


@pytest.mark.parametrize(("part", "name"), [(Worker, "worker"), (Sweeper, "sweeper")])
@pytest.mark.parametrize("fault", [RuntimeError("a bug"), None])
async def test_a_part_that_ends_makes_the_server_unhealthy(
    part: type,
    name: str,
    fault: Exception | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Both health checks say so, and the log why; also when the store has no trouble."""
    end = asyncio.Event()

    async def run(_: object) -> None:
        await end.wait()
        if fault is not None:
            raise fault

    monkeypatch.setattr(part, "run", run)
    async with running() as server:
        assert (await health(server), await healthz(server)) == (SERVING, (200, "ok\n"))
        end.set()
        await eventually(lambda: "has ended" in caplog.text)
        assert (await health(server), await healthz(server)) == (
            NOT_SERVING,
            (503, f"the {name} has ended\n"),
        )
        server.server._health.store_says(None)
        assert await health(server) == NOT_SERVING


def control(server: Running) -> control_pb2_grpc.ControlStub:
    return control_pb2_grpc.ControlStub(server.channel)


async def left(server: Running) -> list[tuple[str, int, int]]:
    """What is not idle, with what is due and in flight."""
    answer = await control(server).WaitIdle(control_pb2.WaitIdleRequest(timeout=Duration()))
    return [(queue.queue, queue.due, queue.in_flight) for queue in answer.left]


async def test_a_call_whose_effect_is_put_off_is_waited_for() -> None:
    """Until it is made, or a reset drops it."""
    async with running(control="on") as server:
        for delay in (Duration(seconds=3_600), Duration(nanos=1_000_000)):
            fault = control_pb2.Fault(
                call=control_pb2.CallMatch(method="CreateQueue"),
                answer_early=control_pb2.AnswerEarly(delay=delay),
                times=1,
            )
            await control(server).CreateFault(control_pb2.CreateFaultRequest(fault=fault))
        for queue_id in ("late", "soon"):
            await server.raw.call("CreateQueue", create_queue_request(queue_id))
        await eventually(lambda: server.server._worker.late.about(Scope("p")).total() == 1)
        assert await left(server) == [("projects/p", 0, 1)]
        assert (await server.raw.call("ListQueues", list_queues_request())).queues[0].name.endswith("/soon")
        await control(server).Reset(control_pb2.ResetRequest(parent="projects/other"))
        assert await left(server) == [("projects/p", 0, 1)]
        await control(server).Reset(control_pb2.ResetRequest(parent="projects/p"))
        assert await left(server) == []


async def test_a_reset_that_cannot_make_the_queues_of_the_start_is_refused_as_any_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The caller is told why; he can try again."""
    name = "projects/p/locations/us-central1/queues/start"

    async def full_disk(*_: object, **__: object) -> None:
        raise Unavailable("disk full")

    async with running(control="on", queue=name) as server:
        monkeypatch.setattr(server.server._store, "change_queue", full_disk)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await control(server).Reset(control_pb2.ResetRequest())
        assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.UNAVAILABLE, "disk full")
        monkeypatch.undo()
        await control(server).Reset(control_pb2.ResetRequest())
        assert [
            queue.name for queue in (await server.raw.call("ListQueues", list_queues_request())).queues
        ] == [name]


def create_queue_request(queue_id: str) -> cloudtasks_pb2.CreateQueueRequest:
    parent = list_queues_request().parent
    return cloudtasks_pb2.CreateQueueRequest(parent=parent, queue={"name": f"{parent}/queues/{queue_id}"})


def list_queues_request() -> cloudtasks_pb2.ListQueuesRequest:
    return cloudtasks_pb2.ListQueuesRequest(parent="projects/p/locations/us-central1")


async def test_a_server_that_stops_ends_its_parts_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """They were to end."""
    async with running():
        pass
    assert "has ended" not in caplog.text


async def test_a_start_that_fails_leaves_no_port_behind() -> None:
    """The HTTP port was taken; the gRPC port can be had at once again, and nobody is accepted there meanwhile."""
    async with running() as other:
        taken = other.server.http_address.rpartition(":")[2]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = str(probe.getsockname()[1])
        for _ in range(2):
            with pytest.raises(OSError, match="in use"):
                async with running(port=free, http_port=taken):
                    """It does not come so far."""
        async with running(port=free) as server:
            assert server.address == f"127.0.0.1:{free}"
