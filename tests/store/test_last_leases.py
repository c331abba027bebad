"""What becomes of pull tasks that were leased as often as they may be."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.builders import HISTORY, NOW, RETRY, finished, ids, make_queue, set_queue
from tests.store.conftest import Reopen
from tests.store.factories import RecordingListener, StoreFactory
from tests.store.pull_tasks import (
    TWICE,
    UNLIMITED,
    acknowledge,
    cancel,
    insert,
    lease,
    names,
    renew,
    task,
)

from taskweir.domain.errors import TaskGone
from taskweir.domain.lease_filter import OldestTag, WithTag
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Queue, QueueType
from taskweir.domain.times import HOUR, MINUTE, SECOND
from taskweir.store.base import Retention, Store


@pytest.fixture
def retention() -> Retention:
    return HISTORY


async def test_a_task_is_dropped_when_its_last_lease_is_over(
    store: Store, pull: Queue, listener: RecordingListener
) -> None:
    """The listener is told of that time, and the sweep does it then and not before."""
    await set_queue(store, retry_config=TWICE)
    listener.told()
    await insert(store, task())
    (first,) = await lease(store)
    assert ("last lease", first.schedule_time) not in listener.told()
    assert (await store.sweep(first.schedule_time, 100)).next_expiry != first.schedule_time
    (second,) = await lease(store, now=first.schedule_time)
    end = second.schedule_time
    assert ("last lease", end) in listener.told()
    step = await store.sweep(end - 1, 100)
    assert (step.next_due, step.next_expiry) == (end, end)
    assert await ids(store) == ["t"]
    await store.sweep(end, 100)
    (gone,) = await finished(store)
    assert (gone.ending, gone.dispatch_count, gone.finish_time) == (Ending.OUT_OF_ATTEMPTS, 2, end)
    with pytest.raises(TaskGone):
        await acknowledge(store, second, end)


async def test_a_last_lease_can_be_acknowledged_and_renewed(store: Store, pull: Queue) -> None:
    """The sweep keeps to the new end; one that is acknowledged leaves it nothing."""
    await set_queue(store, retry_config=replace(RETRY, max_attempts=1))
    await insert(store, task("a"), task("b"))
    a, b = await lease(store)
    renewed = await renew(store, a, NOW + SECOND)
    await acknowledge(store, b)
    step = await store.sweep(a.schedule_time, 100)
    assert step.next_expiry == renewed.schedule_time
    assert await ids(store) == ["a"]
    await acknowledge(store, renewed, NOW + SECOND)
    assert (await store.sweep(NOW + SECOND, 100)).next_expiry != renewed.schedule_time


async def test_a_last_lease_that_is_cancelled_ends_the_task(store: Store, pull: Queue) -> None:
    """It was a lease, and the task was not acknowledged."""
    await set_queue(store, retry_config=replace(RETRY, max_attempts=1))
    await insert(store, task())
    (held,) = await lease(store)
    await cancel(store, held, NOW + 5)
    assert (await store.sweep(NOW + 4, 100)).next_expiry == NOW + 5
    await store.sweep(NOW + 5, 100)
    assert [one.ending for one in await finished(store)] == [Ending.OUT_OF_ATTEMPTS]


async def test_a_queue_that_allows_more_leases_keeps_its_tasks(store: Store, pull: Queue) -> None:
    """What was the last lease is not any more when it is over."""
    await set_queue(store, retry_config=replace(RETRY, max_attempts=1))
    await insert(store, task())
    (held,) = await lease(store)
    await set_queue(store, retry_config=TWICE)
    await store.sweep(held.schedule_time, 100)
    (again,) = await lease(store, now=held.schedule_time)
    await store.sweep(again.schedule_time, 100)
    assert await ids(store) == []


async def test_a_task_that_is_held_is_not_dropped(store: Store, pull: Queue) -> None:
    """Though what was its last lease is over: the queue allowed more when that ended, and fewer again since."""
    await set_queue(store, retry_config=replace(RETRY, max_attempts=1))
    await insert(store, task())
    (first,) = await lease(store)
    await set_queue(store, retry_config=UNLIMITED)
    (second,) = await lease(store, now=first.schedule_time)
    await set_queue(store, retry_config=replace(RETRY, max_attempts=1))
    await store.sweep(second.schedule_time - 1, 100)
    await acknowledge(store, second, second.schedule_time - 1)


async def test_a_queue_that_allows_fewer_leases_drops_what_had_more(store: Store, pull: Queue) -> None:
    """As soon as a lease meets them; and it goes on to those behind them, of whatever tag."""
    for n in range(40):
        await insert(store, task(f"old{n:02}", NOW - 1, tag="old"))
    await insert(store, task("new", NOW + 4 * MINUTE, tag="new"))
    for n in range(3):
        assert len(await lease(store, 40, NOW + n * MINUTE, filter=WithTag("old"))) == 40
    await set_queue(store, retry_config=TWICE)
    now = NOW + 5 * MINUTE
    assert names(await lease(store, 1, now, filter=OldestTag())) == ["new"]
    assert await ids(store) == ["new"]
    assert {one.ending for one in await finished(store)} == {Ending.OUT_OF_ATTEMPTS}


async def test_a_lease_goes_on_behind_many_that_may_not_be_leased_again(store: Store, pull: Queue) -> None:
    """In as many transactions as it takes: none found means that there are none."""
    for n in range(5):
        await asyncio.gather(*(store.insert_task(task(f"old{n}-{m:03}", NOW - 1), NOW) for m in range(1_000)))
    for _ in range(5):
        assert len(await lease(store, 1_000)) == 1_000
    await insert(store, task("new", NOW + MINUTE))
    await set_queue(store, retry_config=replace(RETRY, max_attempts=1))
    assert names(await lease(store, 1, NOW + MINUTE)) == ["new"]
    assert await ids(store) == ["new"]


async def test_a_task_with_a_retry_config_of_its_own_has_as_many_leases_as_that_says(
    store: Store, pull: Queue, listener: RecordingListener
) -> None:
    """In place of what the queue says, whichever of the two allows more; and the sweep knows."""
    await set_queue(store, retry_config=TWICE)
    await insert(store, task("fewer", retry_config=replace(RETRY, max_attempts=1)))
    await insert(store, task("more", retry_config=UNLIMITED), task("same"))
    assert names(await lease(store)) == ["fewer", "more", "same"]
    assert ("last lease", NOW + MINUTE) in listener.told()
    await store.sweep(NOW + MINUTE, 100)
    assert await ids(store) == ["more", "same"]
    await lease(store, now=NOW + MINUTE)
    now = NOW + 2 * MINUTE
    (held,) = await lease(store, now=now)
    assert (held.name.id, held.dispatch_count) == ("more", 3)
    assert await ids(store) == ["more"]
    assert (await store.sweep(now, 100)).next_expiry != held.schedule_time


async def test_a_renewed_last_lease_of_a_task_of_its_own_retries_is_the_last(
    store: Store, pull: Queue
) -> None:
    """The end that the sweep goes by moves with it."""
    await insert(store, task(retry_config=replace(RETRY, max_attempts=1)))
    (held,) = await lease(store)
    renewed = await renew(store, held, length=HOUR)
    assert (await store.sweep(NOW, 100)).next_expiry == renewed.schedule_time
    await store.sweep(renewed.schedule_time, 100)
    assert await ids(store) == []


async def test_last_leases_are_swept_in_steps(store: Store, pull: Queue) -> None:
    """However many are over at once."""
    await set_queue(store, retry_config=replace(RETRY, max_attempts=1))
    for n in range(25):
        await insert(store, task(f"t{n:02}"))
    (held, *_) = await lease(store)
    now = held.schedule_time
    assert (await store.sweep(now, 10)).more
    assert len(await ids(store)) == 15
    while (await store.sweep(now, 10)).more:
        pass
    assert await ids(store) == []


async def test_a_last_lease_is_swept_by_another_process(durable: StoreFactory, reopen: Reopen) -> None:
    """It is in the file when the task is to go."""
    store = await reopen(durable, HISTORY)
    await make_queue(store, type=QueueType.PULL, retry_config=replace(RETRY, max_attempts=1))
    await insert(store, task())
    (held,) = await lease(store)
    again = await reopen(durable.crash(), HISTORY)
    assert (await again.sweep(NOW, 100)).next_expiry == held.schedule_time
    await again.sweep(held.schedule_time, 100)
    assert [one.ending for one in await finished(again)] == [Ending.OUT_OF_ATTEMPTS]
