"""Pull queues beside the worker: their tasks wait for nobody that the server knows, so nothing waits for them."""

from dataclasses import replace

from tests.control.rig import Rig
from tests.push.bench import PARENT, START

from taskweir.control.steering import ClockState
from taskweir.domain.drafts import QueueDraft, TaskDraft
from taskweir.domain.lease_filter import AnyTag
from taskweir.domain.model import PullMessage, QueueType, RetryConfig, Task
from taskweir.domain.scope import EVERYTHING, Scope
from taskweir.domain.times import HOUR, MINUTE
from taskweir.service.leases import LeaseService

Q = f"{PARENT}/queues/pull"


async def pull_queue(rig: Rig, max_attempts: int = -1) -> LeaseService:
    """With one task that can be leased."""
    bench = rig.bench
    made = await bench.queues.create(PARENT, QueueDraft(Q, type=QueueType.PULL))
    retry = RetryConfig(max_attempts, 0, 0, 0, 0)
    await bench.store.change_queue(made.name, lambda _: replace(made, retry_config=retry), bench.clock.now())
    await bench.tasks.create(Q, TaskDraft(f"{Q}/tasks/t", PullMessage(b"body")))
    return LeaseService(bench.store, bench.clock, bench.clock.now, 0)


async def lease(service: LeaseService) -> Task:
    (held,) = await service.lease(Q, 1, MINUTE, AnyTag(), full=False)
    return held


async def test_a_queue_of_pull_tasks_is_idle(rig: Rig) -> None:
    """Whether they can be leased, or are; and the clock has nothing to stop for."""
    service = await pull_queue(rig)
    await rig.bench.settle()
    assert not await rig.idling.wait(EVERYTHING, 0)
    await lease(service)
    assert not await rig.idling.wait(Scope("p", "us-central1", "pull"), 0)
    assert await rig.steering.state() == ClockState(START, True, None)
    assert await rig.advance(HOUR) == START + HOUR
    assert (await lease(service)).dispatch_count == 2


async def test_the_clock_stops_where_a_last_lease_ends(rig: Rig) -> None:
    """The task is gone then, however far it goes, and not before."""
    service = await pull_queue(rig, max_attempts=1)
    held = await lease(service)
    await rig.advance(MINUTE - 1)
    assert await rig.bench.tasks.get(str(held.name), full=False) == held
    await rig.advance(HOUR)
    assert (await rig.bench.tasks.list(Q, 0, "", full=False)).items == []
