"""Holds: what the worker has in hand is held at every moment, and nothing is held for ever."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from tests.store.builders import NOW, PARENT, RETENTION, Q, begin_one, claim, make_queue, result, task
from tests.store.factories import RecordingListener

from taskweir.domain.model import Task
from taskweir.store.sqlite import SqliteStore, attempts, task_reads
from taskweir.store.sqlite.holds import Hold
from taskweir.store.sqlite.transaction import Transaction


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(
        str(tmp_path / "tasks.db"),
        listener=RecordingListener(),
        retention=RETENTION,
        durability="off",
        on_trouble=lambda _: None,
    )
    await make_queue(opened)
    yield opened
    await opened.close()


def hold_of(store: SqliteStore, task: Task) -> Hold | None:
    return store._memory.holds.get(task.uid)


async def test_a_task_is_held_at_every_moment_while_its_attempt_begins(store: SqliteStore) -> None:
    """A claim on the writer's thread may look between any two lines."""
    made = await store.insert_task(task(), NOW)
    (claimed,) = (await claim(store, await store.get_queue(Q))).tasks
    connection = sqlite3.connect(":memory:")
    transaction = Transaction(connection, store._memory)
    held: list[bool] = []

    def look(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename == attempts.__file__ or frame.f_code in HOLD_CODES:
            held.append(transaction.is_held(made.uid))
            return look
        return None

    before = sys.gettrace()
    sys.settrace(look)
    try:
        begun = attempts.begin_attempt(store._memory, claimed, NOW)
    finally:
        sys.settrace(before)
        connection.close()
    assert begun is not None
    assert len(held) > 10
    assert all(held)


HOLD_CODES = {Hold.begin.__code__}


@pytest.mark.parametrize("gone", ["task", "queue", "purged", "forgotten"])
async def test_a_run_that_nobody_took_leaves_with_its_task(store: SqliteStore, gone: str) -> None:
    """Its hold too, at once; an attempt in flight keeps the hold until it has ended."""
    runs, both = PARENT.queue("runs"), PARENT.queue("both")
    for name in (runs, both):
        await make_queue(store, name)
        await store.insert_task(task(in_queue=name), NOW)
    begun = await begin_one(store, await store.get_queue(both))
    ran = [await store.run_task(name.task("t"), NOW) for name in (runs, runs, both)]
    for name in (runs, both):
        if gone == "task":
            await store.delete_task(name.task("t"), NOW)
        elif gone == "queue":
            await store.delete_queue(name, NOW)
        else:
            await store.purge_queue(name, NOW, forget_names=gone == "forgotten")
    assert hold_of(store, ran[0]) is None
    assert hold_of(store, begun) is not None
    assert [await store.take_run(run.uid) for run in ran] == [None] * 3
    assert await store.finish_attempt(result(begun), NOW) is None
    assert hold_of(store, begun) is None


async def test_a_run_whose_task_goes_while_it_is_read_is_not_taken(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deletion is committed between the two halves of taking it."""
    made = await store.insert_task(task(), NOW)
    await store.run_task(made.name, NOW)
    loop, read = asyncio.get_running_loop(), task_reads.read_task

    def delete_after_reading(*args: Any) -> Task | None:
        found = read(*args)
        asyncio.run_coroutine_threadsafe(store.delete_task(made.name, NOW), loop).result(10)
        return found

    monkeypatch.setattr(task_reads, "read_task", delete_after_reading)
    assert await store.take_run(made.uid) is None
    assert hold_of(store, made) is None


async def test_two_who_take_one_run_get_it_once(store: SqliteStore) -> None:
    """Both read the task; the second finds no run left."""
    made = await store.insert_task(task(), NOW)
    await store.run_task(made.name, NOW)
    taken = await asyncio.gather(store.take_run(made.uid), store.take_run(made.uid))
    assert [one is None for one in taken] == [False, True]
