"""What the SQLite store leans on, and what keeps it quick whatever the backlog."""

import asyncio
import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import aiosqlite
import pytest
from tests.eventually import eventually
from tests.store.builders import NOW, RETENTION, ids, make_queue, task
from tests.store.factories import RecordingListener

import taskweir.store.sqlite as package
from taskweir.store.sqlite import SqliteStore, checkpoints, claims, sweep, task_reads, tasks, tombstones
from taskweir.store.sqlite.connection import on_thread
from taskweir.store.sqlite.migrate import migrate


async def test_aiosqlite_runs_a_function_on_its_thread() -> None:
    """Its one private method that we use is still there and does that. If not, connection.py needs another way."""
    connection = await aiosqlite.connect(":memory:")
    try:
        answer = await on_thread(connection, lambda raw: (type(raw), threading.current_thread()))
        assert answer[0] is sqlite3.Connection
        assert answer[1] is not threading.current_thread()
        with pytest.raises(ZeroDivisionError):
            await on_thread(connection, lambda _: 1 // 0)
    finally:
        await connection.close()


def test_only_one_function_uses_what_is_private_to_aiosqlite() -> None:
    """The rest goes through `on_thread`."""
    folder = Path(package.__file__).parent
    users = [file.name for file in folder.glob("*.py") if re.search(r"\._(execute|conn)\b", file.read_text())]
    assert users == ["connection.py"]


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "plan.db", isolation_level=None)
    migrate(connection, "plan.db")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        claims._SCAN,
        claims._EARLIEST,
        sweep._OLDEST,
        sweep._BURY,
        task_reads._GET,
        task_reads._GET_WITH_BODY,
        task_reads._ROWS,
        task_reads._ROWS_WITH_BODY,
        task_reads._SIZES,
        task_reads._SIZES_WITH_BODY,
        tasks._EXISTING,
        tasks._REMOVE,
        tasks._UPDATE,
        tombstones._TOMBSTONED,
        "SELECT ifnull(max(uid), 0) FROM task",
        *re.findall(r'execute\(\s*"(SELECT [^"]*FROM task\b[^"]*)"', Path(tasks.__file__).read_text()),
    ],
)
def test_no_statement_reads_tasks_one_after_the_other(raw: sqlite3.Connection, sql: str) -> None:
    """Each finds them by an index, so that none grows with the backlog. `SEARCH` is by index, `SCAN` is not."""
    parameters = dict.fromkeys(map(str, range(1, 6)), "[]") if re.search(r"\?\d", sql) else None
    values = ("[]",) * (max(map(int, re.findall(r"\?(\d)", sql))) if parameters else sql.count("?"))
    plan = [step for *_, step in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert plan
    assert not [step for step in plan if re.match(r"SCAN (task|stone|task_tombstone)\b", step)], plan
    assert not [step for step in plan if "TEMP B-TREE" in step], plan


async def test_the_log_is_moved_into_the_file_while_writes_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays near the size at which that begins, and nothing is lost."""
    monkeypatch.setattr(checkpoints, "_START_PAGES", 100)
    monkeypatch.setattr(checkpoints, "_STOP_PAGES", 400)
    path = tmp_path / "tasks.db"
    store = await SqliteStore.open(
        str(path),
        listener=RecordingListener(),
        retention=RETENTION,
        durability="off",
        on_trouble=lambda _: None,
    )
    await make_queue(store)

    async def work(worker: int) -> None:
        for n in range(100):
            await store.insert_task(task(f"w{worker}-{n}"), NOW)

    await asyncio.gather(*(work(worker) for worker in range(20)))
    wal = path.with_name("tasks.db-wal")
    assert wal.stat().st_size < 4 * 400 * 4096
    assert path.stat().st_size > 100 * 4096
    assert len(await ids(store)) == 2_000
    await eventually(lambda: len(asyncio.all_tasks()) <= 2)
    await store.close()
    assert not wal.exists()
