"""Writes that a fault takes the effect of: answered as ever, and not made, or only later."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.eventually import eventually
from tests.store.builders import (
    NOW,
    PARENT,
    Q,
    begin_one,
    claim,
    ids,
    make_queue,
    queue,
    result,
    set_queue,
    task,
)
from tests.store.conftest import Reopen
from tests.store.factories import RecordingListener, SqliteFile
from tests.store.test_sqlite_group_commit import Jam, delete_many, insert_many, started

from taskweir.deadline import call_deadline
from taskweir.domain.errors import DeadlineExceeded, QueueNotFound, TaskExists, Unavailable
from taskweir.domain.iam import Policy
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Queue, QueueState
from taskweir.domain.names import LocationName
from taskweir.effect import LostEffect, call_effect
from taskweir.store.base import Retention
from taskweir.store.sqlite import SqliteStore, group_commit, put_off
from taskweir.store.sqlite.connection import on_thread

LOST = LostEffect("p")
LATER = LostEffect("p", later=3_600)


@pytest.fixture
def file(tmp_path: Path) -> SqliteFile:
    return SqliteFile(tmp_path)


@pytest.fixture
async def store(
    file: SqliteFile, listener: RecordingListener, retention: Retention
) -> AsyncIterator[SqliteStore]:
    """With a task, and a listener whose record begins after that was made."""
    opened = await file.open(listener, retention)
    assert isinstance(opened, SqliteStore)
    await make_queue(opened)
    await opened.insert_task(task("t0"), NOW)
    listener.told()
    yield opened
    await opened.close()


@contextmanager
def effect(effect: LostEffect) -> Iterator[None]:
    token = call_effect.set(effect)
    try:
        yield
    finally:
        call_effect.reset(token)


async def lost(call: Awaitable[Any], how: LostEffect = LOST) -> Any:
    with effect(how):
        return await call


async def content(store: SqliteStore) -> list[str]:
    """All that is in the data file."""
    return await on_thread(store._file.writer, lambda raw: list(raw.iterdump()))


WRITES: dict[str, Callable[[SqliteStore], Awaitable[Any]]] = {
    "insert a task": lambda store: store.insert_task(task("t1"), NOW),
    "delete a task": lambda store: store.delete_task(Q.task("t0"), NOW),
    "run a task": lambda store: store.run_task(Q.task("t0"), NOW),
    "insert a batch": lambda store: insert_many(store, 3),
    "delete a batch": lambda store: delete_many(store, 3),
    "make a queue": lambda store: make_queue(store, PARENT.queue("other")),
    "pause a queue": lambda store: set_queue(store, state=QueueState.PAUSED),
    "delete a queue": lambda store: store.delete_queue(Q, NOW),
    "purge a queue": lambda store: store.purge_queue(Q, NOW, forget_names=False),
    "purge a queue and its names": lambda store: store.purge_queue(Q, NOW, forget_names=True),
    "set a policy": lambda store: store.set_policy(Q, lambda _: Policy(1)),
    "set a key": lambda store: store.set_kms_key(PARENT, "key"),
}


@pytest.mark.parametrize("write", WRITES)
async def test_a_lost_write_changes_nothing(
    store: SqliteStore, listener: RecordingListener, write: str
) -> None:
    """Neither in the file nor in memory, nobody is told, and the same write can be made after it."""
    before = (await content(store), await store.queues(), await ids(store), store.commits)
    await lost(WRITES[write](store))
    assert (await content(store), await store.queues(), await ids(store), store.commits) == before
    assert listener.told() == []
    assert not store._memory.holds.queues()
    await WRITES[write](store)
    assert store.commits[0] == before[3][0] + 1
    assert await content(store) != before[0]


@pytest.mark.parametrize("write", WRITES)
async def test_a_lost_write_is_answered_as_if_it_were_made(store: SqliteStore, write: str) -> None:
    """Equal to the answer of the write itself, but for numbers of the store's own."""
    answers = [await lost(WRITES[write](store)), await WRITES[write](store)]
    if write == "insert a task":
        answers = [answer.stored_as(0, answer.queue_uid) for answer in answers]
    assert answers[0] == answers[1]


async def test_a_lost_write_that_is_refused_says_so(store: SqliteStore) -> None:
    """What is wrong with it, is."""
    with pytest.raises(TaskExists):
        await lost(store.insert_task(task("t0"), NOW))
    with pytest.raises(QueueNotFound):
        await lost(store.purge_queue(PARENT.queue("none"), NOW, forget_names=False))


async def test_lost_writes_take_no_other_with_them(store: SqliteStore, listener: RecordingListener) -> None:
    """Each has a transaction of its own, in its turn."""
    commits, _ = store.commits
    async with Jam(store) as jam:
        calls = []
        for n in range(6):
            call = store.insert_task(task(f"n{n}"), NOW)
            calls.append(asyncio.ensure_future(call if n % 3 else lost(call)))
        await started(calls[-1])
        jam.let_go()
        await asyncio.gather(*calls)
    assert await ids(store) == ["n1", "n2", "n4", "n5", "t0"]
    assert store.commits[0] - commits == 3
    assert [event[0] for event in listener.told()] == ["changed", "due", "due"]


async def test_what_waits_is_counted_right_around_lost_writes(store: SqliteStore) -> None:
    """Or there would be no room left in the end."""
    await asyncio.gather(
        *(lost(store.insert_task(task(f"a{n}"), NOW)) for n in range(5)),
        *(store.insert_task(task(f"b{n}"), NOW) for n in range(5)),
    )
    assert (store._commit._waiting_rows, store._commit._waiting_bytes) == (0, 0)


async def test_the_workers_writes_are_never_lost(store: SqliteStore) -> None:
    """Nor reads changed: only what callers ask to be written."""
    q = await store.get_queue(Q)
    with effect(LOST):
        begun = await begin_one(store, q)
        assert await store.finish_attempt(result(begun), NOW) is Ending.DONE
        assert not await store.due_queues()
        assert not (await claim(store, q)).tasks
    assert await ids(store) == []


async def test_a_lost_write_heeds_its_deadline_and_its_caller(store: SqliteStore) -> None:
    """As any other, before its transaction: then it leaves nothing behind for later."""
    token = call_deadline.set(asyncio.get_running_loop().time())
    with pytest.raises(DeadlineExceeded):
        await lost(store.insert_task(task("late"), NOW), LATER)
    call_deadline.reset(token)
    async with Jam(store) as jam:
        leaving = asyncio.ensure_future(lost(store.insert_task(task("left"), NOW), LATER))
        await started(leaving)
        leaving.cancel()
        jam.let_go()
        await store.set_kms_key(PARENT, "key")
    assert not store._commit._put_off._timers


async def test_a_lost_write_that_fails_is_told(store: SqliteStore) -> None:
    """A bug to its caller alone, a disk that refuses as trouble."""

    def fail(_: Queue | None) -> Queue:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await lost(store.change_queue(Q, fail, NOW))
    await on_thread(store._file.writer, lambda raw: raw.execute("PRAGMA query_only = ON"))
    with pytest.raises(Unavailable):
        await lost(store.insert_task(task("a"), NOW))
    assert store.trouble is not None
    await on_thread(store._file.writer, lambda raw: raw.execute("PRAGMA query_only = OFF"))
    await store.insert_task(task("a"), NOW)


async def test_a_write_that_was_answered_early_is_made_after(
    store: SqliteStore, listener: RecordingListener
) -> None:
    """As it was asked for, and told of."""
    answered = await lost(store.insert_task(task("t1"), NOW), LostEffect("p", later=0))
    assert answered.name == Q.task("t1")
    await eventually(lambda: listener.events)
    assert await ids(store) == ["t0", "t1"]
    assert not store._commit._put_off._timers
    assert (store._commit._put_off._rows, store._commit._put_off._bytes) == (0, 0)


async def test_a_write_that_was_answered_early_waits_its_time_and_no_longer_than_the_store(
    store: SqliteStore, file: SqliteFile, reopen: Reopen
) -> None:
    """A store that is closed makes what was put off."""
    await lost(store.insert_task(task("t1"), NOW), LATER)
    await lost(set_queue(store, state=QueueState.PAUSED), LATER)
    assert await ids(store) == ["t0"]
    await store.close()
    again = await reopen(file)
    assert await ids(again) == ["t0", "t1"]  # type: ignore[arg-type]
    assert (await again.get_queue(Q)).state is QueueState.PAUSED


async def test_a_write_that_is_answered_early_while_the_store_closes_is_made(
    store: SqliteStore, file: SqliteFile, reopen: Reopen
) -> None:
    """No timer outlives the store."""
    async with Jam(store) as jam:
        waiting = asyncio.ensure_future(lost(store.insert_task(task("t1"), NOW), LATER))
        await started(waiting)
        closing = asyncio.ensure_future(store.close())
        await started(closing)
        jam.let_go()
        await asyncio.gather(waiting, closing)
    assert not store._commit._put_off._timers
    assert await ids(await reopen(file)) == ["t0", "t1"]  # type: ignore[arg-type]


async def test_a_write_whose_caller_left_during_its_transaction_is_made_after(store: SqliteStore) -> None:
    """As one that is committed would be."""
    jam = Jam(store)
    with effect(LATER):
        async with jam:
            jam._call.cancel()
            jam.let_go()
            await eventually(lambda: store._commit._put_off._timers)
            jam._call = asyncio.ensure_future(asyncio.sleep(0))  # type: ignore[assignment]
    store._commit._put_off.come_all()
    await store.set_kms_key(PARENT, "key")
    assert (await store.get_queue(PARENT.queue("jam"))) == queue(PARENT.queue("jam"), uid=2)


async def test_what_was_refused_is_not_made_after(store: SqliteStore) -> None:
    """Even where it could be by then."""
    with pytest.raises(TaskExists):
        await lost(store.insert_task(task("t0"), NOW), LATER)
    assert not store._commit._put_off._timers


@pytest.mark.parametrize("refused", [True, False])
async def test_what_goes_wrong_after_the_answer_is_logged(
    store: SqliteStore, caplog: pytest.LogCaptureFixture, refused: bool
) -> None:
    """Nobody is told any more."""
    caplog.set_level("INFO", "taskweir.store.sqlite.group_commit")
    if refused:
        await lost(store.insert_task(task("t1"), NOW), LATER)
        await store.insert_task(task("t1"), NOW)
    else:
        bugs: list[type[Exception]] = []

        def fail_in_the_end(current: Queue | None) -> Queue:
            for bug in bugs:
                raise bug
            assert current is not None
            return current

        await lost(store.change_queue(Q, fail_in_the_end, NOW), LATER)
        bugs.append(ZeroDivisionError)
    store._commit._put_off.come_all()
    await store.set_kms_key(PARENT, "key")
    said = "was refused: Requested entity already exists" if refused else "ZeroDivisionError"
    assert said in caplog.text


async def test_a_reset_drops_what_its_project_put_off(store: SqliteStore) -> None:
    """And nothing else."""
    for project, name in (("p", "t1"), ("other", "t2")):
        await lost(store.insert_task(task(name), NOW), LostEffect(project, later=3_600))
    store._commit.forget_put_off("p")
    assert [op.effect.project for op in store._commit._put_off._timers if op.effect] == ["other"]
    store._commit.forget_put_off(None)
    assert not store._commit._put_off._timers
    assert (store._commit._put_off._rows, store._commit._put_off._bytes) == (0, 0)


OTHER = LocationName("other", "us-central1").queue("q")


@pytest.mark.parametrize("project", ["p", None])
@pytest.mark.parametrize("reset_is", ["first", "last"])
async def test_a_reset_drops_what_was_put_off_and_stands_in_line(
    store: SqliteStore, project: str | None, reset_is: str
) -> None:
    """Its time has come, but not its turn: whichever of the two is to be made first, also in one transaction."""
    calls: list[asyncio.Future[Any]] = []
    for name in (OTHER, PARENT.queue("new")):
        await lost(make_queue(store, name), LostEffect(name.project, later=3_600))
    async with Jam(store) as jam:
        if reset_is == "first":
            calls = [asyncio.ensure_future(store.reset(project, NOW))]
            await started(calls[0])
        store._commit._put_off.come_all()
        if reset_is == "last":
            calls = [asyncio.ensure_future(store.reset(project, NOW))]
            await started(calls[0])
        jam.let_go()
        await asyncio.gather(*calls)
    await store.set_kms_key(PARENT, "key")
    assert [one.name for one in await store.queues()] == ([OTHER] if project else [])


async def test_a_reset_drops_what_stands_in_line_for_a_later_transaction(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would come after the reset."""
    monkeypatch.setattr(group_commit, "_MAX_ROWS", 1)
    await lost(make_queue(store, PARENT.queue("new")), LATER)
    async with Jam(store) as jam:
        reset = asyncio.ensure_future(store.reset("p", NOW))
        await started(reset)
        store._commit._put_off.come_all()
        jam.let_go()
        await reset
    await store.set_kms_key(PARENT, "key")
    assert await store.queues() == []
    assert (store._commit._waiting_rows, store._commit._put_off._in_line) == (0, {})


@pytest.mark.parametrize("limit", ["MAX_ROWS", "MAX_BYTES"])
async def test_there_is_a_limit_to_what_is_put_off(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """What would be more is refused; other writes are not touched by it."""
    monkeypatch.setattr(put_off, limit, 4)
    for n in range(1 if limit == "MAX_BYTES" else 4):
        await lost(store.insert_task(task(f"put-off-{n}"), NOW), LATER)
    with pytest.raises(Unavailable):
        await lost(store.insert_task(task("more"), NOW), LATER)
    await lost(store.insert_task(task("lost"), NOW))
    await store.insert_task(task("made"), NOW)
    store._commit._put_off.come_all()
    await lost(store.insert_task(task("more"), NOW), LATER)
