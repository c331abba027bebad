"""BufferTask on a real store."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tests.service.stores import opened

from taskweir.clock import SteeredClock
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument, QueueNotFound, TaskExists
from taskweir.domain.model import HttpMethod, HttpRequest, HttpTarget, UriOverride
from taskweir.domain.times import SECOND
from taskweir.service.buffering import BufferService
from taskweir.service.queues import QueueService
from taskweir.service.tasks import TaskService

NOW = 1_700_000_000 * SECOND
PARENT = "projects/p/locations/us-central1"
Q = f"{PARENT}/queues/q"


@dataclass
class Bench:
    buffering: BufferService
    tasks: TaskService


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """With a queue whose tasks go to one place."""
    clock = SteeredClock(frozen_at=NOW)
    async with opened() as store:
        tasks = TaskService(store, clock, lambda task: task.body_size)
        target = HttpTarget(UriOverride(host="h.example", path="/work"))
        await QueueService(store, clock).create(PARENT, QueueDraft(Q, http_target=target))
        yield Bench(BufferService(store, tasks), tasks)


async def test_a_request_becomes_a_task_that_is_due_now(bench: Bench) -> None:
    """With the id that was asked for."""
    made = await bench.buffering.buffer(Q, "t", "PUT", [("X-Color", "red")], b"\x00body")
    assert await bench.tasks.get(f"{Q}/tasks/t", full=True) == made
    assert made.schedule_time == NOW
    assert made.payload == HttpRequest(
        "https://h.example/work",
        HttpMethod.PUT,
        {"X-Color": "red", "User-Agent": "Google-Cloud-Tasks"},
        b"\x00body",
    )


async def test_without_an_id_a_task_gets_one(bench: Bench) -> None:
    """Another one each time."""
    made = [await bench.buffering.buffer(Q, "", "POST", [], b"") for _ in range(2)]
    assert len({task.name.id for task in made}) == 2
    assert all(task.name.id.isdecimal() for task in made)


async def test_the_rules_of_any_task_hold(bench: Bench) -> None:
    """For its id, its body and its size."""
    await bench.buffering.buffer(Q, "t", "POST", [], b"")
    with pytest.raises(TaskExists):
        await bench.buffering.buffer(Q, "t", "POST", [], b"")
    with pytest.raises(InvalidArgument, match='Task ID "a b" can contain only'):
        await bench.buffering.buffer(Q, "a b", "POST", [], b"")
    with pytest.raises(
        InvalidArgument, match="body can only be set for the HTTP methods POST, PUT and PATCH"
    ):
        await bench.buffering.buffer(Q, "", "GET", [], b"x")
    with pytest.raises(InvalidArgument, match="Task size too large"):
        await bench.buffering.buffer(Q, "", "POST", [], bytes(1 << 20))


async def test_there_must_be_a_queue_of_that_name(bench: Bench) -> None:
    """And it must be a name."""
    with pytest.raises(QueueNotFound):
        await bench.buffering.buffer(f"{PARENT}/queues/none", "", "POST", [], b"")
    with pytest.raises(InvalidArgument):
        await bench.buffering.buffer("q", "", "POST", [], b"")
