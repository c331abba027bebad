"""Leases of pull tasks: who gets which, who may change them, and what becomes of those that nobody may have again."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.store.builders import HISTORY, NOW, PARENT, PLENTY, RETRY, Q, finished, ids, make_queue, set_queue
from tests.store.builders import task as any_task
from tests.store.conftest import Reopen
from tests.store.factories import RecordingListener, StoreFactory

from taskweir.domain import lease as rules
from taskweir.domain.errors import (
    FailedPrecondition,
    InvalidArgument,
    QueueNotFound,
    TaskGone,
    TaskNotFound,
)
from taskweir.domain.lease_filter import AnyTag, LeaseFilter, OldestTag, WithTag
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import HttpRequest, PullMessage, Queue, QueueState, QueueType, Task
from taskweir.domain.times import DAY, MINUTE, SECOND, Instant
from taskweir.store.base import LeaseRequest, Retention, Store

UNLIMITED = replace(RETRY, max_attempts=-1)
TWICE = replace(RETRY, max_attempts=2)


@pytest.fixture
def retention() -> Retention:
    return HISTORY


@pytest.fixture
async def pull(store: Store, listener: RecordingListener) -> Queue:
    made = await make_queue(store, type=QueueType.PULL, retry_config=UNLIMITED)
    listener.told()
    return made


def task(task_id: str = "t", at: Instant = NOW, *, tag: str = "", body: bytes = b"body", **over: Any) -> Task:
    return any_task(task_id, at, payload=PullMessage(body, tag), **over)


async def insert(store: Store, *tasks: Task) -> None:
    for one in tasks:
        await store.insert_task(one, NOW)


async def lease(
    store: Store,
    limit: int = 100,
    now: Instant = NOW,
    *,
    length: int = MINUTE,
    filter: LeaseFilter = AnyTag(),  # noqa: B008 - a constant
    max_bytes: int = PLENTY,
    with_body: bool = False,
) -> list[Task]:
    return list(await store.lease(LeaseRequest(Q, limit, max_bytes, now + length, filter, with_body), now))


def names(tasks: list[Task]) -> list[str]:
    return [one.name.id for one in tasks]


async def change(
    store: Store, held: Task, rule: Callable[..., Task | Ending], now: Instant = NOW, **more: Any
) -> Task | Ending:
    made = partial(rule, proof=held.schedule_time, now=now, **more)
    return await store.change_lease(held.name, made, now)


async def acknowledge(store: Store, held: Task, now: Instant = NOW) -> None:
    assert await change(store, held, rules.acknowledged, now) is Ending.DONE


async def renew(store: Store, held: Task, now: Instant = NOW, length: int = MINUTE) -> Task:
    renewed = await change(store, held, rules.renewed, now, length=length)
    assert isinstance(renewed, Task)
    return renewed


async def cancel(store: Store, held: Task, now: Instant = NOW) -> Task:
    cancelled = await change(store, held, rules.cancelled, now)
    assert isinstance(cancelled, Task)
    return cancelled


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
    assert list(listed) == [held]


async def test_without_bodies_a_lease_lacks_nothing_else(store: Store, pull: Queue) -> None:
    """Each task says that its payload was not read."""
    made = await store.insert_task(task(tag="x"), NOW)
    (held,) = await lease(store)
    assert held == replace(
        made, payload=PullMessage(tag="x"), has_body=False, schedule_time=NOW + MINUTE, dispatch_count=1
    )


async def test_a_lease_that_is_over_leaves_the_task_to_others(store: Store, pull: Queue) -> None:
    """At the very microsecond at which it ends; the first holder has lost it."""
    await insert(store, task())
    (first,) = await lease(store)
    assert await lease(store, now=first.schedule_time - 1) == []
    with pytest.raises(FailedPrecondition, match="is over"):
        await acknowledge(store, first, first.schedule_time)
    (second,) = await lease(store, now=first.schedule_time)
    assert second.dispatch_count == 2
    with pytest.raises(FailedPrecondition, match="another"):
        await acknowledge(store, first, second.schedule_time - 1)
    await acknowledge(store, second, second.schedule_time - 1)


async def test_an_acknowledged_task_is_done(store: Store, pull: Queue) -> None:
    """Its name stays taken for a while, and the history has it."""
    await insert(store, task())
    (held,) = await lease(store)
    await acknowledge(store, held, NOW + 1)
    with pytest.raises(TaskGone):
        await acknowledge(store, held, NOW + 1)
    with pytest.raises(TaskGone):
        await store.get_task(held.name, with_body=False)
    (gone,) = await finished(store)
    assert (gone.ending, gone.dispatch_count, gone.finish_time) == (Ending.DONE, 1, NOW + 1)


async def test_a_renewed_lease_ends_later(store: Store, pull: Queue) -> None:
    """Counted from now; the old end proves nothing any more, and the count stays."""
    await insert(store, task())
    (held,) = await lease(store)
    renewed = await renew(store, held, NOW + SECOND)
    assert (renewed.schedule_time, renewed.dispatch_count) == (NOW + SECOND + MINUTE, 1)
    assert await lease(store, now=held.schedule_time) == []
    with pytest.raises(FailedPrecondition):
        await renew(store, held, NOW + SECOND)
    assert (await renew(store, renewed, NOW + 2, length=SECOND)).schedule_time == NOW + 2 + SECOND


async def test_a_cancelled_lease_leaves_the_task_to_others_at_once(store: Store, pull: Queue) -> None:
    """With the body, where it is asked for."""
    await insert(store, task())
    (held,) = await lease(store)
    rule = partial(rules.cancelled, proof=held.schedule_time, now=NOW + 7)
    cancelled = await store.change_lease(held.name, rule, NOW + 7, with_body=True)
    assert isinstance(cancelled, Task)
    assert (cancelled.schedule_time, cancelled.payload) == (NOW + 7, PullMessage(b"body"))
    with pytest.raises(FailedPrecondition):
        await cancel(store, cancelled, NOW + 7)
    assert names(await lease(store, now=NOW + 7)) == ["t"]


async def test_no_end_that_was_given_up_is_told_again(store: Store, pull: Queue) -> None:
    """Though the clock stands still and all ask for the same time: who cancelled has nothing in hand."""
    await insert(store, task())
    told = []
    for _ in range(5):
        (held,) = await lease(store)
        told.append(held)
        await cancel(store, held)
    assert [one.schedule_time - NOW - MINUTE for one in told] == [0, 1, 2, 3, 4]
    (held,) = await lease(store)
    for before in told:
        with pytest.raises(FailedPrecondition):
            await acknowledge(store, before)
    await acknowledge(store, held)


async def test_no_end_that_was_renewed_away_is_told_again(store: Store, pull: Queue) -> None:
    """A shorter lease by renewal, and then another's that ends when the first would have, or is renewed to then."""
    await insert(store, task())
    (first,) = await lease(store)
    shorter = await renew(store, first, length=SECOND)
    assert shorter.schedule_time == NOW + SECOND
    (second,) = await lease(store, now=NOW + SECOND, length=MINUTE - SECOND)
    assert second.schedule_time != first.schedule_time
    third = await renew(store, second, NOW + 2 * SECOND, MINUTE - 2 * SECOND)
    assert third.schedule_time != first.schedule_time
    with pytest.raises(FailedPrecondition):
        await acknowledge(store, first, NOW + 2 * SECOND)
    fourth = await renew(store, third, NOW + 3 * SECOND, MINUTE)
    assert fourth.schedule_time == NOW + 3 * SECOND + MINUTE


async def test_a_task_that_was_never_leased_cannot_be_acknowledged(store: Store, pull: Queue) -> None:
    """Its schedule time is known to everyone."""
    await insert(store, task(at=NOW + MINUTE))
    with pytest.raises(FailedPrecondition, match="not leased"):
        await acknowledge(store, task(at=NOW + MINUTE))
    assert await ids(store) == ["t"]


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


@pytest.mark.parametrize("end", ["delete", "purge", "delete queue", "reset", "expire"])
async def test_a_lease_is_void_when_its_task_is_gone(store: Store, pull: Queue, end: str) -> None:
    """However it went; and nothing of it is left to be swept."""
    await set_queue(store, retry_config=replace(RETRY, max_attempts=1))
    await insert(store, task())
    (held,) = await lease(store, length=7 * DAY)
    now = NOW
    match end:
        case "delete":
            await store.delete_task(held.name, now)
        case "purge":
            await store.purge_queue(Q, now, forget_names=False)
        case "delete queue":
            await store.delete_queue(Q, now)
        case "reset":
            await store.reset(None, now)
        case _:
            await set_queue(store, task_ttl=DAY)
            now = NOW + DAY
            await store.sweep(now, 100)
    with pytest.raises((TaskGone, QueueNotFound)):
        await acknowledge(store, held, now)
    step = await store.sweep(now, 100)
    assert not step.more
    assert step.next_expiry != held.schedule_time


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


async def test_changes_of_one_lease_at_once_see_each_other(store: Store, pull: Queue) -> None:
    """Of a renewal, a cancellation and an acknowledgement with the same proof, one succeeds."""
    for n in range(6):
        await insert(store, task(f"t{n}"))
        (held,) = await lease(store, 1, NOW + n)
        calls = [
            renew(store, held, NOW + n, 2 * MINUTE),
            cancel(store, held, NOW + n),
            acknowledge(store, held, NOW + n),
        ]
        calls = calls[n % 3 :] + calls[: n % 3]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(not isinstance(answer, Exception) for answer in answers) == 1
        if n % 3 != 2:
            await store.delete_task(held.name, NOW)


async def test_a_lease_outlives_the_process(durable: StoreFactory, reopen: Reopen) -> None:
    """Killed between the lease and its acknowledgement: the holder still holds, and nobody else does."""
    store = await reopen(durable)
    await make_queue(store, type=QueueType.PULL, retry_config=TWICE)
    await insert(store, task("a"), task("b"))
    cancelled = (await lease(store, 1))[0]
    await cancel(store, cancelled)
    held, other = await lease(store)
    again = await reopen(durable.crash())
    assert await lease(again, now=NOW + MINUTE - 1) == []
    with pytest.raises(FailedPrecondition):
        await acknowledge(again, cancelled)
    await acknowledge(again, held)
    await again.sweep(other.schedule_time, 100)
    assert await ids(again) == ["b"]
    assert names(await lease(again, now=other.schedule_time)) == ["b"]


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
