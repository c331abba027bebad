"""The use-cases of pull queues: the order of checks, the quota, and what is counted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.store.builders import NOW, RETENTION, RETRY, Q, make_queue, set_queue, task
from tests.store.factories import RecordingListener, SqliteMemory

from taskweir.clock import SteeredClock
from taskweir.domain.errors import (
    FailedPrecondition,
    InvalidArgument,
    QueueNotFound,
    Refusal,
    ResourceExhausted,
    TaskGone,
)
from taskweir.domain.lease_filter import AnyTag
from taskweir.domain.model import PullMessage, QueueState, QueueType, Task
from taskweir.domain.times import HOUR, MINUTE, SECOND, Instant
from taskweir.service.lease_quota import LeaseQuota
from taskweir.service.leases import LeaseService
from taskweir.store.base import Store

RATE = 10


@dataclass
class Wall:
    """Real time."""

    time: Instant = 1_900_000_000 * SECOND

    def __call__(self) -> Instant:
        return self.time


@dataclass
class Bench:
    """The service over a pull queue, with both clocks at hand."""

    store: Store
    clock: SteeredClock
    wall: Wall
    service: LeaseService

    async def insert(self, *ids: str) -> None:
        for task_id in ids:
            await self.store.insert_task(task(task_id, payload=PullMessage(b"body", "tag")), NOW)

    async def lease(self, max_tasks: int = 10, duration: int = MINUTE, *, full: bool = False) -> list[Task]:
        return list(await self.service.lease(str(Q), max_tasks, duration, AnyTag(), full=full))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    store = await SqliteMemory(tmp_path).open(RecordingListener(), RETENTION)
    await make_queue(store, type=QueueType.PULL, retry_config=replace(RETRY, max_attempts=-1))
    clock, wall = SteeredClock(NOW), Wall()
    yield Bench(store, clock, wall, LeaseService(store, clock, wall, RATE))
    await store.close()


async def test_a_task_is_leased_renewed_cancelled_and_acknowledged(bench: Bench) -> None:
    """Each answer has the schedule time that the next call proves itself with."""
    await bench.insert("t")
    (held,) = await bench.lease(duration=90 * SECOND + 999_999, full=True)
    assert (held.schedule_time, held.payload) == (NOW + 90 * SECOND, PullMessage(b"body", "tag"))
    renewed = await bench.service.renew(str(held.name), held.schedule_time, 2 * MINUTE, full=False)
    assert (renewed.schedule_time, renewed.payload) == (NOW + 2 * MINUTE, PullMessage(tag="tag"))
    cancelled = await bench.service.cancel(str(held.name), renewed.schedule_time, full=True)
    assert (cancelled.schedule_time, cancelled.payload) == (NOW, PullMessage(b"body", "tag"))
    (again,) = await bench.lease()
    assert again.dispatch_count == 2
    await bench.service.acknowledge(str(again.name), again.schedule_time)
    with pytest.raises(TaskGone):
        await bench.service.acknowledge(str(again.name), again.schedule_time)


@pytest.mark.parametrize(
    ("parent", "max_tasks", "duration", "refused_with", "text"),
    [
        ("bad", 0, 0, InvalidArgument, "resource"),
        (str(Q), 0, 0, InvalidArgument, "maxTasks"),
        (str(Q), 1, 0, InvalidArgument, "leaseDuration"),
        (f"{Q}s", 1, SECOND, QueueNotFound, "does not exist"),
    ],
)
async def test_arguments_are_checked_in_order_of_their_fields(
    bench: Bench, parent: str, max_tasks: int, duration: int, refused_with: type[Refusal], text: str
) -> None:
    """Names first, and then whether there is such a queue."""
    with pytest.raises(refused_with, match=text):
        await bench.service.lease(parent, max_tasks, duration, AnyTag(), full=False)


async def test_a_queue_takes_ten_leases_a_second(bench: Bench) -> None:
    """Of real time, wherever the clock is moved; those that are refused for another reason do not count."""
    for _ in range(2 * RATE):
        with pytest.raises(InvalidArgument):
            await bench.lease(0)
    await set_queue(bench.store, state=QueueState.PAUSED)
    for _ in range(2 * RATE):
        with pytest.raises(FailedPrecondition):
            await bench.lease()
    await set_queue(bench.store, state=QueueState.RUNNING)
    for _ in range(RATE):
        await bench.lease()
    bench.clock.advance(HOUR)
    with pytest.raises(ResourceExhausted, match="10 a second"):
        await bench.lease()
    bench.wall.time += SECOND // RATE - 1
    with pytest.raises(ResourceExhausted):
        await bench.lease()
    bench.wall.time += 1
    await bench.lease()


async def test_without_a_rate_any_number_is_taken(bench: Bench) -> None:
    """Zero is none."""
    free = LeaseService(bench.store, bench.clock, bench.wall, 0)
    for _ in range(50):
        await free.lease(str(Q), 1, SECOND, AnyTag(), full=False)


async def test_a_lease_of_no_time_leaves_the_task_to_all(bench: Bench) -> None:
    """It counts; and there is nothing to acknowledge."""
    await bench.insert("t")
    for times in (1, 2):
        (held,) = await bench.service.lease(str(Q), 1, 0, AnyTag(), full=False, zero_allowed=True)
        assert (held.schedule_time, held.dispatch_count) == (NOW, times)
    with pytest.raises(FailedPrecondition, match="over"):
        await bench.service.acknowledge(str(held.name), held.schedule_time)


async def test_what_was_leased_lately_is_counted(bench: Bench) -> None:
    """By the server's clock: in the last minute, in the last hour."""
    await bench.insert("a", "b", "c")
    (held, _) = await bench.lease(2)
    bench.clock.advance(MINUTE - 1)
    await bench.lease(2)
    assert bench.service.leased_lately(held.queue_uid) == (3, 3)
    bench.clock.advance(2)
    assert bench.service.leased_lately(held.queue_uid) == (1, 3)
    bench.clock.advance(HOUR)
    assert bench.service.leased_lately(held.queue_uid) == (0, 0)
    assert bench.service.leased_lately(held.queue_uid + 1) == (0, 0)


def test_quotas_do_not_grow_with_the_queues_that_come_and_go() -> None:
    """Nor with time."""
    quota = LeaseQuota()
    for n in range(5_000):
        quota.take(n, RATE, NOW + n * MINUTE)
    assert len(quota._buckets) < 1_100
