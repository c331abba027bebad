"""RunTask: an attempt at once, whatever else goes on."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.builders import BACKOFF, NOW, Q, begin_one, claim, make_queue, result, set_queue, task
from tests.store.conftest import Reopen
from tests.store.factories import RecordingListener, StoreFactory

from taskweir.domain.errors import TaskGone
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Attempt, Queue, QueueState, Task
from taskweir.domain.times import HOUR
from taskweir.store.base import Claim, Store


async def take(store: Store, run: Task) -> Task:
    taken = await store.take_run(run.uid)
    assert taken is not None
    return taken


async def test_the_attempt_is_counted_before_the_answer(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """The task is as it stands after the dispatch: scheduled now, and without its body."""
    made = await store.insert_task(task(at=NOW + HOUR), NOW)
    listener.told()
    run = await store.run_task(made.name, NOW + 5)
    expected = replace(
        made,
        schedule_time=NOW + 5,
        dispatch_count=1,
        first_dispatch_time=NOW + 5,
        last_attempt=Attempt(NOW + 5, NOW + 5),
    )
    assert replace(run, payload=made.payload, has_body=True) == expected
    assert not run.has_body
    assert listener.told() == [("run", q.uid, made.uid)]
    assert await store.get_task(made.name, with_body=True) == expected
    assert await take(store, run) == expected


@pytest.mark.parametrize("state", QueueState)
async def test_it_runs_in_a_queue_of_any_state(store: Store, q: Queue, state: QueueState) -> None:
    """And its result is recorded."""
    made = await store.insert_task(task(at=NOW + HOUR), NOW)
    await set_queue(store, state=state)
    taken = await take(store, await store.run_task(made.name, NOW))
    assert await store.finish_attempt(result(taken), NOW) is Ending.DONE


async def test_it_is_held_meanwhile(store: Store, q: Queue) -> None:
    """The worker does not get it as a due task too."""
    made = await store.insert_task(task(), NOW)
    await store.run_task(made.name, NOW)
    assert await claim(store, q) == Claim(q.uid, (), None)
    assert await store.due_queues() == []


async def test_after_a_failure_the_normal_backoff_follows(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """From now on, though it was scheduled for much later."""
    made = await store.insert_task(task(at=NOW + HOUR), NOW)
    taken = await take(store, await store.run_task(made.name, NOW))
    listener.told()
    assert await store.finish_attempt(result(taken, 500), NOW + 1) == NOW + 1 + BACKOFF
    assert listener.told() == [("due", q.uid, NOW + 1 + BACKOFF)]
    assert [one.uid for one in (await claim(store, q, NOW + 1 + BACKOFF)).tasks] == [made.uid]


async def test_beside_an_attempt_in_flight_it_is_a_second_one(store: Store, q: Queue) -> None:
    """Each has its number; the task is free when both have ended."""
    await store.insert_task(task(), NOW)
    first = await begin_one(store, q)
    second = await take(store, await store.run_task(first.name, NOW + 1))
    assert (first.dispatch_count, second.dispatch_count) == (1, 2)
    assert (await store.get_task(first.name, with_body=False)).dispatch_count == 2
    later = NOW + HOUR
    assert await store.finish_attempt(result(first, 500), NOW + 2) is not None
    assert (await claim(store, q, later)).tasks == ()
    again_at = await store.finish_attempt(result(second, 404), NOW + 3)
    (claimed,) = (await claim(store, q, later)).tasks
    assert claimed.schedule_time == again_at
    assert (claimed.dispatch_count, claimed.response_count, claimed.execution_count) == (2, 2, 1)


async def test_when_one_of_two_succeeds_the_other_comes_to_nothing(store: Store, q: Queue) -> None:
    """Whichever is first, also in one transaction."""
    await store.insert_task(task(), NOW)
    first = await begin_one(store, q)
    second = await take(store, await store.run_task(first.name, NOW))
    answers = await asyncio.gather(
        store.finish_attempt(result(second), NOW), store.finish_attempt(result(first, 500), NOW)
    )
    assert answers == [Ending.DONE, None]
    with pytest.raises(TaskGone):
        await store.get_task(first.name, with_body=False)


async def test_two_failures_in_one_transaction_are_both_counted(store: Store, q: Queue) -> None:
    """The second builds on the first."""
    await store.insert_task(task(), NOW)
    first = await begin_one(store, q)
    second = await take(store, await store.run_task(first.name, NOW))
    await asyncio.gather(*(store.finish_attempt(result(one, 500), NOW) for one in (first, second)))
    stored = await store.get_task(first.name, with_body=False)
    assert (stored.dispatch_count, stored.response_count) == (2, 2)
    assert len((await claim(store, q, NOW + HOUR)).tasks) == 1


async def test_several_runs_are_several_attempts(store: Store, q: Queue) -> None:
    """Also at the same time; each is taken once."""
    made = await store.insert_task(task(), NOW)
    runs = await asyncio.gather(*(store.run_task(made.name, NOW) for _ in range(3)))
    assert sorted(run.dispatch_count for run in runs) == [1, 2, 3]
    assert [(await take(store, made)).dispatch_count for _ in range(3)] == [1, 2, 3]
    assert await store.take_run(made.uid) is None


async def test_a_claim_of_a_task_that_is_run_meanwhile_is_void(store: Store, q: Queue) -> None:
    """The run has taken its place; after it the task is claimed anew."""
    await store.insert_task(task(), NOW)
    (claimed,) = (await claim(store, q)).tasks
    run = await store.run_task(claimed.name, NOW)
    assert await store.begin_attempt(claimed, NOW) is None
    taken = await take(store, run)
    assert taken.dispatch_count == 1
    again_at = await store.finish_attempt(result(taken, 500), NOW)
    assert again_at == NOW + BACKOFF
    assert [one.dispatch_count for one in (await claim(store, q, again_at)).tasks] == [1]


async def test_a_run_and_the_beginning_of_an_attempt_at_once_get_two_numbers(store: Store, q: Queue) -> None:
    """Whichever comes first; none is counted twice or lost."""
    for turns in range(8):
        made = await store.insert_task(task(f"t{turns}"), NOW)
        (claimed,) = (await claim(store, q)).tasks
        running = asyncio.create_task(store.run_task(made.name, NOW))
        for _ in range(turns):
            await asyncio.sleep(0)
        begun = await store.begin_attempt(claimed, NOW)
        run = await running
        taken = await take(store, run)
        numbers = sorted([taken.dispatch_count, *([begun.dispatch_count] if begun else [])])
        assert numbers == list(range(1, len(numbers) + 1))
        assert run.dispatch_count == taken.dispatch_count
        await store.delete_task(made.name, NOW)


@pytest.mark.parametrize("gone", ["deleted", "purged", "queue deleted"])
async def test_a_run_of_a_task_that_is_gone_meanwhile_is_not_taken(store: Store, q: Queue, gone: str) -> None:
    """There is nothing to send."""
    made = await store.insert_task(task(), NOW)
    await store.run_task(made.name, NOW)
    if gone == "deleted":
        await store.delete_task(made.name, NOW)
    elif gone == "purged":
        await store.purge_queue(Q, NOW, forget_names=False)
    else:
        await store.delete_queue(Q, NOW)
    assert await store.take_run(made.uid) is None


async def test_there_is_nothing_to_take_without_a_run(store: Store, q: Queue) -> None:
    """Of a claimed task, and of none."""
    made = await store.insert_task(task(), NOW)
    await claim(store, q)
    assert await store.take_run(made.uid) is None
    assert await store.take_run(999) is None


async def test_a_run_that_nobody_took_is_due_when_opened_again(durable: StoreFactory, reopen: Reopen) -> None:
    """It was answered, so it is sent, and it stays counted."""
    store = await reopen(durable)
    q = await make_queue(store)
    made = await store.insert_task(task(at=NOW + HOUR), NOW)
    await store.run_task(made.name, NOW)
    await store.close()
    again = await reopen(durable)
    assert await again.due_queues() == [(q.uid, NOW)]
    (claimed,) = (await claim(again, q)).tasks
    assert claimed.dispatch_count == 1


async def test_a_claim_beside_a_run_does_not_take_the_same_task(store: Store, q: Queue) -> None:
    """In one transaction, whichever was asked for first."""
    for n in range(4):
        made = await store.insert_task(task(f"t{n}"), NOW)
        calls = [store.run_task(made.name, NOW), claim(store, q)]
        answers = await asyncio.gather(*(calls if n % 2 else calls[::-1]))
        (claimed,) = [one for one in answers if isinstance(one, Claim)]
        begun = [await store.begin_attempt(one, NOW) for one in claimed.tasks]
        assert [one for one in begun if one] == []
        await store.delete_task(made.name, NOW)
