"""Batches: done when they are answered, and kept so that they can be asked for again."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.store.builders import NOW, PARENT, PLENTY, RETRY, Q, ids, make_queue, task
from tests.store.conftest import Reopen
from tests.store.factories import RecordingListener, StoreFactory
from tests.store.test_tasks import ATTEMPTED, PAYLOADS

from taskweir.domain.errors import (
    Code,
    ErrorInfo,
    Help,
    InvalidArgument,
    LocalizedMessage,
    NotFound,
    QueueNotFound,
    Refusal,
    TaskExists,
    TaskNotFound,
)
from taskweir.domain.model import HttpRequest, PullMessage, Queue, Task
from taskweir.domain.names import OperationName
from taskweir.domain.operation import BatchKind, BatchState, Failure, Operation
from taskweir.store.base import Store

NAME = OperationName(PARENT, "op-1")


def finish(results: Sequence[Task | Refusal | None]) -> Operation:
    """The operation that a service would make of the results, more or less."""
    return Operation(
        NAME,
        BatchKind.CREATE,
        Q,
        NOW,
        NOW + 1,
        BatchState.PARTIALLY_SUCCEEDED,
        {
            place: Failure(one.code, one.message, one.details)
            for place, one in enumerate(results)
            if isinstance(one, Refusal)
        },
        tuple(one for one in results if isinstance(one, Task)),
    )


async def test_each_task_of_a_batch_has_its_own_result(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """Those refused before stay refused; the others are made or not."""
    await store.insert_task(task("there"), NOW)
    refused = InvalidArgument("bad")
    wanted = [task("a"), refused, task("there"), task("b"), task("a"), task(in_queue=PARENT.queue("none"))]
    seen: list[Task | Refusal] = []

    def keep(results: Sequence[Task | Refusal]) -> Operation:
        seen.extend(results)
        return finish(results)

    listener.told()
    operation = await store.insert_batch(NAME, wanted, keep, NOW)
    assert [type(one) for one in seen] == [Task, InvalidArgument, TaskExists, Task, TaskExists, QueueNotFound]
    assert seen[1] is refused
    assert [one.name.id for one in operation.tasks] == ["a", "b"]
    assert all(one.uid and one.queue_uid == q.uid for one in operation.tasks)
    assert await ids(store) == ["a", "b", "there"]
    assert listener.told() == [("due", q.uid, NOW)]


async def test_tasks_of_one_batch_keep_their_own_fields(store: Store, q: Queue) -> None:
    """Whatever the others have: nothing, all that a task can have, or a part of it."""
    more = [
        {},
        ATTEMPTED,
        {"dispatch_deadline": 15_000_000},
        {"retry_config": RETRY},
        {"dispatch_count": 3},
        {},
    ]
    wanted = [task(f"t{number}", **fields) for number, fields in enumerate(more)]
    made = (await store.insert_batch(NAME, wanted, finish, NOW)).tasks
    assert [replace(one, uid=0, queue_uid=0) for one in made] == wanted
    listed = await store.list_tasks(Q, "", 10, with_body=True, max_bytes=PLENTY)
    assert list(listed.tasks) == list(made)


async def test_each_deletion_of_a_batch_has_its_own_result(store: Store, q: Queue) -> None:
    """In whatever queues the tasks are."""
    other = PARENT.queue("other")
    await make_queue(store, other)
    await store.insert_task(task("a"), NOW)
    await store.insert_task(task("b", in_queue=other), NOW)
    seen: list[Refusal | None] = []

    def keep(results: Sequence[Refusal | None]) -> Operation:
        seen.extend(results)
        return finish(results)

    wanted = [
        Q.task("a"),
        InvalidArgument("bad"),
        Q.task("never"),
        other.task("b"),
        PARENT.queue("x").task("t"),
    ]
    await store.delete_batch(NAME, wanted, keep, NOW)
    assert [type(one) for one in seen] == [
        type(None),
        InvalidArgument,
        TaskNotFound,
        type(None),
        QueueNotFound,
    ]
    assert (await ids(store), await ids(store, other)) == ([], [])


async def test_the_same_batch_again_is_the_same_operation(store: Store, q: Queue) -> None:
    """And nothing is done a second time."""
    first = await store.insert_batch(NAME, [task("a")], finish, NOW)
    assert await store.insert_batch(NAME, [task("b")], finish, NOW + 5) == first
    assert await store.delete_batch(NAME, [Q.task("a")], finish, NOW + 5) == first
    assert await ids(store) == ["a"]


async def test_an_operation_can_be_asked_for(store: Store, q: Queue) -> None:
    """By its name, in its location."""
    made = await store.insert_batch(NAME, [task("a")], finish, NOW)
    assert await store.get_operation(NAME, NOW) == made
    for name in (OperationName(PARENT, "other"), OperationName(replace(PARENT, location="x"), NAME.id)):
        with pytest.raises(NotFound):
            await store.get_operation(name, NOW)


RICH = Operation(
    NAME,
    BatchKind.DELETE,
    PARENT.queue("z"),
    NOW,
    NOW + 1,
    BatchState.FAILED,
    {
        3: Failure(Code.NOT_FOUND, "none", (Help("d", "u"), ErrorInfo("r", "d", {"k": "v"}))),
        0: Failure(Code.INVALID_ARGUMENT, "é", (LocalizedMessage("en-US", "m"),)),
    },
    (
        *(task(f"t{n}", payload=payload, uid=n, **ATTEMPTED) for n, payload in enumerate(PAYLOADS.values())),
        task("bare", payload=HttpRequest("http://h"), has_body=False),
        task("pull", payload=PullMessage(b"\x00"), in_queue=PARENT.queue("z")),
    ),
    frozenset({0, 2}),
    Failure(Code.ABORTED, "none succeeded"),
)


async def test_all_of_an_operation_is_kept(durable: StoreFactory, reopen: Reopen) -> None:
    """Failures with their details, and tasks of every kind."""
    store = await reopen(durable)
    await store.insert_batch(NAME, [], lambda _: RICH, NOW)
    await store.close()
    assert await (await reopen(durable)).get_operation(NAME, NOW) == RICH


async def test_a_batch_whose_end_fails_did_nothing(store: Store, q: Queue) -> None:
    """One transaction: the tasks and the operation together."""
    for error in (ZeroDivisionError(), InvalidArgument("no")):

        def fail(_: object, error: Exception = error) -> Operation:
            raise error

        with pytest.raises(type(error)):
            await store.insert_batch(NAME, [task("a")], fail, NOW)
    assert await ids(store) == []
    await store.insert_task(task("a"), NOW)
    with pytest.raises(NotFound):
        await store.get_operation(NAME, NOW)
