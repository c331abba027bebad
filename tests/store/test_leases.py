"""Leases of pull tasks: who gets which, and what comes with them."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.store.builders import HISTORY, NOW, PARENT, PLENTY, RETRY, Q, ids, make_queue, set_queue
from tests.store.builders import task as any_task
from tests.store.pull_tasks import (
    acknowledge,
    cancel,
    insert,
    lease,
    names,
    renew,
    task,
)

from taskweir.domain import lease as rules
from taskweir.domain.errors import FailedPrecondition, InvalidArgument, QueueNotFound, TaskGone, TaskNotFound
from taskweir.domain.lease_filter import AnyTag, LeaseFilter, OldestTag, WithTag
from taskweir.domain.model import HttpRequest, PullMessage, Queue, QueueState, QueueType, Task
from taskweir.domain.times import DAY, MINUTE, SECOND
from taskweir.effect import LostEffect, call_effect
from taskweir.store.base import LeaseRequest, Retention, Store


@pytest.fixture
def retention() -> Retention:
    return HISTORY


async def test_a_lease_takes_the_oldest_that_are_due(store: Store, pull: Queue) -> None:
    """In order of schedule time, then of insertion; and nobody else gets them."""
    await insert(store, task("c", NOW), task("a", NOW), task("b", NOW - 1), task("later", NOW + 1))
    assert names(await lease(store, 2)) == ["b", "c"]
    assert names(await lease(store)) == ["a"]
    assert await lease(store) == []
    assert names(await lease(store, now=NOW + 1)) == ["later"]


async def test_a_leased_task_shows_its_lease(store: Store, pull: Queue) -> None:
    """Its schedule time is the end, its dispatch count has grown; nothing is known of attempts."""
    made = await store.insert_task(task(tag="x"), NOW)
    (held,) = await lease(store, with_body=True)
    assert held == replace(made, schedule_time=NOW + MINUTE, dispatch_count=1)
    assert await store.get_task(made.name, with_body=True) == held
    listed = await store.list_tasks(Q, "", 10, with_body=True, max_bytes=PLENTY)
    assert list(listed.tasks) == [held]


async def test_without_bodies_a_lease_lacks_nothing_else(store: Store, pull: Queue) -> None:
    """Each task says that its payload was not read."""
    made = await store.insert_task(task(tag="x"), NOW)
    (held,) = await lease(store)
    assert held == replace(
        made, payload=PullMessage(tag="x"), has_body=False, schedule_time=NOW + MINUTE, dispatch_count=1
    )


@pytest.mark.parametrize(
    ("filter", "wanted"),
    [
        (AnyTag(), ["red1", "bare1", "blue1", "red2", "bare2"]),
        (WithTag("red"), ["red1", "red2"]),
        (WithTag("Red"), []),
        (WithTag(""), ["bare1", "bare2"]),
        (OldestTag(), ["red1", "red2"]),
    ],
)
async def test_a_filter_takes_what_passes_it(
    store: Store, pull: Queue, filter: LeaseFilter, wanted: list[str]
) -> None:
    """In order of schedule time, whatever stands between."""
    for n, name in enumerate(("red1", "bare1", "blue1", "red2", "bare2")):
        await insert(store, task(name, NOW - 9 + n, tag=name[:-1].replace("bare", "")))
    await insert(store, task("later", NOW + 1, tag="red"))
    assert names(await lease(store, filter=filter)) == wanted


async def test_the_oldest_tag_is_that_of_the_oldest_that_can_be_leased(store: Store, pull: Queue) -> None:
    """Tasks that are held do not count; an untagged one stands for the untagged, one of any characters for its like."""
    odd = 'tag "\u0000" \U0001f41f'
    await insert(store, task("a", NOW - 3, tag="a"), task("b", NOW - 2), task("c", NOW - 1, tag=odd))
    await insert(store, task("b2"), task("c2", tag=odd))
    assert names(await lease(store, filter=OldestTag())) == ["a"]
    assert names(await lease(store, filter=OldestTag())) == ["b", "b2"]
    assert names(await lease(store, filter=OldestTag())) == ["c", "c2"]
    assert await lease(store, filter=OldestTag()) == []


async def test_a_lease_brings_no_more_bytes_than_asked_for(store: Store, pull: Queue) -> None:
    """But one task at least; where no bodies are shown, they do not count."""
    for n in range(4):
        await insert(store, task(f"t{n}", body=b"x" * 10_000))
    assert names(await lease(store, max_bytes=1, with_body=True)) == ["t0"]
    assert names(await lease(store, max_bytes=22_000, with_body=True)) == ["t1", "t2"]
    await insert(store, task("t4", body=b"x" * 10_000))
    assert names(await lease(store, max_bytes=22_000)) == ["t3", "t4"]


async def test_large_bodies_come_whole(store: Store, pull: Queue) -> None:
    """Bytes of every kind, as many as a response takes."""
    body = bytes(range(256)) * 4_000
    for n in range(5):
        await insert(store, task(f"t{n}", body=body))
    held = await lease(store, max_bytes=32 << 20, with_body=True)
    assert [one.payload for one in held] == [PullMessage(body)] * 5
    assert [one.has_body for one in held] == [True] * 5
    renewed = await store.change_lease(
        held[0].name,
        partial(rules.renewed, proof=held[0].schedule_time, length=DAY, now=NOW),
        NOW,
        with_body=True,
    )
    assert renewed == replace(held[0], schedule_time=NOW + DAY)


async def test_many_middling_bodies_come_whole(store: Store, pull: Queue) -> None:
    """Each with its own task, in order."""
    for n in range(100):
        await insert(store, task(f"t{n:02}", body=bytes([n]) * 20_000, tag=str(n)))
    held = await lease(store, max_bytes=32 << 20, with_body=True)
    assert [one.payload for one in held] == [PullMessage(bytes([n]) * 20_000, str(n)) for n in range(100)]


async def test_a_task_that_is_deleted_before_its_body_is_read_is_left_out(store: Store, pull: Queue) -> None:
    """It was leased, and is nobody's any more. Those that ask for it at the same time may come first or last."""
    for n in range(3):
        await insert(store, task(f"t{n}", body=b"x" * 100_000))
    held, _ = await asyncio.gather(lease(store, with_body=True), store.delete_task(Q.task("t1"), NOW))
    assert names(held) == ["t0", "t2"]
    assert all(one.payload == PullMessage(b"x" * 100_000) for one in held)


@pytest.mark.parametrize(
    ("over", "text"),
    [
        ({"type": QueueType.PUSH}, "pull queue"),
        ({"state": QueueState.PAUSED}, "paused"),
        ({"state": QueueState.DISABLED}, "disabled"),
    ],
)
async def test_not_every_queue_can_be_leased_from(store: Store, over: dict[str, Any], text: str) -> None:
    """Push queues cannot, nor those that are not running."""
    await make_queue(store, **{"type": QueueType.PULL, **over})
    with pytest.raises(FailedPrecondition, match=text):
        await lease(store)


async def test_a_lease_goes_on_while_its_queue_is_paused(store: Store, pull: Queue) -> None:
    """It is renewed, cancelled and acknowledged as ever."""
    await insert(store, task("a"), task("b"))
    a, b = await lease(store)
    await set_queue(store, state=QueueState.PAUSED)
    await acknowledge(store, await renew(store, a))
    await cancel(store, b)
    assert await ids(store) == ["b"]


async def test_what_is_not_there_cannot_be_leased_or_held(store: Store, pull: Queue) -> None:
    """A queue, a task, a task of a push queue."""
    held = task()
    with pytest.raises(TaskNotFound):
        await acknowledge(store, held)
    other = replace(held, name=PARENT.queue("none").task("t"))
    with pytest.raises(QueueNotFound):
        await acknowledge(store, other)
    with pytest.raises(QueueNotFound):
        await store.lease(LeaseRequest(other.name.queue, 1, 1, NOW, AnyTag(), False), NOW)
    push = await make_queue(store, PARENT.queue("push"))
    await store.insert_task(any_task(in_queue=push.name), NOW)
    with pytest.raises(FailedPrecondition, match="pull queue"):
        await acknowledge(store, replace(held, name=push.name.task("t")))


async def test_a_task_goes_into_a_queue_of_its_kind_only(store: Store, pull: Queue) -> None:
    """Others in the same batch are not harmed."""
    push = await make_queue(store, PARENT.queue("push"))
    tried = await asyncio.gather(
        store.insert_task(task("fits"), NOW),
        store.insert_task(any_task("http", payload=HttpRequest("http://h")), NOW),
        store.insert_task(task("pull", in_queue=push.name), NOW),
        return_exceptions=True,
    )
    assert [type(one) for one in tried] == [Task, InvalidArgument, InvalidArgument]
    assert await ids(store) == ["fits"]
    assert await ids(store, push.name) == []


async def test_a_pull_task_cannot_be_run(store: Store, pull: Queue) -> None:
    """There is nobody to send it to."""
    await insert(store, task())
    with pytest.raises(InvalidArgument, match="RunTask cannot be called on a pull task"):
        await store.run_task(Q.task("t"), NOW)
    with pytest.raises(TaskNotFound):
        await store.run_task(Q.task("none"), NOW)
    assert (await store.get_task(Q.task("t"), with_body=False)).dispatch_count == 0


async def test_a_transaction_puts_off_leases_that_are_too_much_for_it(store: Store, pull: Queue) -> None:
    """They come in the next, and nobody notices."""
    for n in range(12):
        await asyncio.gather(*(store.insert_task(task(f"t{n:02}-{m:03}"), NOW) for m in range(1_000)))
    leased = await asyncio.gather(*(lease(store, 1_000) for _ in range(14)))
    assert sorted(map(len, leased)) == [0, 0, *[1_000] * 12]
    assert len({one.name for tasks in leased for one in tasks}) == 12_000


async def test_a_lease_without_effect_ends_no_tasks_again_and_again(store: Store, pull: Queue) -> None:
    """It is answered with what its one transaction found; all is as it was."""
    await asyncio.gather(*(store.insert_task(task(f"t{n:04}"), NOW) for n in range(2_500)))
    for _ in range(3):
        await lease(store, 1_000)
    await set_queue(store, retry_config=replace(RETRY, max_attempts=1))
    undone = call_effect.set(LostEffect())
    try:
        assert await lease(store, 1_000, NOW + MINUTE) == []
    finally:
        call_effect.reset(undone)
    assert len(await ids(store)) == 2_500


@pytest.mark.parametrize("counted", [True, False])
async def test_many_may_ask_an_empty_queue_for_many_tasks(store: Store, pull: Queue, counted: bool) -> None:
    """They write nothing, and so nobody is told that too many writes are waiting."""
    if counted:
        assert (await store.task_counts())[pull.uid] == 0
    assert await asyncio.gather(*(lease(store, 1_000) for _ in range(1_000))) == [[]] * 1_000


async def test_many_leases_at_once_share_what_there_is(store: Store, pull: Queue) -> None:
    """In one transaction; and so do the acknowledgements, each with its own answer."""
    for n in range(20):
        await insert(store, task(f"t{n:02}", tag="ab"[n % 2]))
    filters = (AnyTag(), WithTag("b"), OldestTag(), AnyTag())
    leased = await asyncio.gather(*(lease(store, 6, filter=one) for one in filters))
    assert list(map(len, leased)) == [6, 6, 6, 2]
    held = [one for tasks in leased for one in tasks]
    assert sorted(names(held)) == [f"t{n:02}" for n in range(20)]
    twice = [*held, *held]
    answers = await asyncio.gather(*(acknowledge(store, one) for one in twice), return_exceptions=True)
    assert [answer for answer in answers if answer is not None and not isinstance(answer, TaskGone)] == []
    assert answers.count(None) == 20
    assert await ids(store) == []


async def test_the_first_tasks_come_in_order_of_schedule_time(store: Store, pull: Queue) -> None:
    """Leased ones at the end of their leases; without payloads, and no more than asked for."""
    await insert(store, task("c", NOW - 1), task("b", NOW + SECOND), task("a", NOW + SECOND), task("d"))
    await lease(store, 1)
    first = await store.first_tasks(Q, 10)
    assert [one.name.id for one in first] == ["d", "b", "a", "c"]
    assert not any(one.has_body for one in first)
    assert [one.name.id for one in await store.first_tasks(Q, 2)] == ["d", "b"]
    with pytest.raises(QueueNotFound):
        await store.first_tasks(PARENT.queue("none"), 1)
