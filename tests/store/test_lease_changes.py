"""Who holds a leased task, may change its lease, until when, and with what for a proof."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest
from tests.store.builders import HISTORY, NOW, PLENTY, RETRY, Q, finished, ids, make_queue, set_queue
from tests.store.conftest import Reopen
from tests.store.factories import StoreFactory
from tests.store.pull_tasks import (
    TWICE,
    acknowledge,
    cancel,
    insert,
    lease,
    names,
    renew,
    task,
)

from taskweir.domain import lease as rules
from taskweir.domain.errors import FailedPrecondition, QueueNotFound, TaskGone
from taskweir.domain.lease_filter import AnyTag
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import PullMessage, Queue, QueueType, Task
from taskweir.domain.times import DAY, LATEST, MINUTE, SECOND
from taskweir.store.base import LeaseRequest, Retention, Store


@pytest.fixture
def retention() -> Retention:
    return HISTORY


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


async def test_an_end_that_was_given_up_is_not_told_after_others_were(store: Store, pull: Queue) -> None:
    """Of three leases of two lengths the third would end where the first did, but for one microsecond and the second."""
    await insert(store, task())
    (first,) = await lease(store, length=2 * SECOND)
    await cancel(store, first)
    (second,) = await lease(store, now=NOW, length=SECOND)
    await cancel(store, second)
    for before in range(4):
        now = NOW + SECOND - before
        (third,) = await lease(store, now=now, length=SECOND)
        assert third.schedule_time != first.schedule_time
        with pytest.raises(FailedPrecondition, match="another"):
            await acknowledge(store, first, now)
        await cancel(store, third, NOW)


async def test_a_proof_that_was_given_up_stays_void_when_the_clock_is_set_back(
    store: Store, pull: Queue
) -> None:
    """The task is nobody's then, until the clock is where it was."""
    await insert(store, task())
    cancelled = await cancel(store, (await lease(store))[0], NOW + SECOND)
    with pytest.raises(FailedPrecondition, match="over"):
        await acknowledge(store, cancelled, NOW)
    assert await lease(store) == []
    assert names(await lease(store, now=NOW + SECOND)) == ["t"]


async def test_near_the_end_of_time_leases_are_cut(store: Store, pull: Queue) -> None:
    """However often they are given up; what was leased can still be read, and leased once more."""
    now = LATEST - 2
    await store.insert_task(task(at=now, create_time=now), now)
    for _ in range(5):
        request = LeaseRequest(Q, 1, PLENTY, rules.lease_end(MINUTE, now), AnyTag(), with_body=False)
        (held,) = await store.lease(request, now)
        assert held.schedule_time <= LATEST
        if held.schedule_time > now:
            await cancel(store, held, now)
    assert (await store.get_task(held.name, with_body=False)).schedule_time == now


async def test_a_task_that_was_never_leased_cannot_be_acknowledged(store: Store, pull: Queue) -> None:
    """Its schedule time is known to everyone."""
    await insert(store, task(at=NOW + MINUTE))
    with pytest.raises(FailedPrecondition, match="not leased"):
        await acknowledge(store, task(at=NOW + MINUTE))
    assert await ids(store) == ["t"]


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
