"""Tasks that are gone are kept with the reason, each once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.store.builders import (
    HISTORY,
    NOW,
    PARENT,
    Q,
    begin_one,
    claim,
    finish,
    finished,
    make_queue,
    result,
    set_queue,
    sweep_all,
    task,
)
from tests.store.conftest import Reopen
from tests.store.factories import StoreFactory

from taskweir.domain.history import FinishedTask
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Queue, RetryConfig
from taskweir.domain.names import OperationName
from taskweir.domain.operation import BatchKind, BatchState, Operation
from taskweir.domain.times import HOUR
from taskweir.store.base import Retention, Store

MANY = 1_100
"""More than the purges of this file record at once, and fewer than are kept."""
Remove = Callable[[Store], Awaitable[object]]


@pytest.fixture
def retention() -> Retention:
    return HISTORY


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is told of ten thousand tasks is shown with a thousand."""
    monkeypatch.setattr("taskweir.store.sqlite.history._RECORDED_AT_ONCE", 1_000)


async def fill(store: Store, count: int) -> None:
    await asyncio.gather(
        *(store.insert_task(task(f"t{n:04}", create_time=NOW - n), NOW) for n in range(count))
    )


async def succeed(store: Store) -> None:
    await finish(store, await begin_one(store, await store.get_queue(Q), NOW + 5), now=NOW + 5)


async def give_up(store: Store) -> None:
    law = RetryConfig(1, 0, HOUR, HOUR, 0)
    await set_queue(store, retry_config=law)
    await finish(store, await begin_one(store, await store.get_queue(Q), NOW + 5), 500, NOW + 5)


async def delete(store: Store) -> None:
    await store.delete_task(Q.task("t"), NOW + 5)


async def delete_in_batch(store: Store) -> None:
    name = OperationName(PARENT, "o")
    made = Operation(name, BatchKind.DELETE, Q, NOW, NOW, BatchState.SUCCEEDED, {})
    await store.delete_batch(name, [Q.task("t")], lambda _: made, NOW + 5)


async def delete_queue(store: Store) -> None:
    await store.delete_queue(Q, NOW + 5)


async def purge(store: Store) -> None:
    await store.purge_queue(Q, NOW + 5, forget_names=False)


async def forget(store: Store) -> None:
    await store.purge_queue(Q, NOW + 5, forget_names=True)


async def expire(store: Store) -> None:
    await sweep_all(store, NOW + HISTORY.task)


WAYS = [
    (succeed, Ending.DONE, 1),
    (give_up, Ending.OUT_OF_ATTEMPTS, 1),
    (delete, Ending.DELETED, 0),
    (delete_in_batch, Ending.DELETED, 0),
    (delete_queue, Ending.DELETED, 0),
    (purge, Ending.PURGED, 0),
    (forget, Ending.PURGED, 0),
    (expire, Ending.EXPIRED, 0),
]


@pytest.mark.parametrize(("remove", "ending", "attempts"), WAYS)
async def test_every_way_to_go_is_kept_with_its_reason(
    store: Store, q: Queue, remove: Remove, ending: Ending, attempts: int
) -> None:
    """At once, with the time, and once, whatever is swept later."""
    await store.insert_task(task(create_time=NOW - 3), NOW)
    await remove(store)
    at = NOW + HISTORY.task if ending is Ending.EXPIRED else NOW + 5
    expected = [FinishedTask(Q.task("t"), ending, at, NOW - 3, attempts, id=1)]
    assert await finished(store) == expected
    assert await finished(store, endings=frozenset({ending})) == expected
    assert await finished(store, endings=frozenset(set(Ending) - {ending})) == []
    await sweep_all(store, at)
    assert await finished(store) == expected


@pytest.mark.parametrize(("remove", "ending", "attempts"), WAYS[2:])
async def test_attempts_are_counted_while_they_are_in_flight(
    store: Store, q: Queue, remove: Remove, ending: Ending, attempts: int
) -> None:
    """One that is recorded, one claimed and one that RunTask began: three."""
    await store.insert_task(task(), NOW)
    await finish(store, await begin_one(store, q, NOW), 500)
    await begin_one(store, q, NOW + HOUR)
    await store.take_run((await store.run_task(Q.task("t"), NOW + HOUR)).uid)
    await remove(store)
    assert [(one.ending, one.dispatch_count) for one in await finished(store)] == [(ending, 3)]


async def test_a_success_counts_the_attempts_before_it(store: Store, q: Queue) -> None:
    """Those that were recorded, its own, and one still in flight beside it."""
    for name in ("one", "two"):
        await store.insert_task(task(name), NOW)
        now = NOW
        for _ in range(3):
            now += HOUR
            await finish(store, await begin_one(store, q, now), 500, now)
        begun = await begin_one(store, q, now + HOUR)
        if name == "two":
            await store.take_run((await store.run_task(begun.name, now + HOUR)).uid)
        await finish(store, begun)
    assert [one.dispatch_count for one in await finished(store)] == [4, 5]


async def test_tasks_that_end_together_are_kept_in_their_order(store: Store, q: Queue) -> None:
    """Whether or not a record of the attempt comes with it."""
    await fill(store, 70)
    begun = [await store.begin_attempt(one, NOW) for one in (await claim(store, q)).tasks]
    await asyncio.gather(*(store.finish_attempt(result(one), NOW) for one in reversed(begun) if one))
    assert [one.name for one in await finished(store)] == [one.name for one in reversed(begun) if one]
    assert [one.create_time for one in await finished(store)] == [NOW - n for n in reversed(range(70))]


async def test_what_is_refused_leaves_nothing(store: Store, q: Queue) -> None:
    """Beside what goes."""
    await store.insert_task(task(), NOW)
    names = [Q.task("t"), Q.task("t"), Q.task("none")]
    await asyncio.gather(*(store.delete_task(name, NOW) for name in names), return_exceptions=True)
    assert [one.name.id for one in await finished(store)] == ["t"]


@pytest.mark.parametrize("remove", [purge, delete_queue])
async def test_a_purge_is_kept_whole_at_once(store: Store, q: Queue, remove: Remove) -> None:
    """In the order of the tasks, before whatever ends after it; nothing is left to the sweep."""
    await fill(store, MANY)
    await remove(store)
    other = await make_queue(store, PARENT.queue("other"))
    await store.insert_task(task("last", in_queue=other.name), NOW)
    await finish(store, await begin_one(store, other))
    at_once = await finished(store)
    assert [one.name.id for one in at_once] == [*(f"t{n:04}" for n in range(MANY)), "last"]
    await sweep_all(store, NOW, limit=300)
    assert await finished(store) == at_once


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize(("remove", "ending"), [(purge, Ending.PURGED), (delete_queue, Ending.DELETED)])
async def test_a_large_purge_is_kept_bit_by_bit(
    store: Store, q: Queue, remove: Remove, ending: Ending
) -> None:
    """Some at once, the others as they are swept, under the time of the purge; each once, with its attempts."""
    await fill(store, MANY)
    last = (await claim(store, q, limit=MANY)).tasks[-1]
    begun = await store.begin_attempt(last, NOW)
    assert begun
    await remove(store)
    at_once = await finished(store)
    assert 0 < len(at_once) < MANY
    assert await finish(store, begun) is None
    await sweep_all(store, NOW + HOUR, limit=70)
    found = await finished(store)
    assert found[: len(at_once)] == at_once
    assert [one.name.id for one in found] == [f"t{n:04}" for n in range(MANY)]
    assert {(one.ending, one.finish_time) for one in found} == {(ending, NOW + 5)}
    assert [one.create_time for one in found] == [NOW - n for n in range(MANY)]
    assert [one.name.id for one in found if one.dispatch_count] == [last.name.id]


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("retention", [replace(HISTORY, history_size=size) for size in (7, 1_010)])
async def test_no_more_of_a_purge_is_kept_than_there_is_room_for(
    store: Store, q: Queue, retention: Retention
) -> None:
    """The rest is not written at all: it would only push out what is there."""
    await fill(store, MANY)
    await store.purge_queue(Q, NOW, forget_names=False)
    await sweep_all(store, NOW, limit=7)
    assert (await store.history_ends())[1] == retention.history_size
    assert len(await finished(store)) == retention.history_size


@pytest.mark.usefixtures("few_at_once")
async def test_a_purge_is_kept_by_the_next_process_too(durable: StoreFactory, reopen: Reopen) -> None:
    """What was not swept before a restart; of a queue that is gone, by its name."""
    store = await reopen(durable, HISTORY)
    await make_queue(store)
    await fill(store, MANY)
    await store.delete_queue(Q, NOW)
    await store.close()
    again = await reopen(durable, HISTORY)
    await sweep_all(again, NOW + 1, limit=300)
    found = await finished(again)
    assert [one.name for one in found] == [Q.task(f"t{n:04}") for n in range(MANY)]
    assert {one.finish_time for one in found} == {NOW}
