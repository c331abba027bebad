"""The server notices when a part of it has ended."""

import asyncio

import aiohttp
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.api.running import Running, running
from tests.eventually import eventually

from taskweir.push.worker import Worker
from taskweir.store.sweeper import Sweeper

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


async def test_a_server_that_stops_ends_its_parts_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """They were to end."""
    async with running():
        pass
    assert "has ended" not in caplog.text
