"""Group commit: writes that arrive while a transaction runs share the next one."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import pytest
from tests.eventually import eventually
from tests.store.builders import (
    NOW,
    PARENT,
    RETENTION,
    Q,
    begin_one,
    claim,
    ids,
    make_queue,
    queue,
    result,
    task,
)
from tests.store.factories import RecordingListener

from taskweir.deadline import call_deadline
from taskweir.domain.errors import DeadlineExceeded, Unavailable
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import HttpRequest, Queue, Task
from taskweir.domain.names import OperationName
from taskweir.domain.operation import BatchKind, BatchState, Operation
from taskweir.store.sqlite import SqliteStore, group_commit
from taskweir.store.sqlite.connection import on_thread


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
    monkeypatch.setattr(group_commit, "MAX_WAITING_ROWS", 5)
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


async def test_the_worker_is_never_refused_because_too_much_waits(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It bounds itself by its attempts in flight, and what it records makes room."""
    q = await store.get_queue(Q)
    for n in range(3):
        await store.insert_task(task(f"t{n}"), NOW)
    begun = await begin_one(store, q)
    (void,) = (await claim(store, q, limit=1)).tasks
    monkeypatch.setattr(group_commit, "MAX_WAITING_ROWS", 0)
    monkeypatch.setattr(group_commit, "MAX_WAITING_BYTES", 0)
    async with Jam(store) as jam:
        await set_aside(store, void)
        full = asyncio.ensure_future(store.set_kms_key(PARENT, "key"))
        calls = [
            asyncio.ensure_future(store.finish_attempt(result(begun), NOW)),
            asyncio.ensure_future(store.begin_attempt(void, NOW)),
            asyncio.ensure_future(claim(store, q)),
            asyncio.ensure_future(store.due_queues()),
        ]
        await started(calls[-1])
        with pytest.raises(Unavailable):
            await store.insert_task(task("more"), NOW)
        jam.let_go()
        finished, begins, claimed, _ = await asyncio.gather(*calls)
        await full
    assert finished is Ending.DONE
    assert begins is None
    assert len(claimed.tasks) == 2


async def set_aside(store: SqliteStore, claimed: Task) -> None:
    """Make a claim void, as a run of the task would."""
    hold = store._memory.holds.get(claimed.uid)
    assert hold is not None
    hold.stale = True


async def delete_many(store: SqliteStore, names: int, call: int = 0) -> Operation:
    name = OperationName(PARENT, f"delete-{call}-{names}")
    done = Operation(name, BatchKind.DELETE, Q, NOW, NOW, BatchState.SUCCEEDED, {})
    return await store.delete_batch(name, [Q.task(f"t{n}") for n in range(names)], lambda _: done, NOW)


async def insert_many(store: SqliteStore, tasks: int) -> Operation:
    name = OperationName(PARENT, f"insert-{tasks}")
    done = Operation(name, BatchKind.CREATE, Q, NOW, NOW, BatchState.SUCCEEDED, {})
    return await store.insert_batch(name, [task(f"b{n}") for n in range(tasks)], lambda _: done, NOW)


async def test_batches_count_by_their_rows_among_what_waits(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that would be too many are refused."""
    monkeypatch.setattr(group_commit, "MAX_WAITING_ROWS", 100)
    async with Jam(store) as jam:
        waiting = [asyncio.ensure_future(delete_many(store, 50))]
        await started(waiting[0])
        for call in (insert_many(store, 60), delete_many(store, 60)):
            with pytest.raises(Unavailable):
                await call
        waiting += [asyncio.ensure_future(insert_many(store, 40))]
        await started(waiting[1])
        jam.let_go()
        await asyncio.gather(*waiting)
    assert len(await ids(store)) == 40


async def test_a_batch_of_more_rows_than_may_wait_may_wait_alone(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it could never be done."""
    monkeypatch.setattr(group_commit, "MAX_WAITING_ROWS", 100)
    async with Jam(store) as jam:
        waiting = asyncio.ensure_future(delete_many(store, 500))
        await started(waiting)
        with pytest.raises(Unavailable):
            await store.insert_task(task("a"), NOW)
        jam.let_go()
        await waiting
    await store.insert_task(task("a"), NOW)


async def test_a_transaction_is_bounded_by_its_rows(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by its operations: batches do not add up to one that everybody waits for."""
    monkeypatch.setattr(group_commit, "_MAX_ROWS", 50)
    before, _ = store.commits
    await asyncio.gather(*(delete_many(store, 20, call) for call in range(8)))
    assert store.commits[0] - before == 4
    await asyncio.gather(*(store.insert_task(task(f"t{n}"), NOW) for n in range(100)))
    assert store.commits[0] - before == 6
    await delete_many(store, 100)
    assert await ids(store) == []


async def test_too_large_waiting_writes_are_refused(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the sum of their bodies; one that is larger alone may wait alone."""
    monkeypatch.setattr(group_commit, "MAX_WAITING_BYTES", 100)
    async with Jam(store) as jam:
        large = asyncio.ensure_future(
            store.insert_task(task("large", payload=HttpRequest("http://target/", body=b"x" * 500)), NOW)
        )
        await started(large)
        with pytest.raises(Unavailable):
            await store.insert_task(task("small", payload=HttpRequest("http://target/", body=b"x")), NOW)
        jam.let_go()
        await large
    await store.insert_task(task("small", payload=HttpRequest("http://target/", body=b"x")), NOW)


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


async def test_an_attempt_that_begins_while_a_run_is_committed_keeps_its_number(store: SqliteStore) -> None:
    """The run, whose number it took, gets the next one."""
    made = await store.insert_task(task(), NOW)
    (claimed,) = (await claim(store, await store.get_queue(Q))).tasks
    running = asyncio.ensure_future(store.run_task(made.name, NOW))
    async with Jam(store):
        begun = await store.begin_attempt(claimed, NOW)
    assert begun is not None
    assert begun.dispatch_count == 1
    assert (await running).dispatch_count == 2
    taken = await store.take_run(made.uid)
    assert taken is not None
    assert taken.dispatch_count == 2


async def test_what_follows_a_commit_may_fail(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The callers have their answers, and the next writes go on."""

    async def fail() -> None:
        raise OSError("no such folder")

    monkeypatch.setattr(store._commit, "_after_commit", fail)
    await store.insert_task(task("a"), NOW)
    await store.insert_task(task("b"), NOW)
    assert "no such folder" in caplog.text


async def test_who_is_told_of_trouble_may_fail(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The write is answered all the same."""

    def fail(_: str | None) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(store._commit, "_on_trouble", fail)
    await on_thread(store._file.writer, lambda raw: raw.execute("PRAGMA query_only = ON"))
    with pytest.raises(Unavailable):
        await store.insert_task(task("a"), NOW)
    await on_thread(store._file.writer, lambda raw: raw.execute("PRAGMA query_only = OFF"))
    await store.insert_task(task("a"), NOW)
    assert "ZeroDivisionError" in caplog.text


async def test_a_writer_that_fails_is_told_as_trouble_and_tried_again(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it is; the probe finds out when it is over."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(group_commit, "_PROBE_EVERY", 0.001)
    with monkeypatch.context() as broken:
        broken.setattr(group_commit, "run_batch", fail)
        with pytest.raises(Unavailable):
            await store.insert_task(task("a"), NOW)
        assert store.trouble is not None
    await eventually(lambda: store.trouble is None)
    await store.insert_task(task("a"), NOW)
    assert "the writer failed" in caplog.text


async def test_nobody_hangs_when_the_runner_has_ended(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    """What ran, what waits and what comes is refused; the store says why, and can be closed."""
    async with Jam(store) as jam:
        waiting = asyncio.ensure_future(store.insert_task(task("waiting"), NOW))
        await started(waiting)
        store._commit._runner.cancel()
        with pytest.raises(Unavailable):
            await waiting
        with pytest.raises(Unavailable):
            await jam._call
        jam._call = asyncio.ensure_future(asyncio.sleep(0))  # type: ignore[assignment]
    with pytest.raises(Unavailable):
        await store.insert_task(task("late"), NOW)
    assert store.trouble is not None
    assert "has ended" in caplog.text
    assert store._commit._probe is None
    await store.close()
