"""Purging a queue: every task in it goes at once, whatever they are many."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.builders import (
    NOW,
    PARENT,
    RETENTION,
    Q,
    begin_one,
    claim,
    ids,
    make_queue,
    result,
    set_queue,
    sweep_all,
    task,
)
from tests.store.conftest import Reopen
from tests.store.factories import RecordingListener, StoreFactory

from taskweir.domain.errors import TaskNotFound, TaskTombstoned
from taskweir.domain.model import Queue, QueueState
from taskweir.store.base import Claim, Store


async def fill(store: Store, count: int = 30) -> None:
    await asyncio.gather(*(store.insert_task(task(f"t{n:03}"), NOW) for n in range(count)))


@pytest.mark.parametrize("forget", [False, True])
async def test_the_queue_is_empty_at_once(store: Store, q: Queue, forget: bool) -> None:
    """Nothing is left to read, list, claim or wait for, before anything is swept."""
    await fill(store)
    purged = await store.purge_queue(Q, NOW + 7, forget_names=forget)
    assert purged == replace(q, purge_time=NOW + 7, uid=purged.uid)
    assert await store.get_queue(Q) == purged
    assert await ids(store) == []
    assert await store.due_queues() == []
    assert await claim(store, purged) == Claim(purged.uid, (), None)


@pytest.mark.parametrize("forget", [False, True])
async def test_tasks_made_afterwards_stay(store: Store, q: Queue, forget: bool) -> None:
    """Also while the sweep removes the others."""
    await fill(store)
    purged = await store.purge_queue(Q, NOW, forget_names=forget)
    await store.insert_task(task("new"), NOW)
    await sweep_all(store, NOW, limit=7)
    assert await ids(store) == ["new"]
    assert [one.name.id for one in (await claim(store, purged)).tasks] == ["new"]


async def test_names_are_taken_before_during_and_after_the_sweep(store: Store, q: Queue) -> None:
    """At no moment can a purged name be used."""
    await fill(store)
    await store.purge_queue(Q, NOW, forget_names=False)
    more = True
    while more:
        for n in (0, 15, 29):
            with pytest.raises(TaskTombstoned):
                await store.insert_task(task(f"t{n:03}"), NOW)
        more = (await store.sweep(NOW, 7)).more
    for n in range(30):
        with pytest.raises(TaskTombstoned):
            await store.insert_task(task(f"t{n:03}"), NOW)


async def test_the_listener_is_told_of_a_changed_queue(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """It is the same queue."""
    purged = await store.purge_queue(Q, NOW, forget_names=False)
    assert purged.uid == q.uid
    assert listener.told() == [("changed", purged)]


async def test_a_purge_that_forgets_leaves_it_the_same_queue(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """So the worker goes on with its rate and its attempts in flight."""
    purged = await store.purge_queue(Q, NOW, forget_names=True)
    assert purged.uid == q.uid
    assert listener.told() == [("changed", purged)]


@pytest.mark.parametrize("swept", ["at once", "later"])
async def test_a_purge_that_forgets_frees_every_name(store: Store, q: Queue, swept: str) -> None:
    """Of tasks that are there, that ended, and that went with earlier purges; what ends afterwards blocks again."""
    names = ("deleted", "done", "purged", "there")
    for name in names:
        await store.insert_task(task(name), NOW)
        if name == "deleted":
            await store.delete_task(Q.task(name), NOW)
        elif name == "done":
            await store.finish_attempt(result(await begin_one(store, q)), NOW)
        elif name == "purged":
            await store.purge_queue(Q, NOW, forget_names=False)
    await store.purge_queue(Q, NOW, forget_names=True)
    for name in names:
        with pytest.raises(TaskNotFound):
            await store.get_task(Q.task(name), with_body=False)
        with pytest.raises(TaskNotFound):
            await store.delete_task(Q.task(name), NOW)
    if swept == "at once":
        await sweep_all(store, NOW, limit=1)
    for name in names:
        await store.insert_task(task(name), NOW)
        await store.delete_task(Q.task(name), NOW)
    await sweep_all(store, NOW, limit=1)
    for name in names:
        with pytest.raises(TaskTombstoned):
            await store.insert_task(task(name), NOW)


async def test_forgotten_names_are_swept_in_steps(store: Store, q: Queue) -> None:
    """Not in the purge, which takes no longer for a million; nor do they wait for their time."""
    await fill(store)
    await asyncio.gather(*(store.delete_task(Q.task(f"t{n:03}"), NOW) for n in range(30)))
    await store.purge_queue(Q, NOW, forget_names=True)
    steps = 0
    while (await store.sweep(NOW, 7)).more:
        steps += 1
    assert steps == 30 // 7
    assert await sweep_all(store, NOW) == NOW + RETENTION.task


async def test_other_queues_keep_the_names_that_one_forgets(store: Store, q: Queue) -> None:
    """Also queues made after it."""
    await store.purge_queue(Q, NOW, forget_names=True)
    other = PARENT.queue("other")
    await make_queue(store, other)
    for name in (Q, other):
        await store.insert_task(task(in_queue=name), NOW)
        await store.delete_task(name.task("t"), NOW)
    await store.purge_queue(Q, NOW, forget_names=True)
    await sweep_all(store, NOW)
    await store.insert_task(task(), NOW)
    with pytest.raises(TaskTombstoned):
        await store.insert_task(task(in_queue=other), NOW)


async def test_forgotten_names_stay_forgotten_when_opened_again(
    durable: StoreFactory, reopen: Reopen
) -> None:
    """And those that came after stay taken."""
    store = await reopen(durable)
    q = await make_queue(store)
    await fill(store, 3)
    await store.delete_task(Q.task("t000"), NOW)
    await store.purge_queue(Q, NOW, forget_names=True)
    await store.insert_task(task("t001"), NOW)
    await store.delete_task(Q.task("t001"), NOW)
    await store.close()
    again = await reopen(durable)
    assert (await again.get_queue(Q)).uid == q.uid
    for name in ("t000", "t002"):
        await again.insert_task(task(name), NOW)
    with pytest.raises(TaskTombstoned):
        await again.insert_task(task("t001"), NOW)


async def test_a_paused_queue_stays_paused(store: Store, q: Queue) -> None:
    """A purge says nothing about the state."""
    await set_queue(store, state=QueueState.PAUSED)
    for forget in (False, True):
        assert (await store.purge_queue(Q, NOW, forget_names=forget)).state is QueueState.PAUSED


async def test_other_queues_are_not_touched(store: Store, q: Queue) -> None:
    """Though their tasks lie in between."""
    other = await make_queue(store, PARENT.queue("other"))
    for n in range(20):
        await store.insert_task(task(f"t{n:02}"), NOW)
        await store.insert_task(task(f"t{n:02}", in_queue=other.name), NOW)
    await store.purge_queue(Q, NOW, forget_names=False)
    await sweep_all(store, NOW, limit=7)
    assert len(await ids(store, other.name)) == 20


async def test_several_purges_before_a_sweep(store: Store, q: Queue) -> None:
    """Each takes what was made since the last."""
    for round_ in range(3):
        for n in range(5):
            await store.insert_task(task(f"r{round_}-{n}"), NOW)
        await store.purge_queue(Q, NOW, forget_names=False)
    assert await ids(store) == []
    with pytest.raises(TaskTombstoned):
        await store.insert_task(task("r0-0"), NOW)
    await sweep_all(store, NOW, limit=4)
    with pytest.raises(TaskTombstoned):
        await store.insert_task(task("r0-0"), NOW)


async def test_a_purge_holds_when_opened_again(durable: StoreFactory, reopen: Reopen) -> None:
    """And the sweep goes on where it was."""
    store = await reopen(durable)
    q = await make_queue(store)
    await fill(store)
    purged = await store.purge_queue(Q, NOW, forget_names=False)
    await store.sweep(NOW, 10)
    await store.close()
    again = await reopen(durable)
    assert await again.get_queue(Q) == purged
    assert await ids(again) == []
    assert await again.due_queues() == []
    await again.insert_task(task("new"), NOW)
    await sweep_all(again, NOW)
    assert [one.name.id for one in (await claim(again, q)).tasks] == ["new"]


async def test_a_name_that_never_was_is_still_not_found_after_a_purge(store: Store, q: Queue) -> None:
    """Only purged names are gone."""
    await fill(store, 1)
    await store.purge_queue(Q, NOW, forget_names=False)
    with pytest.raises(TaskNotFound):
        await store.get_task(Q.task("never"), with_body=False)
