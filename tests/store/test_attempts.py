"""Attempts: counted when they begin, recorded when they finish."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.builders import (
    BACKOFF,
    NOW,
    PLENTY,
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

from taskweir.domain.errors import TaskGone
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Attempt, Queue, QueueState, ResponseStatus, RetryConfig
from taskweir.domain.times import HOUR, SECOND
from taskweir.store.base import Store


async def test_an_attempt_in_flight_shows_in_the_task(store: Store, q: Queue) -> None:
    """Counted, with its times, when it is read and when it is listed."""
    made = await store.insert_task(task(), NOW)
    begun = await begin_one(store, q, NOW + 3)
    shown = replace(made, dispatch_count=1, first_dispatch_time=NOW + 3, last_attempt=Attempt(NOW, NOW + 3))
    assert begun == shown
    assert await store.get_task(made.name, with_body=True) == shown
    listed = await store.list_tasks(Q, "", 9, with_body=True, max_bytes=PLENTY)
    assert list(listed.tasks) == [shown]


async def test_a_claimed_task_shows_no_attempt_before_it_begins(store: Store, q: Queue) -> None:
    """A claim is the worker's affair."""
    made = await store.insert_task(task(), NOW)
    await claim(store, q)
    assert await store.get_task(made.name, with_body=True) == made


async def test_success_ends_the_task(store: Store, q: Queue, listener: RecordingListener) -> None:
    """It is done, and not due any more."""
    await store.insert_task(task(), NOW)
    begun = await begin_one(store, q)
    listener.told()
    assert await store.finish_attempt(result(begun), NOW + 1) is Ending.DONE
    assert listener.told() == []
    assert await ids(store) == []
    assert await store.due_queues() == []
    with pytest.raises(TaskGone):
        await store.get_task(Q.task("t"), with_body=False)


async def test_failure_counts_the_answer_and_sets_the_next_time(store: Store, q: Queue) -> None:
    """By the retry law of the queue."""
    made = await store.insert_task(task(), NOW)
    begun = await begin_one(store, q, NOW + 1)
    assert await store.finish_attempt(result(begun, 404), NOW + 9) == NOW + 9 + BACKOFF
    assert await store.get_task(made.name, with_body=True) == replace(
        made,
        schedule_time=NOW + 9 + BACKOFF,
        dispatch_count=1,
        response_count=1,
        execution_count=1,
        first_dispatch_time=NOW + 1,
        last_attempt=Attempt(NOW, NOW + 1, NOW + 9, ResponseStatus(14, "HTTP status code 404"), 404),
    )


async def test_counts_add_up_over_attempts(store: Store, q: Queue) -> None:
    """Answers 503, none, 404; then the next attempt knows what came before."""
    await store.insert_task(task(), NOW)
    now = NOW
    for status in (503, None, 404):
        now += HOUR
        await store.finish_attempt(result(await begin_one(store, q, now), status), now)
    begun = await begin_one(store, q, now + HOUR)
    assert (begun.dispatch_count, begun.response_count, begun.execution_count) == (4, 2, 1)
    assert begun.first_dispatch_time == NOW + HOUR
    assert begun.last_attempt is not None
    assert begun.last_attempt.previous_response == 404
    assert begun.payload == task().payload


async def test_a_task_has_its_own_retry_law_if_it_wants(store: Store, q: Queue) -> None:
    """Instead of the queue's."""
    await store.insert_task(task(retry_config=RetryConfig(2, 0, HOUR, HOUR, 0)), NOW)
    assert await store.finish_attempt(result(await begin_one(store, q), 500), NOW) == NOW + HOUR
    later = NOW + HOUR
    assert (
        await store.finish_attempt(result(await begin_one(store, q, later), 500), later)
        is Ending.OUT_OF_ATTEMPTS
    )
    with pytest.raises(TaskGone):
        await store.get_task(Q.task("t"), with_body=False)


async def test_the_law_is_the_one_at_the_end_of_the_attempt(store: Store, q: Queue) -> None:
    """A change of the queue meanwhile counts."""
    await store.insert_task(task(), NOW)
    begun = await begin_one(store, q)
    await set_queue(store, retry_config=RetryConfig(5, 0, 7 * SECOND, HOUR, 0))
    assert await store.finish_attempt(result(begun, 500), NOW) == NOW + 7 * SECOND


async def test_the_target_may_ask_for_more_time(store: Store, q: Queue) -> None:
    """Retry-After later than the law's time wins."""
    await store.insert_task(task(), NOW)
    assert await store.finish_attempt(result(await begin_one(store, q), 503, NOW + HOUR), NOW) == NOW + HOUR


async def test_many_results_at_once_are_each_recorded(store: Store, q: Queue) -> None:
    """Successes and failures in one transaction, each with its own answer."""
    await asyncio.gather(*(store.insert_task(task(f"t{n:02}"), NOW) for n in range(40)))
    begun = [await store.begin_attempt(one, NOW) for one in (await claim(store, q)).tasks]
    answers = await asyncio.gather(
        *(store.finish_attempt(result(one, 200 if n % 2 else 500), NOW) for n, one in enumerate(begun) if one)
    )
    assert answers == [Ending.DONE if n % 2 else NOW + BACKOFF for n in range(40)]
    assert len(await ids(store)) == 20


async def test_an_attempt_of_a_deleted_task_comes_to_nothing(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """Whatever the target said."""
    for status in (200, 500):
        await store.insert_task(task(f"t{status}"), NOW)
        begun = await begin_one(store, q)
        await store.delete_task(begun.name, NOW)
        listener.told()
        assert await store.finish_attempt(result(begun, status), NOW) is None
        assert listener.told() == []
    assert await ids(store) == []


async def test_an_attempt_of_a_purged_task_comes_to_nothing(store: Store, q: Queue) -> None:
    """Though its row waits to be swept."""
    for n, status in enumerate((200, 500, 200, 500)):
        await store.insert_task(task(f"t{n}"), NOW)
        begun = await begin_one(store, q)
        await store.purge_queue(Q, NOW, forget_names=False)
        if n > 1:
            await sweep_all(store, NOW)
        assert await store.finish_attempt(result(begun, status), NOW) is None
    assert await ids(store) == []


async def test_an_attempt_of_a_forgotten_task_comes_to_nothing(store: Store, q: Queue) -> None:
    """And does not touch a task of the same name that was made since."""
    await store.insert_task(task(), NOW)
    begun = await begin_one(store, q)
    await store.purge_queue(Q, NOW, forget_names=True)
    made = await store.insert_task(task(), NOW)
    for status in (500, 200):
        assert await store.finish_attempt(result(begun, status), NOW) is None
    assert await store.get_task(Q.task("t"), with_body=True) == made


async def test_an_attempt_in_a_deleted_queue_comes_to_nothing(store: Store, q: Queue) -> None:
    """Also when the queue was made again."""
    await store.insert_task(task(), NOW)
    begun = await begin_one(store, q)
    await store.delete_queue(Q, NOW)
    await store.change_queue(Q, lambda _: replace(q, uid=0), NOW, revive=True)
    assert await store.finish_attempt(result(begun), NOW) is None


async def test_a_result_that_is_recorded_twice_counts_once(store: Store, q: Queue) -> None:
    """A call repeated after a doubt about the first."""
    await store.insert_task(task(), NOW)
    begun = await begin_one(store, q)
    assert await store.finish_attempt(result(begun), NOW) is Ending.DONE
    assert await store.finish_attempt(result(begun), NOW) is None


async def test_a_claim_is_void_when_the_task_was_deleted_meanwhile(store: Store, q: Queue) -> None:
    """No attempt begins."""
    await store.insert_task(task(), NOW)
    (claimed,) = (await claim(store, q)).tasks
    await store.delete_task(claimed.name, NOW)
    assert await store.begin_attempt(claimed, NOW) is None


@pytest.mark.parametrize("forget", [False, True])
async def test_a_claim_is_void_when_the_queue_was_purged_meanwhile(
    store: Store, q: Queue, forget: bool
) -> None:
    """No attempt begins."""
    await store.insert_task(task(), NOW)
    (claimed,) = (await claim(store, q)).tasks
    await store.purge_queue(Q, NOW, forget_names=forget)
    assert await store.begin_attempt(claimed, NOW) is None


async def test_a_claim_is_void_when_the_queue_was_deleted_meanwhile(store: Store, q: Queue) -> None:
    """No attempt begins."""
    await store.insert_task(task(), NOW)
    (claimed,) = (await claim(store, q)).tasks
    await store.delete_queue(Q, NOW)
    assert await store.begin_attempt(claimed, NOW) is None


async def test_a_claim_is_void_while_the_queue_is_paused(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """The task is free again, and is claimed when the queue is resumed."""
    await store.insert_task(task(), NOW)
    (claimed,) = (await claim(store, q)).tasks
    await set_queue(store, state=QueueState.PAUSED)
    listener.told()
    assert await store.begin_attempt(claimed, NOW) is None
    assert listener.told() == [("due", q.uid, NOW)]
    await set_queue(store, state=QueueState.RUNNING)
    assert list((await claim(store, q)).tasks) == [claimed]


async def test_an_attempt_begins_once_for_each_claim(store: Store, q: Queue) -> None:
    """Neither again, nor after a release, nor without a claim."""
    made = await store.insert_task(task(), NOW)
    assert await store.begin_attempt(made, NOW) is None
    (claimed,) = (await claim(store, q)).tasks
    assert await store.begin_attempt(claimed, NOW) is not None
    assert await store.begin_attempt(claimed, NOW) is None
    other = await store.insert_task(task("other"), NOW)
    (claimed,) = (await claim(store, q)).tasks
    await store.release([claimed])
    assert await store.begin_attempt(claimed, NOW) is None
    assert (await store.get_task(other.name, with_body=False)).dispatch_count == 0


async def test_attempts_in_flight_go_on_in_a_paused_queue(store: Store, q: Queue) -> None:
    """They are recorded as ever; the next waits for the queue."""
    for name in ("a", "b"):
        await store.insert_task(task(name), NOW)
    first, second = await begin_one(store, q), await begin_one(store, q)
    await set_queue(store, state=QueueState.PAUSED)
    assert await store.finish_attempt(result(first), NOW) is Ending.DONE
    assert await store.finish_attempt(result(second, 500), NOW) == NOW + BACKOFF
    assert (await claim(store, q, NOW + HOUR)).tasks == ()


async def test_recorded_attempts_are_there_when_opened_again(durable: StoreFactory, reopen: Reopen) -> None:
    """Those in flight may be forgotten; a task never is."""
    store = await reopen(durable)
    q = await make_queue(store)
    for name in ("failed", "flying"):
        await store.insert_task(task(name), NOW)
    await store.finish_attempt(result(await begin_one(store, q), 500), NOW)
    await begin_one(store, q)
    failed = await store.get_task(Q.task("failed"), with_body=True)
    await store.close()
    again = await reopen(durable)
    assert failed.dispatch_count == 1
    assert await again.get_task(Q.task("failed"), with_body=True) == failed
    assert [one.name.id for one in (await claim(again, q, NOW + HOUR)).tasks] == ["flying", "failed"]
