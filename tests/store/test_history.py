"""What ended is kept: attempts as they were, in the order in which they ended."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.builders import (
    BACKOFF,
    HISTORY,
    NOW,
    RETENTION,
    Q,
    attempts,
    begin_one,
    claim,
    finish,
    finished,
    make_queue,
    record,
    result,
    sweep_all,
    task,
)
from tests.store.conftest import Reopen, Wall
from tests.store.factories import RecordingListener, StoreFactory

from taskweir.domain.history import Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Queue, RetryConfig, Task
from taskweir.domain.names import LocationName
from taskweir.domain.scope import Scope
from taskweir.domain.times import DAY, HOUR, MINUTE, Instant
from taskweir.store.base import Retention, Store

FEW = replace(HISTORY, history_size=5)


@pytest.fixture
def retention() -> Retention:
    return HISTORY


async def begin_many(store: Store, of: Queue, count: int) -> list[Task]:
    await asyncio.gather(*(store.insert_task(task(f"t{n:03}"), NOW) for n in range(count)))
    begun = [await store.begin_attempt(one, NOW) for one in (await claim(store, of, limit=count)).tasks]
    return [one for one in begun if one is not None]


async def test_an_attempt_is_kept_with_what_became_of_its_task(store: Store, q: Queue) -> None:
    """Tried again, and when; then out of attempts."""
    law = RetryConfig(2, 0, HOUR, HOUR, 0)
    await store.insert_task(task(retry_config=law), NOW)
    kept = []
    for at in (NOW, NOW + HOUR):
        came = result(begun := await begin_one(store, q, at), 500)
        kept.append(
            record(came, begun.name, at + 7, outcome=Outcome.TIMED_OUT, http_status=None, error="late")
        )
        await store.finish_attempt(came, at + 0, kept[-1])
    assert await attempts(store) == [
        replace(kept[0], retry_at=NOW + HOUR, id=1),
        replace(kept[1], ending=Ending.OUT_OF_ATTEMPTS, id=2),
    ]


async def test_the_attempt_that_ends_a_task_says_so(store: Store, q: Queue) -> None:
    """Success, of an attempt that RunTask asked for."""
    await store.insert_task(task(), NOW)
    ran = await store.take_run((await store.run_task(Q.task("t"), NOW)).uid)
    assert ran
    came = replace(result(ran), forced=True)
    kept = record(came, ran.name)
    await store.finish_attempt(came, NOW, kept)
    assert kept.forced
    assert await attempts(store) == [replace(kept, ending=Ending.DONE, id=1)]


async def test_what_was_sent_and_answered_is_kept_to_the_letter(store: Store, q: Queue) -> None:
    """Any byte, any character, also what is no text."""
    await store.insert_task(task(), NOW)
    headers = [("X-A", 'quote " and \\'), ("X-A", ""), ("Ü", "\udcff\x00\U0001f600")]
    over = {
        "headers": headers,
        "body_start": bytes(range(256)),
        "error": "\udc80",
        "request_line": "GET /\u2028",
    }
    await finish(store, await begin_one(store, q), 500, **over)
    (kept,) = await attempts(store)
    assert {name: getattr(kept, name) for name in over} == over


@pytest.mark.parametrize("gone", ["deleted", "purged", "forgotten", "queue deleted", "queue made again"])
@pytest.mark.parametrize("status", [200, 500])
async def test_an_attempt_that_outlives_its_task_is_kept(
    store: Store, q: Queue, gone: str, status: int
) -> None:
    """With neither an ending nor another try."""
    await store.insert_task(task(), NOW)
    begun = await begin_one(store, q)
    if gone == "deleted":
        await store.delete_task(begun.name, NOW)
    elif gone in ("purged", "forgotten"):
        await store.purge_queue(Q, NOW, forget_names=gone == "forgotten")
    else:
        await store.delete_queue(Q, NOW)
    if gone == "queue made again":
        await store.change_queue(Q, lambda _: replace(q, uid=0), NOW, revive=True)
    await sweep_all(store, NOW)
    assert await finish(store, begun, status) is None
    (kept,) = await attempts(store)
    assert (kept.task, kept.number, kept.ending, kept.retry_at) == (begun.name, 1, None, None)


async def test_a_result_that_is_recorded_twice_is_kept_once(store: Store, q: Queue) -> None:
    """One after the other, or in one transaction."""
    for name in ("a", "b"):
        await store.insert_task(task(name), NOW)
    first, second = await begin_one(store, q), await begin_one(store, q)
    for _ in range(2):
        await finish(store, first)
    await asyncio.gather(*(finish(store, second) for _ in range(2)))
    assert [one.task.id for one in await attempts(store)] == ["a", "b"]


async def test_two_attempts_of_a_task_at_once_are_both_kept(store: Store, q: Queue) -> None:
    """A claim and RunTask: the second to end finds the task gone."""
    await store.insert_task(task(), NOW)
    first = await begin_one(store, q)
    second = await store.take_run((await store.run_task(first.name, NOW)).uid)
    assert second
    await asyncio.gather(finish(store, first), finish(store, second))
    assert [(one.number, one.ending) for one in await attempts(store)] == [(1, Ending.DONE), (2, None)]


async def test_an_attempt_without_a_record_is_not_kept(store: Store, q: Queue) -> None:
    """Who finishes it, says what is kept."""
    await store.insert_task(task(), NOW)
    await store.finish_attempt(result(await begin_one(store, q)), NOW)
    assert await attempts(store) == []


@pytest.mark.parametrize("retention", [RETENTION])
async def test_no_history_is_kept_where_none_is_wanted(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """Nor is anybody told of any."""
    for name in ("a", "b"):
        await store.insert_task(task(name), NOW)
    await finish(store, await begin_one(store, q))
    await store.purge_queue(Q, NOW, forget_names=False)
    await sweep_all(store, NOW)
    assert (await attempts(store), await finished(store)) == ([], [])
    assert await store.history_ends() == (0, 0)
    assert ("history",) not in listener.told()


async def test_the_listener_is_told_once_for_a_transaction(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """When what it wrote can be read."""
    begun = await begin_many(store, q, 40)
    listener.told()
    answers = [asyncio.ensure_future(finish(store, one)) for one in begun]
    await asyncio.gather(*answers)
    assert listener.told() == [("history",)]
    await store.insert_task(task(), NOW)
    listener.told()
    await store.delete_task(Q.task("t"), NOW)
    assert listener.told() == [("history",)]
    await store.purge_queue(Q, NOW, forget_names=False)
    assert ("history",) not in listener.told()


async def test_many_attempts_at_once_are_kept_in_their_order(store: Store, q: Queue) -> None:
    """Each as it was, with what became of it."""
    begun = await begin_many(store, q, 100)
    await asyncio.gather(*(finish(store, one, 200 if n % 3 else 500) for n, one in enumerate(begun)))
    kept = await attempts(store)
    assert [one.id for one in kept] == list(range(1, 101))
    assert [one.task for one in kept] == [one.name for one in begun]
    assert [(one.ending, one.retry_at) for one in kept] == [
        (Ending.DONE, None) if n % 3 else (None, NOW + BACKOFF) for n in range(100)
    ]


OTHERS = [LocationName("p", "us-central1").queue("other"), LocationName("p", "b").queue("q")]
OTHERS.append(LocationName("other", "us-central1").queue("q"))
NAMES = [Q, *OTHERS]
ALL = [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({}, ALL),
        ({"scope": Scope("p")}, [0, 1, 2]),
        ({"scope": Scope("p", "us-central1")}, [0, 1]),
        ({"scope": Scope.of(Q)}, [0]),
        ({"scope": Scope.of(Q.task("t"))}, [0]),
        ({"scope": Scope.of(Q.task("none"))}, []),
        ({"scope": Scope("none")}, []),
        ({"start": NOW + 1}, [1, 2, 3]),
        ({"end": NOW + 2}, [0, 1]),
        ({"start": NOW + 1, "end": NOW + 2}, [1]),
        ({"after": 1}, [1, 2, 3]),
        ({"after": 1, "limit": 2}, [1, 2]),
        ({"after": 4}, []),
        ({"limit": 1, "scope": Scope("other")}, [3]),
    ],
)
async def test_history_is_asked_for_by_what_it_is_about(
    store: Store, filter: dict[str, object], expected: list[int]
) -> None:
    """By name and time of dispatch, of the end for tasks, from an id on; all of it together."""
    for n, name in enumerate(NAMES):
        of = await make_queue(store, name)
        await store.insert_task(task(in_queue=name), NOW)
        await finish(store, await begin_one(store, of, NOW + n), now=NOW + n)
    assert [NAMES.index(one.task.queue) for one in await attempts(store, **filter)] == expected
    assert [NAMES.index(one.name.queue) for one in await finished(store, **filter)] == expected


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [(set(), [1, 2, 3, 4, 5]), ({Outcome.FAILED}, [2]), ({Outcome.NOT_SENT, Outcome.SUCCEEDED}, [1, 5])],
)
async def test_attempts_are_asked_for_by_their_outcome(
    store: Store, q: Queue, outcomes: set[Outcome], expected: list[int]
) -> None:
    """One, any of several, or whatever it was."""
    for one, outcome in zip(await begin_many(store, q, 5), Outcome, strict=True):
        await finish(store, one, outcome=outcome)
    found = await attempts(store, outcomes=frozenset(outcomes))
    assert [one.outcome for one in found] == expected


async def test_an_answer_is_bounded_in_size(store: Store, q: Queue) -> None:
    """However many are asked for; but there is always one."""
    headers = [("X", "x" * 30_000)]
    begun = await begin_many(store, q, 15)
    await asyncio.gather(*(finish(store, one, headers=headers) for one in begun))
    found = await attempts(store, max_bytes=320_000)
    assert [one.id for one in found] == list(range(1, 11))
    assert [one.id for one in await attempts(store, after=10, max_bytes=320_000)] == list(range(11, 16))
    assert [one.id for one in await attempts(store, after=13, max_bytes=1)] == [14]
    assert [one.id for one in await finished(store, after=2, max_bytes=5_000)] == [3, 4, 5]


@pytest.mark.parametrize("retention", [FEW])
@pytest.mark.parametrize("at_once", [1, 8, 40])
async def test_as_many_are_kept_as_are_wanted(store: Store, q: Queue, at_once: int) -> None:
    """The latest, of attempts and of tasks alike, also when more than that end at once."""
    begun = await begin_many(store, q, 40)
    for start in range(0, 40, at_once):
        await asyncio.gather(*(finish(store, one) for one in begun[start : start + at_once]))
        last = start + at_once
        expected = list(range(max(0, last - 5) + 1, last + 1))
        assert [one.id for one in await attempts(store)] == expected
        assert [one.id for one in await finished(store)] == expected
    assert await store.history_ends() == (40, 40)


async def test_what_is_too_old_is_swept(store: Store, q: Queue, wall: Wall) -> None:
    """Attempts and tasks, in real time from when they were recorded."""
    began = wall.time
    for n in range(4):
        wall.time = began + n * MINUTE
        await store.insert_task(task(f"t{n}"), NOW)
        await finish(store, await begin_one(store, q))
    wall.time = began + DAY - 1
    await sweep_all(store, NOW)
    assert len(await attempts(store)) == 4
    wall.time = began + DAY + MINUTE
    await sweep_all(store, NOW, limit=1)
    assert [one.id for one in await attempts(store)] == [3, 4]
    assert [one.id for one in await finished(store)] == [3, 4]
    wall.time = began + 2 * DAY
    await sweep_all(store, NOW)
    assert (await attempts(store), await finished(store)) == ([], [])
    assert await store.history_ends() == (4, 4)


@pytest.mark.parametrize("at", [NOW, NOW - 3_650 * DAY, NOW + 3_650 * DAY])
async def test_no_clock_that_is_moved_makes_history_old(store: Store, q: Queue, at: Instant) -> None:
    """Neither forth, far beyond the time that history is kept, nor back, with what is from a later time then."""
    for way in ("attempted", "deleted", "purged"):
        await store.insert_task(task(way, create_time=at), at)
        if way == "attempted":
            await finish(store, await begin_one(store, q, NOW), now=at)
        elif way == "deleted":
            await store.delete_task(Q.task(way), at)
        else:
            await store.purge_queue(Q, at, forget_names=True)
    for now in (at, at + 400 * DAY, NOW, at - 400 * DAY):
        await sweep_all(store, now)
    assert (len(await attempts(store)), len(await finished(store))) == (1, 3)


async def test_history_does_not_say_when_to_sweep(store: Store, q: Queue) -> None:
    """What does, goes by the time that the store is told."""
    await store.insert_task(task(), NOW)
    await finish(store, await begin_one(store, q))
    await store.delete_queue(Q, NOW)
    assert await sweep_all(store, NOW) == NOW + HISTORY.queue_tombstone


async def test_real_time_that_was_set_back_is_in_nobodys_way(store: Store, q: Queue, wall: Wall) -> None:
    """What was recorded after it, and so at an earlier time, is swept at its own time."""
    began = wall.time
    for n, at in enumerate((began + 10 * DAY, began, began + 1)):
        wall.time = at
        await store.insert_task(task(f"t{n}"), NOW)
        await finish(store, await begin_one(store, q))
    wall.time = began + DAY
    await sweep_all(store, NOW)
    assert [one.id for one in await attempts(store)] == [1, 3]
    assert [one.id for one in await finished(store)] == [1, 3]


async def test_history_is_there_when_opened_again(durable: StoreFactory, reopen: Reopen, wall: Wall) -> None:
    """Its ids go on where they were, though all of it was swept; a crash leaves what was answered."""
    store = await reopen(durable, HISTORY)
    q = await make_queue(store)
    for name in ("a", "b"):
        await store.insert_task(task(name), NOW)
    await finish(store, await begin_one(store, q))
    kept = await attempts(store), await finished(store)
    crashed = await reopen(durable.crash(), HISTORY)
    assert (await attempts(crashed), await finished(crashed)) == kept
    wall.time += DAY
    await sweep_all(store, NOW)
    await store.close()
    again = await reopen(durable, HISTORY)
    assert await again.history_ends() == (1, 1)
    await finish(again, await begin_one(again, q))
    assert [[one.id for one in await attempts(again)], [one.id for one in await finished(again)]] == [
        [2],
        [2],
    ]


@pytest.mark.parametrize(("size", "kept"), [(0, []), (2, [3, 4]), (3, [2, 3, 4]), (9, [1, 2, 3, 4])])
async def test_what_an_earlier_life_kept_more_of_goes_when_opened(
    durable: StoreFactory, reopen: Reopen, size: int, kept: list[int]
) -> None:
    """Before anything else is recorded; its ids go on."""
    store = await reopen(durable, HISTORY)
    for one in await begin_many(store, await make_queue(store), 4):
        await finish(store, one)
    await store.close()
    again = await reopen(durable, replace(HISTORY, history_size=size))
    assert [one.id for one in await attempts(again)] == kept
    assert [one.id for one in await finished(again)] == kept
    assert await again.history_ends() == (4, 4)
