"""Forgetting a project, or everything: as if it had never been."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.builders import (
    HISTORY,
    NOW,
    PARENT,
    Q,
    attempts,
    begin_one,
    claim,
    finish,
    finished,
    ids,
    make_queue,
    sweep_all,
    task,
)
from tests.store.conftest import Reopen
from tests.store.factories import RecordingListener, StoreFactory

from taskweir.domain.errors import NotFound, QueueNotFound, QueueTombstoned, TaskNotFound
from taskweir.domain.iam import Binding, Policy
from taskweir.domain.model import Queue
from taskweir.domain.names import LocationName, OperationName, QueueName
from taskweir.domain.operation import BatchKind, BatchState, Operation
from taskweir.domain.times import HOUR
from taskweir.store.base import Retention, Store

ELSEWHERE = LocationName("other", "us-central1")
OTHER = ELSEWHERE.queue("q")
POLICY = Policy(1, (Binding("roles/viewer", ("user:ada",)),))


@pytest.fixture
def retention() -> Retention:
    return HISTORY


async def live(store: Store, name: QueueName) -> Queue:
    """One of everything: tasks done, deleted, purged, in flight and waiting, and what is kept beside them."""
    of = await make_queue(store, name)
    for task_id in ("done", "deleted", "purged", "flying", "waiting"):
        await store.insert_task(task(task_id, in_queue=name), NOW)
        if task_id == "done":
            await finish(store, await begin_one(store, of))
        elif task_id == "deleted":
            await store.delete_task(name.task(task_id), NOW)
        elif task_id == "purged":
            of = await store.purge_queue(name, NOW, forget_names=False)
        elif task_id == "flying":
            await begin_one(store, of)
    await store.set_policy(name, lambda _: POLICY)
    await store.set_kms_key(name.parent, "key")
    operation = OperationName(name.parent, "o")
    kept = Operation(operation, BatchKind.CREATE, name, NOW, NOW, BatchState.SUCCEEDED, {})
    await store.insert_batch(operation, [], lambda _: kept, NOW)
    await make_queue(store, name.parent.queue("gone"))
    await store.delete_queue(name.parent.queue("gone"), NOW)
    return of


async def is_there(store: Store, name: QueueName) -> bool:
    """Whether all that `live` left is there still."""
    assert await ids(store, name) == ["flying", "waiting"]
    assert await store.get_policy(name) == POLICY
    assert await store.get_kms_key(name.parent) == "key"
    assert (await store.get_operation(OperationName(name.parent, "o"), NOW)).queue == name
    assert len(await finished(store)) >= 3
    with pytest.raises(QueueTombstoned):
        await make_queue(store, name.parent.queue("gone"))
    return True


async def test_a_project_is_forgotten_and_no_other(store: Store, listener: RecordingListener) -> None:
    """Queues, tasks, history, operations, keys and the names that were taken."""
    second = PARENT.queue("second")
    mine, other = await live(store, Q), await live(store, OTHER)
    made = await make_queue(store, second)
    listener.told()
    assert set(await store.reset("p", NOW)) == {mine.uid, made.uid}
    told = listener.told()
    assert sorted(told) == sorted([("gone", mine.uid), ("gone", made.uid)])
    assert [one.uid for one in await store.queues()] == [other.uid]
    assert await store.list_queues(PARENT, "", 10) == []
    for call in (store.get_queue(Q), store.get_task(Q.task("waiting"), with_body=False)):
        with pytest.raises(QueueNotFound):
            await call
    with pytest.raises(NotFound):
        await store.get_operation(OperationName(PARENT, "o"), NOW)
    assert await store.get_kms_key(PARENT) == ""
    assert {one.task.queue for one in await attempts(store)} == {OTHER}
    assert {one.name.queue for one in await finished(store)} == {OTHER}
    assert await is_there(store, OTHER)


async def test_everything_is_forgotten(store: Store) -> None:
    """Of every project. Ids of the history go on."""
    uids = [(await live(store, name)).uid for name in (Q, OTHER)]
    assert sorted(await store.reset(None, NOW)) == sorted(uids)
    assert await store.queues() == []
    assert (await attempts(store), await finished(store)) == ([], [])
    assert await store.history_ends() == (2, 6)
    assert await store.reset(None, NOW) == []


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("project", ["p", None])
async def test_a_queue_can_be_made_again_at_once(store: Store, swept: bool, project: str | None) -> None:
    """Also one whose name was blocked; every task's name is free, and nothing of the old shows."""
    await live(store, Q)
    await store.reset(project, NOW)
    if swept:
        await sweep_all(store, NOW)
    for name in (Q, PARENT.queue("gone")):
        of = await make_queue(store, name)
    of = await store.get_queue(Q)
    assert await ids(store) == []
    assert (await claim(store, of)).tasks == ()
    assert await store.get_policy(Q) == Policy()
    names = ["deleted", "done", "flying", "purged", "waiting"]
    for task_id in names:
        with pytest.raises(TaskNotFound):
            await store.get_task(Q.task(task_id), with_body=False)
        await store.insert_task(task(task_id), NOW)
    await sweep_all(store, NOW)
    assert await ids(store) == names
    assert len((await claim(store, of)).tasks) == len(names)


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("before", ["", "deleted", "purged", "queue deleted"])
async def test_an_attempt_from_before_leaves_no_trace(
    store: Store, q: Queue, before: str, status: int
) -> None:
    """Whether its task was there still or gone already; the queue of the same name is not touched by it."""
    await store.insert_task(task(), NOW)
    begun = await begin_one(store, q)
    if before == "deleted":
        await store.delete_task(begun.name, NOW)
    elif before == "purged":
        await store.purge_queue(Q, NOW, forget_names=False)
    elif before == "queue deleted":
        await store.delete_queue(Q, NOW)
    await store.reset("p", NOW)
    of = await make_queue(store)
    made = await store.insert_task(task(), NOW)
    assert await finish(store, begun, status) is None
    assert await attempts(store) == []
    assert await finished(store) == []
    assert list((await claim(store, of)).tasks) == [made]


async def test_claims_and_runs_from_before_are_void(store: Store, q: Queue) -> None:
    """No attempt begins; giving them up changes nothing."""
    for name in ("claimed", "run"):
        await store.insert_task(task(name), NOW)
    ran = await store.run_task(Q.task("run"), NOW)
    (claimed,) = (await claim(store, q)).tasks
    await store.reset("p", NOW)
    assert await store.begin_attempt(claimed, NOW) is None
    assert await store.take_run(ran.uid) is None
    await store.release([claimed])
    await make_queue(store)
    assert await store.due_queues() == []


async def test_what_the_sweep_removes_afterwards_leaves_no_trace(store: Store, q: Queue) -> None:
    """Of the queues that went, and of a purge that was not swept when they did."""
    for purge in (True, False):
        await asyncio.gather(*(store.insert_task(task(f"{purge}{n}"), NOW) for n in range(1_100)))
        if purge:
            await store.purge_queue(Q, NOW, forget_names=False)
    await store.reset("p", NOW)
    assert await sweep_all(store, NOW, limit=500) is None
    assert (await attempts(store), await finished(store)) == ([], [])


async def test_a_reset_beside_other_calls(store: Store, q: Queue) -> None:
    """In line with them: each is before it or after it."""
    await asyncio.gather(*(store.insert_task(task(f"t{n}"), NOW) for n in range(20)))
    begun = [await begin_one(store, q) for _ in range(10)]
    calls = [
        *(finish(store, one) for one in begun[:5]),
        store.run_task(Q.task("t15"), NOW),
        store.reset("p", NOW),
        store.change_queue(Q, lambda current: current or replace(q, uid=0), NOW),
        store.run_task(Q.task("t16"), NOW),
        store.insert_task(task("late"), NOW),
        claim(store, q),
        *(finish(store, one) for one in begun[5:]),
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(one) for one in answers if isinstance(one, Exception)} == {TaskNotFound, QueueNotFound}
    assert (await store.get_queue(Q)).uid != q.uid
    assert await ids(store) == []
    assert (await attempts(store), await finished(store)) == ([], [])
    assert await store.take_run(begun[0].uid) is None
    assert await store.due_queues() == []


async def test_a_reset_is_there_when_opened_again(durable: StoreFactory, reopen: Reopen) -> None:
    """After a crash too; the sweep goes on with what is left."""
    store = await reopen(durable, HISTORY)
    await live(store, Q)
    await live(store, OTHER)
    await store.reset("p", NOW)
    again = await reopen(durable.crash(), HISTORY)
    assert [one.name for one in await again.queues()] == [OTHER]
    await sweep_all(again, NOW)
    assert await is_there(again, OTHER)
    assert {one.name.queue for one in await finished(again)} == {OTHER}
    await make_queue(again)
    await again.insert_task(task("waiting", NOW + HOUR), NOW)
    assert await ids(again) == ["waiting"]
