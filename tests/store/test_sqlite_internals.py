"""What the SQLite store leans on, and what keeps it quick whatever the backlog."""

import asyncio
import re
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiosqlite
import pytest
from tests.eventually import eventually
from tests.store.builders import (
    NOW,
    PARENT,
    RETENTION,
    Q,
    claim,
    finish,
    make_queue,
    result,
    sweep_all,
    task,
)
from tests.store.factories import RecordingListener

import taskweir.store.sqlite as package
from taskweir.domain.iam import Binding, Policy
from taskweir.domain.model import HttpRequest
from taskweir.effect import LostEffect, call_effect
from taskweir.store.sqlite import (
    SqliteStore,
    backlog,
    bodies,
    checkpoints,
    claims,
    history,
    history_reads,
    inserts,
    last_leases,
    leasable,
    lease_changes,
    leases,
    sweep,
    task_reads,
    tasks,
    tombstones,
)
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
        backlog._COUNT,
        backlog._DUE,
        backlog._EARLIEST,
        sweep._OLDEST,
        sweep._BURY,
        history._RECORD,
        history._RECORD_FIRST,
        history._RECORD_SWEPT,
        history._COUNT_BEGUN,
        history_reads._ATTEMPT_SIZES,
        history_reads._ATTEMPTS,
        history_reads._FINISHED_SIZES,
        history_reads._FINISHED,
        task_reads._GET,
        task_reads._GET_WITH_BODY,
        task_reads._ROWS,
        task_reads._ROWS_WITH_BODY,
        task_reads._SIZES,
        task_reads._SIZES_WITH_BODY,
        inserts._EXISTING,
        tasks._REMOVE,
        tasks._UPDATE,
        tombstones._TOMBSTONED,
        *leasable._FRONT,
        *leasable._FRONT_OF_TAG,
        leases._GRANT,
        leases._GRANT_AGAIN,
        bodies._BODIES,
        bodies._MANY_BODIES,
        lease_changes._CHANGE,
        last_leases._FORGET,
        sweep._OVER,
        task_reads._ROWS_BY_ID,
        task_reads._FIRST,
        "SELECT min(ends_at) FROM last_lease",
        "SELECT ifnull(max(uid), 0) FROM task",
        *re.findall(r'execute\(\s*"(SELECT [^"]*FROM task\b[^"]*)"', Path(tasks.__file__).read_text()),
    ],
)
def test_no_statement_reads_tasks_one_after_the_other(raw: sqlite3.Connection, sql: str) -> None:
    """Each finds them by an index, so that none grows with the backlog. `SEARCH` is by index, `SCAN` is not."""
    parameters = dict.fromkeys(map(str, range(1, 10)), "[]") if re.search(r"\?\d", sql) else None
    values = ("[]",) * (max(map(int, re.findall(r"\?(\d)", sql))) if parameters else sql.count("?"))
    plan = [step for *_, step in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert plan
    assert not [
        step for step in plan if re.match(r"SCAN (task|stone|task_tombstone|attempt|finished_task)\b", step)
    ], plan
    assert not [step for step in plan if "TEMP B-TREE" in step], plan


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


@pytest.fixture
def wal(path: Path) -> Path:
    return path.with_name("tasks.db-wal")


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(
        str(path),
        listener=RecordingListener(),
        retention=RETENTION,
        durability="off",
        on_trouble=lambda _: None,
    )
    yield opened
    await opened.close()


async def insert_many(store: SqliteStore, writers: int = 20, each: int = 100) -> None:
    async def work(writer: int) -> None:
        for n in range(each):
            await store.insert_task(task(f"w{writer}-{n}"), NOW)

    await asyncio.gather(*(work(writer) for writer in range(writers)))


def size(path: Path) -> int:
    return path.stat().st_size


async def test_the_log_does_not_grow_past_its_limit_while_writes_go_on(
    store: SqliteStore, wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the checkpointer is never the last to write; and nothing is lost."""
    limit = 200 * 4096
    monkeypatch.setattr(checkpoints, "_START", limit // 4)
    monkeypatch.setattr(checkpoints, "_STOP", limit)
    await make_queue(store)
    sizes = []
    for _ in range(10):
        writing = asyncio.ensure_future(insert_many(store, each=20))
        while not writing.done():
            await asyncio.sleep(0)
            sizes.append(size(wal))
        await store.purge_queue(Q, NOW, forget_names=True)
    assert max(sizes) < 2 * limit


async def test_the_log_is_emptied_when_writing_pauses(
    store: SqliteStore, wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it was worth moving; the writer has no part in it."""
    monkeypatch.setattr(checkpoints, "_START", 50 * 4096)
    await make_queue(store)
    await insert_many(store, each=20)
    await store.insert_task(task(payload=HttpRequest("http://target/", body=b"x" * 300_000)), NOW)
    await eventually(lambda: size(wal) == 0)


async def test_an_old_reader_does_not_stop_the_writer(
    store: SqliteStore, path: Path, wal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who looks into the file with another program: the log grows past its limit until they are done."""
    limit = 100 * 4096
    monkeypatch.setattr(checkpoints, "_START", limit // 4)
    monkeypatch.setattr(checkpoints, "_STOP", limit)
    await make_queue(store)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM task").fetchone()
    await insert_many(store, each=50)
    assert size(wal) > limit
    other.close()
    await store.purge_queue(Q, NOW, forget_names=True)
    await insert_many(store, each=50)
    await eventually(lambda: size(wal) < 2 * limit)


async def test_a_claim_does_not_look_again_at_what_is_held(store: SqliteStore) -> None:
    """It begins behind the last that was claimed; what comes to lie before that is looked at again."""
    q = await make_queue(store)
    made = [await store.insert_task(task(f"t{n}"), NOW) for n in range(3)]
    claimed = (await claim(store, q)).tasks
    assert store._memory.cursor(q.uid) == (NOW, made[-1].uid)
    await store.release([claimed[1]])
    assert made[0].uid <= store._memory.cursor(q.uid)[1] < made[1].uid
    assert [one.uid for one in (await claim(store, q)).tasks] == [made[1].uid]


@pytest.mark.parametrize("end", ["finished", "deleted", "purged", "forgotten", "queue deleted"])
async def test_nothing_of_a_task_stays_in_memory(store: SqliteStore, end: str) -> None:
    """Claimed, begun, run and not taken: when all that was begun has ended, its hold has."""
    q = await make_queue(store)
    for name in ("begun", "claimed", "run", "both"):
        await store.insert_task(task(name), NOW)
    claimed = {one.name.id: one for one in (await claim(store, q)).tasks}
    begun = [await store.begin_attempt(claimed[name], NOW) for name in ("begun", "both")]
    runs = [await store.run_task(Q.task(name), NOW) for name in ("run", "both", "both")]
    if end == "deleted":
        await asyncio.gather(*(store.delete_task(Q.task(name), NOW) for name in claimed))
    elif end in ("purged", "forgotten"):
        await store.purge_queue(Q, NOW, forget_names=end == "forgotten")
    elif end == "queue deleted":
        await store.delete_queue(Q, NOW)
    begun += [await store.take_run(run.uid) for run in runs]
    assert await store.begin_attempt(claimed["run"], NOW) is None
    await store.release(list(claimed.values()))
    for one in begun:
        if one is not None:
            await store.finish_attempt(result(one), NOW)
    assert store._memory.holds._holds == {}


async def test_a_reset_leaves_nothing_in_memory(store: SqliteStore) -> None:
    """Neither holds, of queues that are gone too, nor counts, nor writes of the project that were put off."""
    q = await make_queue(store)
    for name in ("deleted", "begun", "claimed"):
        await store.insert_task(task(name), NOW)
    await store.task_counts()
    deleted, begun, _ = (await claim(store, q)).tasks
    for one in (deleted, begun):
        await store.begin_attempt(one, NOW)
    await store.delete_queue(Q, NOW)
    await make_queue(store, PARENT.queue("other"))
    await store.run_task((await store.insert_task(task(in_queue=PARENT.queue("other")), NOW)).name, NOW)
    token = call_effect.set(LostEffect(Q.project, later=60.0))
    await store.insert_task(task("later", in_queue=PARENT.queue("other")), NOW)
    call_effect.reset(token)
    assert store._memory.holds._holds
    await store.reset(Q.project, NOW)
    assert store._memory.holds._holds == {}
    assert store._memory.counts._of == {}
    assert store._memory._cursors == {}
    assert store._commit._put_off._timers == {}


async def test_a_reset_leaves_nothing_in_the_file(store: SqliteStore) -> None:
    """Once it is swept; but for what every file has."""
    await make_queue(store)
    for name in ("deleted", "purged", "there"):
        await store.insert_task(task(name), NOW)
        if name == "deleted":
            await store.delete_task(Q.task(name), NOW)
        elif name == "purged":
            await store.purge_queue(Q, NOW, forget_names=False)
    await store.set_policy(Q, lambda _: Policy(1, (Binding("roles/viewer", ("user:ada",)),)))
    await store.set_kms_key(PARENT, "key")
    await store.reset(None, NOW)
    await sweep_all(store, NOW)

    def tables_with_rows(raw: sqlite3.Connection) -> set[str]:
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name for name in tables if raw.execute(f"SELECT 1 FROM {name}").fetchone()}

    assert await on_thread(store._file.writer, tables_with_rows) == {"meta", "sqlite_sequence"}


async def test_tasks_are_counted_once(store: SqliteStore) -> None:
    """From then on no statement is needed for it."""
    q = await make_queue(store)
    await store.insert_task(task(), NOW)
    statements: list[str] = []
    await on_thread(store._file.writer, lambda raw: raw.set_trace_callback(statements.append))
    assert await store.task_counts() == {q.uid: 1}
    assert [one for one in statements if "count(*)" in one]
    statements.clear()
    await store.insert_task(task("second"), NOW)
    assert len(statements) == 1
    assert await store.task_counts() == {q.uid: 2}
    assert len(statements) == 1


async def test_without_history_nothing_is_written_for_it(store: SqliteStore) -> None:
    """Not one statement of the quick way to end tasks, and of a purge."""
    q = await make_queue(store)
    await asyncio.gather(*(store.insert_task(task(f"t{n}"), NOW) for n in range(9)))
    begun = [await store.begin_attempt(one, NOW) for one in (await claim(store, q)).tasks[:5]]
    statements: list[str] = []
    await on_thread(store._file.writer, lambda raw: raw.set_trace_callback(statements.append))
    await asyncio.gather(*(finish(store, one) for one in begun if one))
    assert [one.split()[0] for one in statements] == ["BEGIN", "DELETE", "INSERT", "COMMIT"]
    await store.purge_queue(Q, NOW, forget_names=False)
    assert not [one for one in statements if "finished_task" in one or " attempt" in one]


async def test_swept_generations_are_forgotten(store: SqliteStore) -> None:
    """A queue that is purged often does not look for names in more and more of them."""
    await make_queue(store)
    for n in range(3):
        await store.insert_task(task(f"t{n}"), NOW)
        await store.purge_queue(Q, NOW, forget_names=False)
    entry = store._memory.registry.get(Q)
    assert entry is not None
    assert len(entry.retired) == 3
    await sweep_all(store, NOW)
    entry = store._memory.registry.get(Q)
    assert entry is not None
    assert entry.retired == ()
