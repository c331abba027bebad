"""Group commit: writes that arrive while a transaction runs share the next one."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import pytest
from tests.store.builders import NOW, PARENT, RETENTION, Q, ids, make_queue, queue, task
from tests.store.factories import RecordingListener

from taskweir.deadline import call_deadline
from taskweir.domain.errors import DeadlineExceeded, Unavailable
from taskweir.domain.model import PullMessage, Queue
from taskweir.store.sqlite import SqliteStore, group_commit


@pytest.fixture
async def store(tmp_path: Path, listener: RecordingListener) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(
        str(tmp_path / "tasks.db"),
        listener=listener,
        retention=RETENTION,
        durability="full",
        on_trouble=lambda _: None,
    )
    await make_queue(opened)
    listener.told()
    yield opened
    await opened.close()


class Jam:
    """Keeps the writer busy with one transaction until it is let go."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._free = threading.Event()
        self._entered = threading.Event()

    def _wait(self, current: Queue | None) -> Queue:
        self._entered.set()
        assert self._free.wait(10)
        return current or queue(PARENT.queue("jam"))

    async def __aenter__(self) -> Self:
        self._call = asyncio.ensure_future(self._store.change_queue(PARENT.queue("jam"), self._wait, NOW))
        await asyncio.to_thread(self._entered.wait, 10)
        return self

    def let_go(self) -> None:
        self._free.set()

    async def __aexit__(self, *_: object) -> None:
        self.let_go()
        await self._call


async def started(call: "asyncio.Future[object]") -> None:
    """Let a call get as far as the queue of waiting writes."""
    await asyncio.sleep(0)
    assert not call.done()


async def test_many_writes_at_once_are_one_commit(store: SqliteStore) -> None:
    """Of different kinds, too."""
    commits, carried = store.commits
    await asyncio.gather(
        *(store.insert_task(task(f"t{n}"), NOW) for n in range(64)),
        make_queue(store, PARENT.queue("other")),
        store.set_kms_key(PARENT, "key"),
    )
    assert store.commits == (commits + 1, carried + 66)


async def test_writers_that_go_on_writing_keep_sharing(store: SqliteStore) -> None:
    """Those just answered come into the very next transaction."""

    async def work(worker: int) -> None:
        for n in range(10):
            await store.insert_task(task(f"w{worker}-{n}"), NOW)

    commits, _ = store.commits
    await asyncio.gather(*(work(worker) for worker in range(32)))
    assert store.commits[0] - commits <= 12


async def test_reading_and_claiming_make_no_commit(store: SqliteStore) -> None:
    """They do not wait for a disk."""
    before = store.commits
    await store.due_queues()
    await store.claim([], NOW)
    await store.release([])
    await store.list_queues(PARENT, "", 10)
    assert store.commits == before


async def test_a_write_whose_deadline_has_passed_is_dropped(store: SqliteStore) -> None:
    """Before its transaction; those that wait with it are not touched."""
    loop = asyncio.get_running_loop()

    async def insert(name: str, deadline: float) -> object:
        call_deadline.set(deadline)
        return await store.insert_task(task(name), NOW)

    async with Jam(store) as jam:
        late = asyncio.ensure_future(insert("late", loop.time()))
        timely = asyncio.ensure_future(insert("timely", loop.time() + 60))
        await started(late)
        jam.let_go()
        with pytest.raises(DeadlineExceeded):
            await late
        await timely
    assert await ids(store) == ["timely"]


async def test_a_write_whose_caller_left_before_its_transaction_is_dropped(store: SqliteStore) -> None:
    """Nobody would know of it."""
    async with Jam(store) as jam:
        leaving = asyncio.ensure_future(store.insert_task(task("left"), NOW))
        await started(leaving)
        leaving.cancel()
        jam.let_go()
        await store.insert_task(task("stayed"), NOW)
    assert leaving.cancelled()
    assert await ids(store) == ["stayed"]


async def test_a_write_whose_caller_left_during_its_transaction_is_told_of(
    store: SqliteStore, listener: RecordingListener
) -> None:
    """It is committed, so the worker must hear of it."""
    async with Jam(store) as jam:
        jam._call.cancel()
        jam.let_go()
        await store.set_kms_key(PARENT, "key")
        made = await store.get_queue(PARENT.queue("jam"))
        assert listener.told() == [("changed", made)]
        jam._call = asyncio.ensure_future(asyncio.sleep(0))  # type: ignore[assignment]


async def test_too_many_waiting_writes_are_refused(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once; those that wait are carried out. The worker's are never too many."""
    monkeypatch.setattr(group_commit, "MAX_WAITING", 5)
    async with Jam(store) as jam:
        waiting = [asyncio.ensure_future(store.insert_task(task(f"t{n}"), NOW)) for n in range(5)]
        await started(waiting[0])
        with pytest.raises(Unavailable):
            await store.insert_task(task("more"), NOW)
        workers = asyncio.ensure_future(store.release([]))
        await started(workers)
        jam.let_go()
        await asyncio.gather(*waiting, workers)
    await store.insert_task(task("more"), NOW)


async def test_too_large_waiting_writes_are_refused(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the sum of their bodies; one that is larger alone may wait alone."""
    monkeypatch.setattr(group_commit, "MAX_WAITING_BYTES", 100)
    async with Jam(store) as jam:
        large = asyncio.ensure_future(store.insert_task(task("large", payload=PullMessage(b"x" * 500)), NOW))
        await started(large)
        with pytest.raises(Unavailable):
            await store.insert_task(task("small", payload=PullMessage(b"x")), NOW)
        jam.let_go()
        await large
    await store.insert_task(task("small", payload=PullMessage(b"x")), NOW)


async def test_one_that_fails_takes_no_other_with_it(store: SqliteStore, listener: RecordingListener) -> None:
    """A bug in one of a batch: the others are carried out, and told of once."""

    def fail(_: Queue | None) -> Queue:
        raise ZeroDivisionError

    answers = await asyncio.gather(
        *(store.insert_task(task(f"t{n}"), NOW) for n in range(5)),
        store.change_queue(Q, fail, NOW),
        make_queue(store, PARENT.queue("other")),
        return_exceptions=True,
    )
    assert [type(one) for one in answers if isinstance(one, Exception)] == [ZeroDivisionError]
    assert len(await ids(store)) == 5
    assert sorted(event[0] for event in listener.told()) == ["changed", *["due"] * 5]


async def test_a_listener_that_fails_does_not_stop_the_store(
    store: SqliteStore,
    listener: RecordingListener,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What is committed is answered; the fault is logged."""

    def fail(_uid: int, _at: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(listener, "task_due", fail)
    await store.insert_task(task("a"), NOW)
    await store.insert_task(task("b"), NOW)
    assert await ids(store) == ["a", "b"]
    assert "ZeroDivisionError" in caplog.text


async def test_closing_carries_out_what_waits_and_refuses_the_rest(
    store: SqliteStore, listener: RecordingListener
) -> None:
    """The listener hears nothing any more. Closing again does nothing."""
    async with Jam(store) as jam:
        waiting = asyncio.ensure_future(store.insert_task(task(), NOW))
        await started(waiting)
        closing = asyncio.ensure_future(store.close())
        await started(closing)
        with pytest.raises(Unavailable):
            await store.insert_task(task("late"), NOW)
        with pytest.raises(Unavailable):
            await store.get_task(Q.task("t"), with_body=False)
        jam.let_go()
        assert (await waiting).uid
        await closing
    assert listener.told() == []
    await store.close()


async def test_nothing_runs_while_nothing_is_asked(store: SqliteStore) -> None:
    """No timer: an idle server wakes up for nothing."""
    await store.insert_task(task(), NOW)
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    names = {one.get_name() for one in asyncio.all_tasks() if one is not asyncio.current_task()}
    assert names == {"group commit"}
    assert not [timer for timer in loop._scheduled if "taskweir" in repr(timer)]  # type: ignore[attr-defined]
