"""What is past its time is removed in small steps."""

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

from taskweir.domain.errors import NotFound, TaskGone, TaskNotFound
from taskweir.domain.model import Queue
from taskweir.domain.names import OperationName
from taskweir.domain.operation import BatchKind, BatchState, Operation
from taskweir.domain.times import DAY, HOUR
from taskweir.store.base import Store, SweepStep

AGE = RETENTION.task


async def test_an_empty_store_has_nothing_to_sweep(store: Store) -> None:
    """Now or later; then there is a queue with a task, which will be too old one day."""
    assert await store.sweep(NOW, 10) == SweepStep(more=False, next_due=None, next_expiry=None)
    await make_queue(store)
    await store.insert_task(task(), NOW)
    assert await sweep_all(store, NOW) == NOW + AGE


async def test_a_task_is_removed_when_it_is_too_old(store: Store, q: Queue) -> None:
    """Counted from its creation, whatever its state. Its name stays taken."""
    await store.insert_task(task("old"), NOW)
    await store.insert_task(task("new", create_time=NOW + HOUR), NOW)
    assert await sweep_all(store, NOW) == NOW + AGE
    assert await sweep_all(store, NOW + AGE - 1) == NOW + AGE
    assert await ids(store) == ["new", "old"]
    await sweep_all(store, NOW + AGE)
    assert await ids(store) == ["new"]
    with pytest.raises(TaskGone):
        await store.get_task(Q.task("old"), with_body=False)
    await sweep_all(store, NOW + AGE + HOUR)
    assert await ids(store) == []


async def test_an_old_task_in_flight_is_removed_too(store: Store, q: Queue) -> None:
    """Its result comes to nothing."""
    await store.insert_task(task(), NOW)
    begun = await begin_one(store, q)
    await sweep_all(store, NOW + AGE)
    assert await store.finish_attempt(result(begun, 500), NOW + AGE) is None


async def test_a_queue_may_have_its_own_age(store: Store, q: Queue) -> None:
    """Longer or shorter; neither stands in the way of the other."""
    long, short = PARENT.queue("long"), PARENT.queue("short")
    await make_queue(store, long, task_ttl=365 * DAY)
    await make_queue(store, short, task_ttl=10 * DAY)
    for name in (long, short, Q, long, short):
        await store.insert_task(task(str(len(await ids(store, name))), in_queue=name), NOW)
    assert await sweep_all(store, NOW) == NOW + 10 * DAY
    await sweep_all(store, NOW + 10 * DAY)
    assert [await ids(store, name) for name in (long, short, Q)] == [["0", "1"], [], ["0"]]
    await sweep_all(store, NOW + AGE)
    assert [await ids(store, name) for name in (long, short, Q)] == [["0", "1"], [], []]
    await sweep_all(store, NOW + 365 * DAY)
    assert await ids(store, long) == []


async def test_a_change_of_the_age_counts_for_tasks_that_are_there(store: Store, q: Queue) -> None:
    """At the next sweep."""
    await store.insert_task(task(), NOW)
    await sweep_all(store, NOW)
    await set_queue(store, task_ttl=10 * DAY)
    assert await sweep_all(store, NOW) == NOW + 10 * DAY
    await sweep_all(store, NOW + 10 * DAY)
    assert await ids(store) == []


async def test_a_step_removes_no_more_than_its_limit(store: Store, q: Queue) -> None:
    """And says that there is more, until there is not."""
    await asyncio.gather(*(store.insert_task(task(f"t{n:02}"), NOW) for n in range(25)))
    left = []
    more = True
    while more:
        more = (await store.sweep(NOW + AGE, 10)).more
        left.append(len(await ids(store)))
    assert left[:3] == [15, 5, 0]


async def test_a_kept_operation_is_forgotten_when_its_time_is_over(store: Store, q: Queue) -> None:
    """Not found any more, swept or not."""
    name = OperationName(PARENT, "o")
    made = Operation(name, BatchKind.CREATE, Q, NOW, NOW, BatchState.SUCCEEDED, {})
    await store.insert_batch(name, [], lambda _: made, NOW)
    end = NOW + RETENTION.operation
    assert await sweep_all(store, NOW) == end
    await sweep_all(store, end - 1)
    assert await store.get_operation(name, end - 1) == made
    with pytest.raises(NotFound):
        await store.get_operation(name, end)
    assert await sweep_all(store, end) != end


async def test_a_sweep_tells_when_the_next_task_is_too_old(store: Store, q: Queue) -> None:
    """Of all that is swept only that is seen from outside: told by every step, whatever else there is to do."""
    await store.insert_task(task(), NOW)
    await store.delete_task(Q.task("t"), NOW)
    await store.insert_task(task("next", create_time=NOW - HOUR), NOW)
    await sweep_all(store, NOW)
    step = await store.sweep(NOW, 10)
    assert (step.next_due, step.next_expiry) == (NOW + RETENTION.task_tombstone, NOW - HOUR + AGE)
    await store.delete_queue(Q, NOW)
    step = await store.sweep(NOW, 1)
    assert (step.more, step.next_expiry) == (True, NOW - HOUR + AGE)
    await sweep_all(store, NOW + AGE)
    assert (await store.sweep(NOW + AGE, 10)).next_expiry is None


@pytest.mark.parametrize("is_empty", [True, False])
async def test_a_clock_that_is_set_back_makes_tasks_that_are_too_old_sooner(
    store: Store, q: Queue, is_empty: bool
) -> None:
    """They are counted from their creation, and what was found at the later time does not stand against that."""
    if not is_empty:
        await store.insert_task(task("later", create_time=NOW), NOW)
    await sweep_all(store, NOW)
    back = NOW - 365 * DAY
    assert await sweep_all(store, back) == back + AGE
    await store.insert_task(task("early", create_time=back), back)
    assert (await store.sweep(back + AGE - 1, 10)).next_expiry == back + AGE
    await sweep_all(store, back + AGE)
    assert await ids(store) == ([] if is_empty else ["later"])


async def test_the_tombstone_of_a_queue_is_swept(store: Store, q: Queue) -> None:
    """When its time is over; nothing is left to do then."""
    await store.delete_queue(Q, NOW)
    end = NOW + RETENTION.queue_tombstone
    assert await sweep_all(store, NOW) == end
    assert await sweep_all(store, end) is None


async def test_everything_of_a_deleted_queue_is_swept(store: Store, q: Queue) -> None:
    """Tasks and tombstones, at once and without waiting for their times."""
    await asyncio.gather(*(store.insert_task(task(f"t{n}"), NOW) for n in range(30)))
    await asyncio.gather(*(store.delete_task(Q.task(f"t{n}"), NOW) for n in range(10)))
    await store.purge_queue(Q, NOW, forget_names=False)
    await store.insert_task(task("last"), NOW)
    await store.delete_queue(Q, NOW)
    steps = 0
    while (await store.sweep(NOW, 7)).more:
        steps += 1
    assert steps >= 30 // 7
    assert await sweep_all(store, NOW) == NOW + RETENTION.queue_tombstone


async def test_sweeping_beside_other_work_disturbs_neither(store: Store, q: Queue) -> None:
    """Purges are swept while tasks come, are claimed, and finish."""
    for round_ in range(5):
        made = [f"r{round_}-{n}" for n in range(20)]
        await asyncio.gather(
            sweep_all(store, NOW, limit=3), *(store.insert_task(task(name), NOW) for name in made)
        )
        assert len((await claim(store, q)).tasks) == 20
        await store.purge_queue(Q, NOW, forget_names=False)
    await sweep_all(store, NOW, limit=3)
    assert await ids(store) == []
    with pytest.raises(TaskNotFound):
        await store.get_task(Q.task("r9-1"), with_body=False)
    assert replace(await store.get_queue(Q), purge_time=None) == q
