"""From the official SDK to the bytes at a handler: the whole server in this process, on a clock that is moved."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc.aio
import pytest
from google.api_core.exceptions import NotFound
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcAsyncIOTransport
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.eventually import eventually
from tests.push.raw_target import HANG, RawTarget

from taskweir.app import Server
from taskweir.clock import SteeredClock
from taskweir.domain.errors import Unavailable
from taskweir.domain.times import MILLISECOND, SECOND
from taskweir.settings import Given, Settings, resolve
from taskweir.store.sqlite import SqliteStore

PARENT = "projects/p/locations/us-central1"
QUEUE = f"{PARENT}/queues/q"
START = 1_700_000_000 * SECOND


def answer(status: int) -> bytes:
    return b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\n\r\n" % status


def settings(data: Path | str = ":memory:", **given: str) -> Settings:
    wanted = {"data": str(data), "port": "0", "http-port": "0", "queue": QUEUE, **given}
    return resolve({name: Given(text, "the test") for name, text in wanted.items()})


def client_of(server: Server) -> tasks_v2.CloudTasksAsyncClient:
    channel = grpc.aio.insecure_channel(server.grpc_address)
    return tasks_v2.CloudTasksAsyncClient(transport=CloudTasksGrpcAsyncIOTransport(channel=channel))


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock(frozen_at=START)


@pytest.fixture
async def target() -> AsyncIterator[RawTarget]:
    async with RawTarget.serving() as target:
        yield target


def headers_of(request: bytes) -> dict[str, str]:
    lines = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return dict(line.split(": ", 1) if ": " in line else (line.removesuffix(":"), "") for line in lines)


async def run_attempts(server: Server, clock: SteeredClock, target: RawTarget, count: int) -> None:
    """Move the clock on until the target has had `count` requests."""
    for n in range(1, count + 1):
        await eventually(lambda n=n: len(target.received) >= n)
        await eventually(lambda: server.attempts_in_flight == 0)
        clock.advance(10 * SECOND)


async def test_attempts_show_in_the_task_as_production_shows_them(
    clock: SteeredClock, target: RawTarget
) -> None:
    """While one is in flight, and when it has failed."""
    target.answers = [answer(503), HANG]
    server = await Server.start(settings(**{"drain-timeout": "0s"}), clock=clock)
    client = client_of(server)
    name = f"{QUEUE}/tasks/t"
    await client.create_task(parent=QUEUE, task={"name": name, "http_request": {"url": target.url()}})
    await run_attempts(server, clock, target, 1)
    await eventually(lambda: len(target.received) == 2)
    task = await client.get_task(name=name)
    assert (task.dispatch_count, task.response_count) == (2, 1)
    assert task.first_attempt.dispatch_time.timestamp() == START / SECOND
    assert not task.first_attempt.schedule_time
    assert task.last_attempt.dispatch_time.timestamp() == START / SECOND + 10
    assert task.last_attempt.schedule_time.timestamp() == (START + 100 * MILLISECOND) / SECOND
    assert not task.last_attempt.response_time
    await client.transport.close()
    await server.stop()


async def test_a_token_that_cannot_be_minted_fails_the_attempt_and_says_why(
    clock: SteeredClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the first key cannot be kept; the task stays as it is, and nothing goes out."""

    async def full_disk(*_: object) -> bytes:
        raise Unavailable("disk full")

    monkeypatch.setattr(SqliteStore, "keep_secret", full_disk)
    server = await Server.start(settings(), clock=clock)
    client = client_of(server)
    name = f"{QUEUE}/tasks/t"
    request = {
        "url": "https://target.invalid/",
        "oidc_token": {"service_account_email": "a@p.iam.gserviceaccount.com"},
    }
    await client.create_task(parent=QUEUE, task={"name": name, "http_request": request})
    while not (task := await client.get_task(name=name)).last_attempt.response_time:
        await asyncio.sleep(0)
    assert task.http_request.oidc_token.service_account_email == "a@p.iam.gserviceaccount.com"
    assert task.last_attempt.response_status.code == 2
    assert "no token can be minted: disk full" in task.last_attempt.response_status.message
    await client.transport.close()
    await server.stop()


async def test_what_was_answered_is_there_after_a_restart(
    clock: SteeredClock, target: RawTarget, tmp_path: Path
) -> None:
    """Queues, tasks, pauses, tombstones and counts; an attempt cut off by the stop is made again."""
    target.answers = [HANG, answer(200)]
    data = settings(tmp_path / "d.db", **{"drain-timeout": "0s"})
    server = await Server.start(data, clock=clock)
    client = client_of(server)
    paused = f"{PARENT}/queues/paused"
    await client.create_queue(
        parent=PARENT, queue={"name": paused, "rate_limits": {"max_concurrent_dispatches": 7}}
    )
    await client.pause_queue(name=paused)
    for task_id in ("kept", "deleted"):
        task = {
            "name": f"{paused}/tasks/{task_id}",
            "http_request": {"url": target.url("/kept"), "body": b"b"},
        }
        await client.create_task(parent=paused, task=task)
    await client.delete_task(name=f"{paused}/tasks/deleted")
    await client.create_task(parent=QUEUE, task={"http_request": {"url": target.url("/cut-off")}})
    await eventually(lambda: len(target.received) == 1)
    await client.transport.close()
    await server.stop()

    server = await Server.start(data, clock=clock)
    client = client_of(server)
    await eventually(lambda: len(target.received) == 2)
    assert b"/cut-off" in target.received[1]
    queue = await client.get_queue(name=paused)
    assert queue.state == tasks_v2.Queue.State.PAUSED
    assert queue.rate_limits.max_concurrent_dispatches == 7
    kept = await client.get_task(name=f"{paused}/tasks/kept", timeout=5)
    assert kept.http_request.url == target.url("/kept")
    with pytest.raises(NotFound, match="no longer exists"):
        await client.get_task(name=f"{paused}/tasks/deleted")
    await client.transport.close()
    await server.stop()


async def test_a_stopping_server_lets_attempts_finish(clock: SteeredClock, target: RawTarget) -> None:
    """Within the drain timeout."""
    target.may_answer.clear()
    server = await Server.start(settings(), clock=clock)
    client = client_of(server)
    await client.create_task(parent=QUEUE, task={"http_request": {"url": target.url()}})
    await eventually(lambda: len(target.received) == 1)
    await client.transport.close()
    channel = grpc.aio.insecure_channel(server.grpc_address)
    said = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
    assert (await said.read()).status == health_pb2.HealthCheckResponse.SERVING
    stopping = asyncio.create_task(server.stop())
    assert (await said.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    await channel.close()
    assert not stopping.done()
    target.may_answer.set()
    await stopping
    assert server.attempts_in_flight == 0
