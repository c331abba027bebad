"""Congestion control of a whole server: what shows of it, and its switch."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import grpc.aio
import pytest
from google.cloud import tasks_v2beta3
from google.cloud.tasks_v2beta3.services.cloud_tasks.transports import CloudTasksGrpcAsyncIOTransport
from tests.eventually import eventually
from tests.metrics.samples import Samples

from taskweir.app import Server
from taskweir.clock import SteeredClock
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import SECOND
from taskweir.push.sender import Outcome
from taskweir.settings import Given, resolve
from taskweir.testing import Answer, Handler, Project

PARENT = "projects/p/locations/us-central1"
QUEUE = f"{PARENT}/queues/q"
START = 1_700_000_000 * SECOND


class Overloaded:
    """A `push.sender.Sender` whose target refuses everything."""

    def __init__(self) -> None:
        self.sent = 0

    async def send(self, request: OutgoingRequest) -> Outcome:
        self.sent += 1
        return Outcome(429, latency=1_000, retry_after="7")

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Scene:
    server: Server
    clock: SteeredClock
    target: Overloaded
    client: tasks_v2beta3.CloudTasksAsyncClient

    async def refused(self, tasks: int) -> None:
        """So many tasks were tried once."""
        for _ in range(tasks):
            await self.client.create_task(parent=QUEUE, task={"http_request": {"url": "http://target/"}})
        await eventually(lambda: (self.target.sent, self.server.attempts_in_flight) == (tasks, 0))

    async def effective_rate(self) -> float:
        queue = await self.client.get_queue({"name": QUEUE, "read_mask": "stats"})
        return float(queue.stats.effective_execution_rate)

    async def factor(self) -> float | None:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{self.server.http_address}/metrics") as answer,
        ):
            return Samples(await answer.text())("taskweir_queue_rate_factor", queue=QUEUE)


@asynccontextmanager
async def scene(**settings: str) -> AsyncIterator[Scene]:
    clock, target = SteeredClock(frozen_at=START), Overloaded()
    given = {"data": ":memory:", "port": "0", "http-port": "0", "queue": QUEUE, "drain-timeout": "0s"}
    resolved = resolve({name: Given(text, "the test") for name, text in (given | settings).items()})
    server = await Server.start(resolved, clock=clock, sender=target)
    channel = grpc.aio.insecure_channel(server.grpc_address)
    client = tasks_v2beta3.CloudTasksAsyncClient(transport=CloudTasksGrpcAsyncIOTransport(channel=channel))
    try:
        yield Scene(server, clock, target, client)
    finally:
        await channel.close()
        await server.stop()


async def test_a_slowed_queue_shows_in_its_stats_and_in_the_metrics() -> None:
    """Half of 500 a second, and the full rate again ten seconds later."""
    async with scene() as it:
        assert (await it.effective_rate(), await it.factor()) == (500, 1)
        await it.refused(5)
        assert (await it.effective_rate(), await it.factor()) == (250, 0.5)
        it.clock.advance(5 * SECOND)
        assert await it.effective_rate() == pytest.approx(500 * 0.5**0.5)
        it.clock.advance(1 * SECOND)
        assert await it.factor() == pytest.approx(0.5**0.4)


async def test_with_congestion_control_off_no_queue_is_slowed_down() -> None:
    """Retry-After is heeded all the same."""
    async with scene(congestion="false") as it:
        await it.refused(5)
        assert (await it.effective_rate(), await it.factor()) == (500, 1)
        async for task in await it.client.list_tasks(parent=QUEUE):
            assert task.schedule_time.timestamp() * SECOND == START + 7 * SECOND


@pytest.mark.taskweir_clock
def test_a_target_s_retry_after_is_the_next_schedule_time(
    taskweir: Project, taskweir_client: object, taskweir_handler: Handler
) -> None:
    """As the header comes over the wire, whatever the clock says."""
    taskweir_handler.answers(Answer(503, b"", {"Retry-After": "3600"}), 200)
    queue = taskweir.queue("q")
    url = taskweir_handler.url("/")
    taskweir_client.create_task(parent=queue, task={"http_request": {"url": url}})  # type: ignore[attr-defined]
    taskweir.clock.advance(days=1)
    first, second = taskweir.attempts()
    assert (second.dispatch_time - first.dispatch_time).total_seconds() == 3_600
