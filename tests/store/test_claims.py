"""Claims: due tasks go into the worker's hands, each once."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.builders import (
    BACKOFF,
    NOW,
    PARENT,
    PLENTY,
    Q,
    begin_one,
    claim,
    make_queue,
    result,
    set_queue,
    task,
)
from tests.store.factories import RecordingListener

from taskweir.domain.model import HttpRequest, PullMessage, Queue, QueueState, QueueType, Task
from taskweir.domain.times import HOUR, SECOND
from taskweir.store.base import Claim, ClaimRequest, Store


def names(claimed: Claim) -> list[str]:
    return [one.name.id for one in claimed.tasks]


async def test_due_tasks_come_in_order_of_schedule_time(store: Store, q: Queue) -> None:
    """Whatever the order they were made in; those made first go first among equals. Later ones are told of."""
    for name, at in (
        ("c", NOW),
        ("b", NOW - 1),
        ("later", NOW + 1),
        ("a", NOW - 2),
        ("d", NOW),
        ("far", NOW + HOUR),
    ):
        await store.insert_task(task(name, at), NOW)
    claimed = await claim(store, q)
    assert names(claimed) == ["a", "b", "c", "d"]
    assert claimed.next_due == NOW + 1


async def test_a_claimed_task_is_not_given_again(store: Store, q: Queue) -> None:
    """While it is held."""
    await store.insert_task(task(), NOW)
    assert names(await claim(store, q)) == ["t"]
    assert await claim(store, q) == Claim(q.uid, (), None)


async def test_a_limit_cuts_the_claim(store: Store, q: Queue) -> None:
    """What is left is due already; it comes with the next claims."""
    for n in range(5):
        await store.insert_task(task(f"t{n}", NOW - 5 + n), NOW)
    first = await claim(store, q, limit=2)
    assert (names(first), first.next_due) == (["t0", "t1"], NOW - 3)
    second = await claim(store, q, limit=3)
    assert (names(second), second.next_due) == (["t2", "t3", "t4"], None)


async def test_no_more_bodies_are_read_than_asked_for(store: Store, q: Queue) -> None:
    """At least one task, and none after the one that passes the limit."""
    for n in range(4):
        await store.insert_task(
            task(f"t{n}", payload=HttpRequest("http://target/", body=b"x" * 100_000)), NOW
        )
    assert names(await claim(store, q, max_bytes=1)) == ["t0"]
    assert names(await claim(store, q, max_bytes=150_000)) == ["t1", "t2"]
    assert names(await claim(store, q)) == ["t3"]


@pytest.mark.parametrize("changes", [{"state": QueueState.PAUSED}, {"state": QueueState.DISABLED}])
async def test_a_queue_that_does_not_run_gives_none(
    store: Store, q: Queue, changes: dict[str, object]
) -> None:
    """Until it runs again."""
    await store.insert_task(task(), NOW)
    await set_queue(store, **changes)
    assert await claim(store, q) == Claim(q.uid, (), None)
    await set_queue(store, state=QueueState.RUNNING)
    assert names(await claim(store, q)) == ["t"]


async def test_pull_queues_and_unknown_ones_give_none(store: Store) -> None:
    """Their tasks are leased, not sent."""
    pull = await make_queue(store, type=QueueType.PULL)
    await store.insert_task(task(payload=PullMessage(b"")), NOW)
    assert await claim(store, pull) == Claim(pull.uid, (), None)
    assert await claim(store, replace(pull, uid=999)) == Claim(999, (), None)


async def test_several_queues_are_claimed_at_once(store: Store, q: Queue) -> None:
    """Each request has its answer, in order."""
    other = await make_queue(store, PARENT.queue("other"))
    await store.insert_task(task("a"), NOW)
    await store.insert_task(task("b", in_queue=other.name), NOW)
    answers = await store.claim(
        [ClaimRequest(other.uid, 10, PLENTY), ClaimRequest(999, 1, 1), ClaimRequest(q.uid, 10, PLENTY)], NOW
    )
    assert [(one.queue_uid, names(one)) for one in answers] == [(other.uid, ["b"]), (999, []), (q.uid, ["a"])]


async def test_claims_at_the_same_time_share_the_tasks_out(store: Store, q: Queue) -> None:
    """None twice, none left."""
    await asyncio.gather(*(store.insert_task(task(f"t{n}"), NOW) for n in range(60)))
    answers = await asyncio.gather(*(claim(store, q, limit=7) for _ in range(9)))
    given = [name for answer in answers for name in names(answer)]
    assert len(given) == 60
    assert len(set(given)) == 60


async def test_a_released_task_is_given_again(store: Store, q: Queue, listener: RecordingListener) -> None:
    """In its old place, and the listener hears that it is due."""
    for n in range(3):
        await store.insert_task(task(f"t{n}", NOW - 3 + n), NOW)
    claimed = (await claim(store, q)).tasks
    listener.told()
    await store.release([claimed[1]])
    assert listener.told() == [("due", q.uid, NOW - 2)]
    assert names(await claim(store, q)) == ["t1"]


async def test_releasing_what_is_not_held_does_nothing(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """Deleted, in flight, or released before."""
    for name in ("deleted", "begun", "free"):
        await store.insert_task(task(name), NOW)
    claimed = (await claim(store, q)).tasks
    await store.delete_task(Q.task("deleted"), NOW)
    assert await store.begin_attempt(claimed[1], NOW)
    await store.release([claimed[2]])
    listener.told()
    await store.release(claimed)
    assert listener.told() == []
    assert names(await claim(store, q)) == ["free"]


async def test_a_task_that_is_due_earlier_than_what_was_claimed_is_found(store: Store, q: Queue) -> None:
    """However far the claims have come."""
    for n in range(10):
        await store.insert_task(task(f"t{n}", NOW + n), NOW)
    assert len((await claim(store, q, NOW + 9)).tasks) == 10
    await store.insert_task(task("early", NOW - HOUR), NOW)
    assert names(await claim(store, q, NOW + 9)) == ["early"]


async def test_many_tasks_of_one_time_are_claimed_step_by_step(store: Store, q: Queue) -> None:
    """Each once, though their schedule times are equal."""
    made = await asyncio.gather(*(store.insert_task(task(f"t{n}"), NOW) for n in range(300)))
    given: list[Task] = []
    while claimed := (await claim(store, q, limit=37)).tasks:
        given += claimed
    assert sorted(one.uid for one in given) == sorted(one.uid for one in made)


async def test_what_is_due_next_passes_over_what_is_held(store: Store, q: Queue) -> None:
    """More of it than one look at the index takes in."""
    await asyncio.gather(*(store.insert_task(task(f"t{n}", NOW + n), NOW) for n in range(100)))
    claimed = (await claim(store, q, NOW + 98, limit=99)).tasks
    await store.release([claimed[0]])
    assert (await claim(store, q, limit=1)).next_due == NOW + 99


async def test_the_claim_tells_of_all_that_the_listener_was_told_of(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """A worker that hears of a task while its claim is on the way must not forget it at the claim's answer."""
    for n in range(20):
        answer, _ = await asyncio.gather(claim(store, q), store.insert_task(task(f"t{n}", NOW + HOUR), NOW))
        assert answer.next_due == NOW + HOUR


async def test_a_claim_whose_caller_leaves_holds_nothing(store: Store, q: Queue) -> None:
    """Whether it left before the transaction, during it, or after."""
    await store.insert_task(task(), NOW)
    for turns in range(6):
        waiting = asyncio.create_task(claim(store, q))
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        (answer,) = await asyncio.gather(waiting, return_exceptions=True)
        if isinstance(answer, Claim):
            await store.release(answer.tasks)
        assert await store.due_queues() == [(q.uid, NOW)]


async def test_the_due_queues_are_those_with_a_free_task(store: Store, q: Queue) -> None:
    """With the earliest time, whatever their state; a queue whose tasks are all held is not among them."""
    empty, paused, later = [await make_queue(store, PARENT.queue(name)) for name in ("e", "p", "l")]
    await store.insert_task(task("a", NOW), NOW)
    await store.insert_task(task("b", NOW + 5), NOW)
    await store.insert_task(task("c", NOW + 7, in_queue=paused.name), NOW)
    await store.insert_task(task("d", NOW + HOUR, in_queue=later.name), NOW)
    await set_queue(store, name=paused.name, state=QueueState.PAUSED)
    assert sorted(await store.due_queues()) == [(q.uid, NOW), (paused.uid, NOW + 7), (later.uid, NOW + HOUR)]
    await claim(store, q, limit=1)
    assert dict(await store.due_queues())[q.uid] == NOW + 5
    await claim(store, q, NOW + 5)
    assert q.uid not in dict(await store.due_queues())
    assert empty.uid not in dict(await store.due_queues())


async def test_a_failed_task_is_claimed_when_its_time_comes(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """And not before."""
    await store.insert_task(task(), NOW)
    again_at = await store.finish_attempt(result(await begin_one(store, q), 500), NOW)
    assert again_at == NOW + BACKOFF
    assert ("due", q.uid, again_at) in listener.told()
    assert await claim(store, q) == Claim(q.uid, (), again_at)
    assert names(await claim(store, q, again_at)) == ["t"]


async def test_a_task_that_is_tried_again_at_once_is_found_at_once(store: Store, q: Queue) -> None:
    """No backoff at all, in the very transaction of the next claim."""
    await set_queue(store, retry_config=replace(q.retry_config, min_backoff=0, max_backoff=0))
    await store.insert_task(task(), NOW - SECOND)
    for _ in range(10):
        begun = await begin_one(store, q)
        _, first = await asyncio.gather(store.finish_attempt(result(begun, 500), NOW), claim(store, q))
        second = await claim(store, q)
        assert [*first.tasks, *second.tasks] != []
        await store.release([*first.tasks, *second.tasks])


async def test_a_task_that_is_tried_again_at_once_is_not_passed_over(store: Store, q: Queue) -> None:
    """By a claim in the same transaction that takes one behind it."""
    await set_queue(store, retry_config=replace(q.retry_config, min_backoff=0, max_backoff=0))
    await store.insert_task(task("again"), NOW)
    begun = await begin_one(store, q)
    await store.insert_task(task("behind"), NOW)
    _, first = await asyncio.gather(store.finish_attempt(result(begun, 500), NOW), claim(store, q))
    second = await claim(store, q)
    assert names(first) + names(second) == ["again", "behind"]


async def test_a_released_task_is_not_passed_over(store: Store, q: Queue) -> None:
    """By a claim in the same transaction that takes one behind it."""
    await store.insert_task(task("again"), NOW)
    (claimed,) = (await claim(store, q)).tasks
    await store.insert_task(task("behind"), NOW)
    _, first = await asyncio.gather(store.release([claimed]), claim(store, q))
    assert names(first) + names(await claim(store, q)) == ["again", "behind"]
