"""Names of tasks that are gone stay taken for a while."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.store.builders import NOW, RETENTION, Q, begin_one, make_queue, result, set_queue, sweep_all, task
from tests.store.conftest import Reopen
from tests.store.factories import StoreFactory

from taskweir.domain.errors import TaskGone, TaskNotFound, TaskTombstoned
from taskweir.domain.model import Queue, RetryConfig
from taskweir.domain.times import HOUR, SECOND
from taskweir.store.base import Retention, Store

TTL = RETENTION.task_tombstone


async def delete(store: Store, q: Queue) -> None:
    await store.delete_task(Q.task("t"), NOW)


async def succeed(store: Store, q: Queue) -> None:
    await store.finish_attempt(result(await begin_one(store, q)), NOW)


async def fail_for_good(store: Store, q: Queue) -> None:
    await set_queue(store, retry_config=RetryConfig(1, 0, SECOND, SECOND, 0))
    await store.finish_attempt(result(await begin_one(store, q), 500), NOW)


async def purge(store: Store, q: Queue) -> None:
    await store.purge_queue(Q, NOW, forget_names=False)


async def purge_and_sweep(store: Store, q: Queue) -> None:
    await purge(store, q)
    await sweep_all(store, NOW)


ENDINGS = [delete, succeed, fail_for_good, purge, purge_and_sweep]


@pytest.mark.parametrize("end", ENDINGS)
async def test_the_name_is_taken_until_its_time_is_over(
    store: Store, q: Queue, end: Callable[[Store, Queue], Awaitable[None]]
) -> None:
    """However the task ended. To the microsecond."""
    await store.insert_task(task(), NOW)
    await end(store, q)
    with pytest.raises(TaskGone):
        await store.get_task(Q.task("t"), with_body=False)
    with pytest.raises(TaskTombstoned):
        await store.insert_task(task(), NOW + TTL - 1)
    with pytest.raises(TaskGone):
        await store.delete_task(Q.task("t"), NOW + TTL - 1)
    with pytest.raises(TaskNotFound):
        await store.delete_task(Q.task("t"), NOW + TTL)
    with pytest.raises(TaskNotFound):
        await store.get_task(Q.task("t"), with_body=False)
    made = await store.insert_task(task(), NOW + TTL)
    assert await store.get_task(Q.task("t"), with_body=True) == made


@pytest.mark.parametrize("end", ENDINGS)
async def test_a_sweep_removes_it_when_its_time_is_over(
    store: Store, q: Queue, end: Callable[[Store, Queue], Awaitable[None]]
) -> None:
    """And not before; the sweep tells when that is."""
    await store.insert_task(task(), NOW)
    await end(store, q)
    assert await sweep_all(store, NOW) == NOW + TTL
    assert await sweep_all(store, NOW + TTL - 1) == NOW + TTL
    with pytest.raises(TaskTombstoned):
        await store.insert_task(task(), NOW + TTL - 1)
    assert await sweep_all(store, NOW + TTL) != NOW + TTL
    with pytest.raises(TaskNotFound):
        await store.get_task(Q.task("t"), with_body=False)


async def test_the_queue_may_have_its_own_time(store: Store) -> None:
    """Longer or shorter than the server's."""
    await make_queue(store, tombstone_ttl=9 * HOUR)
    await store.insert_task(task(), NOW)
    await store.delete_task(Q.task("t"), NOW)
    with pytest.raises(TaskTombstoned):
        await store.insert_task(task(), NOW + 9 * HOUR - 1)
    await store.insert_task(task(), NOW + 9 * HOUR)


@pytest.mark.parametrize("end", ENDINGS)
@pytest.mark.parametrize("retention", [replace(RETENTION, task_tombstone=0)])
async def test_without_a_time_a_name_is_free_at_once(
    store: Store, q: Queue, retention: Retention, end: Callable[[Store, Queue], Awaitable[None]]
) -> None:
    """As a test suite may want it."""
    await store.insert_task(task(), NOW)
    await end(store, q)
    with pytest.raises(TaskNotFound):
        await store.get_task(Q.task("t"), with_body=False)
    await store.insert_task(task(), NOW)


async def test_a_name_used_again_is_taken_anew(store: Store, q: Queue) -> None:
    """The second end counts, though the first tombstone was never swept."""
    await store.insert_task(task(), NOW)
    await store.delete_task(Q.task("t"), NOW)
    later = NOW + TTL
    await store.insert_task(task(), later)
    await store.delete_task(Q.task("t"), later)
    with pytest.raises(TaskTombstoned):
        await store.insert_task(task(), later + TTL - 1)


async def test_names_are_taken_in_their_own_queue_only(store: Store, q: Queue) -> None:
    """Another queue knows nothing of them."""
    other = Q.parent.queue("other")
    await make_queue(store, other)
    await store.insert_task(task(), NOW)
    await store.delete_task(Q.task("t"), NOW)
    await store.insert_task(task(in_queue=other), NOW)


async def test_a_purge_that_forgets_frees_all_names(store: Store, q: Queue) -> None:
    """Those of queued tasks, of finished ones, and of earlier purges."""
    for name in ("deleted", "purged", "queued"):
        if name == "queued":
            await store.purge_queue(Q, NOW, forget_names=False)
        await store.insert_task(task(name), NOW)
    await store.insert_task(task("done"), NOW)
    await store.delete_task(Q.task("done"), NOW)
    await store.purge_queue(Q, NOW, forget_names=True)
    for name in ("deleted", "purged", "queued", "done"):
        with pytest.raises(TaskNotFound):
            await store.get_task(Q.task(name), with_body=False)
        await store.insert_task(task(name), NOW)


async def test_names_stay_taken_when_opened_again(durable: StoreFactory, reopen: Reopen) -> None:
    """Of deleted tasks, and of purged ones that are swept or not."""
    store = await reopen(durable)
    await make_queue(store)
    for name in ("deleted", "swept", "purged"):
        await store.insert_task(task(name), NOW)
    await store.delete_task(Q.task("deleted"), NOW)
    await store.delete_task(Q.task("swept"), NOW)
    await store.purge_queue(Q, NOW, forget_names=False)
    await store.close()
    again = await reopen(durable)
    for name in ("deleted", "swept", "purged"):
        with pytest.raises(TaskTombstoned):
            await again.insert_task(task(name), NOW + TTL - 1)
    assert await sweep_all(again, NOW + TTL) is not None
    for name in ("deleted", "swept", "purged"):
        await again.insert_task(task(name), NOW + TTL)
