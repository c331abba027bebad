"""`GET /metrics` of a real server, after calls of the official SDK on a clock that stands still."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import grpc.aio
import pytest
from google.api_core.exceptions import NotFound
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcAsyncIOTransport
from google.protobuf.timestamp_pb2 import Timestamp
from tests.eventually import eventually
from tests.metrics.samples import Samples

from taskweir.app import Server
from taskweir.clock import SteeredClock
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import MILLISECOND, SECOND
from taskweir.push.sender import Outcome
from taskweir.settings import Given, resolve

PARENT = "projects/p/locations/us-central1"
QUEUE = f"{PARENT}/queues/q"
RPC = "google.cloud.tasks.v2.CloudTasks"
START = 1_700_000_000 * SECOND
README = Path(__file__).parent.parent.parent / "README.md"


@dataclass
class Sender:
    """Answers with the status that the URL's path names; /hang answers when it is let go."""

    released: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0

    async def send(self, request: OutgoingRequest) -> Outcome:
        self.sent += 1
        path = request.url.rpartition("/")[2]
        if path == "hang":
            await self.released.wait()
            return Outcome(200, 40 * MILLISECOND)
        return Outcome(int(path), 20 * MILLISECOND)

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Scene:
    server: Server
    clock: SteeredClock
    sender: Sender
    client: tasks_v2.CloudTasksAsyncClient

    async def task(self, path: str, *, queue: str = QUEUE, after: int = 0) -> None:
        at = Timestamp(seconds=(self.clock.now() + after) // SECOND)
        task = {"http_request": {"url": f"http://target/{path}"}, "schedule_time": at}
        await self.client.create_task(parent=queue, task=task)

    async def sent(self, count: int, *, in_flight: int = 0) -> None:
        """When so many requests went out, and all but `in_flight` of the attempts are recorded."""
        server, sender = self.server, self.sender
        await eventually(lambda: (sender.sent, server.attempts_in_flight) == (count, in_flight))

    async def scrape(self) -> Samples:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{self.server.http_address}/metrics") as answer,
        ):
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            return Samples(await answer.text())


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A server with one queue, which takes one attempt at a time."""
    clock, sender = SteeredClock(frozen_at=START), Sender()
    given = {"data": ":memory:", "port": "0", "http-port": "0", "queue": QUEUE, "drain-timeout": "0s"}
    settings = resolve({name: Given(text, "the test") for name, text in given.items()})
    server = await Server.start(settings, clock=clock, sender=sender)
    channel = grpc.aio.insecure_channel(server.grpc_address)
    client = tasks_v2.CloudTasksAsyncClient(transport=CloudTasksGrpcAsyncIOTransport(channel=channel))
    await client.update_queue(queue={"name": QUEUE, "rate_limits": {"max_concurrent_dispatches": 1}})
    yield Scene(server, clock, sender, client)
    await channel.close()
    await server.stop()


async def test_calls_are_counted_by_method_and_code(scene: Scene) -> None:
    """With as many durations as calls."""
    await scene.task("200")
    await scene.task("200")
    with pytest.raises(NotFound):
        await scene.client.get_task(name=f"{QUEUE}/tasks/none")
    samples = await scene.scrape()
    assert samples.all("taskweir_calls_total") == {
        ("OK", f"{RPC}/UpdateQueue"): 1,
        ("OK", f"{RPC}/CreateTask"): 2,
        ("NOT_FOUND", f"{RPC}/GetTask"): 1,
    }
    assert samples("taskweir_call_duration_seconds_count", rpc=f"{RPC}/CreateTask") == 2


async def test_attempts_are_counted_with_what_became_of_them(scene: Scene) -> None:
    """One queue gives a task up after one attempt, the other tries again; RunTask's attempts count too."""
    once = f"{PARENT}/queues/once"
    await scene.client.create_queue(parent=PARENT, queue={"name": once, "retry_config": {"max_attempts": 1}})
    await scene.task("503", queue=once)
    await scene.task("200")
    await scene.task("404")
    await scene.sent(3)
    samples = await scene.scrape()
    attempts = samples.all("taskweir_attempts_total")
    assert {key: count for key, count in attempts.items() if count} == {
        ("failed", once): 1,
        ("succeeded", QUEUE): 1,
        ("failed", QUEUE): 1,
    }
    effects = samples.all("taskweir_attempt_effects_total")
    assert {key: count for key, count in effects.items() if count} == {
        (once, "out_of_attempts"): 1,
        (QUEUE, "done"): 1,
        (QUEUE, "retry"): 1,
    }
    assert samples("taskweir_attempt_latency_seconds_count") == 3
    assert samples("taskweir_attempt_latency_seconds_sum") == pytest.approx(0.06)


async def test_lateness_is_what_a_task_waited_past_its_schedule_time(scene: Scene) -> None:
    """One goes at its time, one half a minute late because its queue was paused."""
    await scene.task("200")
    await scene.sent(1)
    await scene.client.pause_queue(name=QUEUE)
    await scene.task("200", after=10 * SECOND)
    scene.clock.advance(40 * SECOND)
    await scene.client.resume_queue(name=QUEUE)
    await scene.sent(2)
    samples = await scene.scrape()
    assert samples("taskweir_dispatch_lateness_seconds_bucket", le="0.001") == 1
    assert samples("taskweir_dispatch_lateness_seconds_count") == 2
    assert samples("taskweir_dispatch_lateness_seconds_sum") == 30


async def test_the_backlog_shows_with_its_age(scene: Scene) -> None:
    """An attempt hangs, and the others wait behind it; a paused queue has tasks and no age."""
    paused = f"{PARENT}/queues/paused"
    await scene.client.create_queue(parent=PARENT, queue={"name": paused})
    await scene.client.pause_queue(name=paused)
    await scene.task("200", queue=paused)
    await scene.task("hang")
    await scene.sent(1, in_flight=1)
    await scene.task("200")
    await scene.task("200", after=3600 * SECOND)
    scene.clock.advance(90 * SECOND)
    samples = await scene.scrape()
    assert samples.all("taskweir_queue_tasks") == {(QUEUE,): 3, (paused,): 1}
    assert samples.all("taskweir_queue_oldest_due_age_seconds") == {(QUEUE,): 90}
    assert samples.all("taskweir_queue_paused") == {(QUEUE,): 0, (paused,): 1}
    assert samples.all("taskweir_queues") == {("running",): 1, ("paused",): 1, ("disabled",): 0}
    assert samples.all("taskweir_attempts_in_flight") == {(QUEUE,): 1, (paused,): 0}
    scene.sender.released.set()
    await scene.sent(2)
    samples = await scene.scrape()
    assert samples("taskweir_queue_tasks", queue=QUEUE) == 1
    assert samples("taskweir_queue_oldest_due_age_seconds", queue=QUEUE) == 0
    assert samples("taskweir_attempts_in_flight", queue=QUEUE) == 0


async def test_a_deleted_queue_is_seen_no_more(scene: Scene) -> None:
    """An attempt of it that ends later is counted with those of no queue."""
    await scene.task("200")
    await scene.sent(1)
    await scene.task("hang")
    await scene.sent(2, in_flight=1)
    await scene.client.delete_queue(name=QUEUE)
    samples = await scene.scrape()
    assert samples.labels("queue") == {"_other"}
    assert samples("taskweir_attempts_in_flight", queue="_other") == 1
    scene.sender.released.set()
    await scene.sent(2)
    samples = await scene.scrape()
    assert samples("taskweir_attempts_in_flight", queue="_other") is None
    assert samples("taskweir_attempts_total", queue="_other", outcome="succeeded") == 1
    assert samples("taskweir_attempt_effects_total", queue="_other", then="gone") == 1


async def test_commits_and_the_operations_in_them_are_counted(scene: Scene) -> None:
    """Twenty tasks created at once share commits; the disk has no trouble."""
    before = await scene.scrape()
    await scene.client.pause_queue(name=QUEUE)
    await asyncio.gather(*(scene.task("200") for _ in range(20)))
    after = await scene.scrape()

    def grown(name: str) -> float:
        return (after(name) or 0) - (before(name) or 0)

    assert grown("taskweir_store_commit_operations_sum") == 21
    assert 2 <= grown("taskweir_store_commit_operations_count") <= 21
    assert after("taskweir_store_trouble") == 0


async def test_the_version_and_the_process_are_told(scene: Scene) -> None:
    """One line says what is running, and how much memory it takes."""
    samples = await scene.scrape()
    (version,) = samples.all("taskweir_build_info")
    assert version != ("unknown",)
    assert (samples("process_resident_memory_bytes") or 0) > 1 << 20


async def test_the_readme_lists_every_metric_with_its_labels(scene: Scene) -> None:
    """And no other."""
    await scene.task("200")
    await scene.sent(1)
    families = (await scene.scrape()).families
    seen = {
        name: {label for sample in family.samples for label in sample.labels} - {"le"}
        for name, family in families.items()
        if name.startswith("taskweir_")
    }
    section = README.read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(taskweir_\w+)` \| (.*?) ?\|", section, re.MULTILINE)
    listed = {name.removesuffix("_total"): set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    assert listed == seen
