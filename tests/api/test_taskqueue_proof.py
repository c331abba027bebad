"""What a change of a lease in the old taskqueue API goes by, when another comes in between."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.service.stores import opened

from taskweir.api.taskqueue.address import Address
from taskweir.api.taskqueue.pull_tasks import PullTasks
from taskweir.clock import SteeredClock
from taskweir.domain.drafts import QueueDraft, TaskDraft
from taskweir.domain.errors import FailedPrecondition
from taskweir.domain.lease_filter import AnyTag
from taskweir.domain.model import PullMessage, QueueType, Task
from taskweir.domain.names import QueueName
from taskweir.domain.times import SECOND
from taskweir.service.leases import LeaseService
from taskweir.service.queues import QueueService
from taskweir.service.tasks import TaskService

NOW = 1_700_000_000 * SECOND
Q = QueueName("shop", "us-central1", "orders")
HERE = Address("shop", Q)


@dataclass
class OvertakenTasks:
    """When the task was read, its lease is given up, and another worker takes the task, before the reader goes on."""

    tasks: TaskService
    leases: LeaseService

    async def get(self, name: str, *, full: bool) -> Task:
        task = await self.tasks.get(name, full=full)
        await self.leases.cancel(name, task.schedule_time, full=False)
        await self.leases.lease(str(Q), 1, 60 * SECOND, AnyTag(), full=False)
        return task


@dataclass
class Bench:
    pull: PullTasks
    tasks: TaskService


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """With a leased task, `a`."""
    clock = SteeredClock(frozen_at=NOW)
    async with opened() as store:
        queues = QueueService(store, clock)
        tasks = TaskService(store, clock, lambda task: task.body_size)
        leases = LeaseService(store, clock, clock.now, rate=0)
        await queues.create(str(Q.parent), QueueDraft(str(Q), type=QueueType.PULL))
        await tasks.create(str(Q), TaskDraft(HERE.task("a"), PullMessage(b"work")))
        await leases.lease(str(Q), 1, 60 * SECOND, AnyTag(), full=False)
        services: Any = SimpleNamespace(queues=queues, tasks=OvertakenTasks(tasks, leases), leases=leases)
        yield Bench(PullTasks(services, "us-central1", "micros"), tasks)


@pytest.mark.parametrize("duration", [0, 30 * SECOND])
@pytest.mark.parametrize("lease_end", [None, NOW // SECOND + 60])
async def test_who_is_overtaken_does_not_hold_the_task(
    bench: Bench, duration: int, lease_end: int | None
) -> None:
    """The change is refused, and the other worker's lease is as it was, though both ends fall on one second."""
    with pytest.raises(FailedPrecondition):
        await bench.pull.change_lease(HERE, "a", duration, lease_end)
    task = await bench.tasks.get(HERE.task("a"), full=False)
    assert task.dispatch_count == 2
    assert task.schedule_time // SECOND == NOW // SECOND + 60


async def test_a_proof_in_microseconds_needs_no_look_at_the_task(bench: Bench) -> None:
    """So nothing can come in between."""
    task = await bench.pull.change_lease(HERE, "a", 30 * SECOND, NOW + 60 * SECOND)
    assert (task.schedule_time, task.dispatch_count) == (NOW + 30 * SECOND, 1)
    assert cast("PullMessage", task.payload).payload == b"work"
