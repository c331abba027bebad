"""The data file of the SQLite store: which are taken, which are refused, and who may have them open."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.store.builders import (
    HISTORY,
    NOW,
    PARENT,
    RETENTION,
    Q,
    attempts,
    begin_one,
    finish,
    finished,
    ids,
    make_queue,
    queue,
    sweep_all,
    task,
)
from tests.store.factories import RecordingListener

from taskweir.domain.errors import TaskTombstoned
from taskweir.domain.lease_filter import WithTag
from taskweir.domain.model import PullMessage, QueueType
from taskweir.domain.times import HOUR
from taskweir.store.base import LeaseRequest, Retention
from taskweir.store.sqlite import DataFileRefused, SqliteStore, migrate
from taskweir.store.sqlite.connection import Durability, on_thread, open_writer
from taskweir.store.sqlite.migrate import APPLICATION_ID
from taskweir.store.sqlite.queue_rows import settings_of
from taskweir.store.sqlite.rows import row_of

_COLUMNS_BEFORE_TAGS = 14
Open = Callable[..., Awaitable[SqliteStore]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


@pytest.fixture
async def open_store(path: Path) -> AsyncIterator[Open]:
    opened: list[SqliteStore] = []

    async def open_one(
        at: Path = path, durability: Durability = "full", retention: Retention = RETENTION
    ) -> SqliteStore:
        opened.append(
            await SqliteStore.open(
                str(at),
                listener=RecordingListener(),
                retention=retention,
                durability=durability,
                on_trouble=lambda _: None,
            )
        )
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()


async def refusal(open_store: Open, at: Path) -> str:
    with pytest.raises(DataFileRefused) as caught:
        await open_store(at)
    assert str(caught.value).startswith(f"{at}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{at}: ")


def with_sql(path: Path, script: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()


def make(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def content(path: Path) -> bytes:
    return path.read_bytes()


def move(path: Path, name: str) -> Path:
    return path.rename(path.with_name(name))


async def test_an_empty_file_becomes_a_data_file(open_store: Open, path: Path) -> None:
    """Of no bytes, or of SQLite without tables."""
    make(path, b"")
    await make_queue(await open_store())
    other = path.with_name("other.db")
    with_sql(other, "CREATE TABLE t (x); DROP TABLE t;")
    await make_queue(await open_store(other))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("CREATE TABLE t (x);", "a SQLite file of another program"),
        ("PRAGMA application_id = 7;", "a SQLite file of another program"),
        (
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 999;",
            "made by a newer version of taskweir (its schema is 999, this version knows 4)",
        ),
    ],
)
async def test_files_that_are_not_ours_are_refused_and_left_alone(
    open_store: Open, path: Path, script: str, message: str
) -> None:
    """Another program's, and a newer version's."""
    with_sql(path, script)
    before = content(path)
    assert await refusal(open_store, path) == message
    assert content(path) == before


async def test_a_file_of_the_first_schema_is_taken_over(
    open_store: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its queues, its tasks and the names that are taken."""
    first, connection = migrate._migrations()[:1], sqlite3.connect(path, isolation_level=None)
    with monkeypatch.context() as old:
        old.setattr(migrate, "_migrations", lambda: first)
        migrate.migrate(connection, str(path))
    settings = settings_of(queue())
    connection.execute(
        "INSERT INTO queue (project, location, id, generation, settings) VALUES (?, ?, ?, 1, ?)",
        (Q.project, Q.location, Q.id, settings),
    )
    connection.execute("INSERT INTO task_tombstone VALUES (1, 'taken', ?, ?, 1)", (NOW, NOW + 1))
    connection.close()
    store = await open_store()
    assert await store.queues() == [queue(uid=1)]
    await store.insert_task(task(), NOW)
    with pytest.raises(TaskTombstoned):
        await store.insert_task(task("taken"), NOW)
    await store.purge_queue(Q, NOW, forget_names=True)
    await store.insert_task(task("taken"), NOW)


async def test_a_file_of_the_second_schema_is_taken_over(
    open_store: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a purge that is not swept yet; of that, no history was promised."""
    second, connection = migrate._migrations()[:2], sqlite3.connect(path, isolation_level=None)
    with monkeypatch.context() as old:
        old.setattr(migrate, "_migrations", lambda: second)
        migrate.migrate(connection, str(path))
    connection.execute(
        "INSERT INTO queue (project, location, id, generation, settings, names) VALUES (?, ?, ?, 2, ?, 1)",
        (Q.project, Q.location, Q.id, settings_of(queue())),
    )
    connection.execute("INSERT INTO retired_generation VALUES (1, 1, ?, ?)", (NOW, NOW + HOUR))
    for uid, generation, name in ((7, 1, "purged"), (8, 2, "there")):
        row = row_of(task(name), uid, generation)[:_COLUMNS_BEFORE_TAGS]
        connection.execute(f"INSERT INTO task VALUES ({', '.join('?' * len(row))})", row)
    connection.close()
    store = await open_store(retention=HISTORY)
    assert await ids(store) == ["there"]
    await sweep_all(store, NOW)
    assert await finished(store) == []
    with pytest.raises(TaskTombstoned):
        await store.insert_task(task("purged"), NOW)
    await finish(store, await begin_one(store, await store.get_queue(Q)))
    assert [one.name.id for one in await finished(store)] == ["there"]
    assert [one.task.id for one in await attempts(store)] == ["there"]


async def test_a_file_of_the_third_schema_is_taken_over(
    open_store: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tasks have no tags, and from now on there are some that have."""
    third, connection = migrate._migrations()[:3], sqlite3.connect(path, isolation_level=None)
    with monkeypatch.context() as old:
        old.setattr(migrate, "_migrations", lambda: third)
        migrate.migrate(connection, str(path))
    connection.execute(
        "INSERT INTO queue (project, location, id, generation, settings, names) VALUES (?, ?, ?, 1, ?, 1)",
        (Q.project, Q.location, Q.id, settings_of(queue())),
    )
    row = row_of(task("there"), 1, 1)[:_COLUMNS_BEFORE_TAGS]
    connection.execute(f"INSERT INTO task VALUES ({', '.join('?' * len(row))})", row)
    connection.close()
    store = await open_store()
    assert (await begin_one(store, await store.get_queue(Q))).name.id == "there"
    pull = await make_queue(store, PARENT.queue("pull"), type=QueueType.PULL)
    await store.insert_task(task(in_queue=pull.name, payload=PullMessage(tag="a")), NOW)
    request = LeaseRequest(pull.name, 1, 1, NOW + HOUR, WithTag("a"), with_body=False)
    assert [one.name.id for one in await store.lease(request, NOW)] == ["t"]


async def test_what_is_no_database_is_refused_and_left_alone(open_store: Open, path: Path) -> None:
    """A text file, however long."""
    letter = b"a letter to my aunt\n" * 500
    make(path, letter)
    assert await refusal(open_store, path) == "not a SQLite file"
    assert content(path) == letter


async def test_what_cannot_be_opened_is_refused_with_the_reason(open_store: Open, tmp_path: Path) -> None:
    """A folder, and a file in a folder that is not there."""
    (tmp_path / "folder").mkdir()
    assert "cannot be" in await refusal(open_store, tmp_path / "folder")
    assert "No such file or directory" in await refusal(open_store, tmp_path / "none" / "tasks.db")


async def test_a_second_store_is_told_who_has_the_file(open_store: Open, path: Path) -> None:
    """By its process, and whatever name the file is called by."""
    store = await open_store()
    link = path.with_name("link.db")
    link.symlink_to(path)
    told = f"in use by another server (process {os.getpid()})"
    assert await refusal(open_store, path) == told
    assert await refusal(open_store, link) == told
    await make_queue(store)


async def test_the_file_is_free_after_a_close_and_after_a_refusal(open_store: Open, path: Path) -> None:
    """Nothing is left locked."""
    with_sql(path, "CREATE TABLE t (x);")
    await refusal(open_store, path)
    with_sql(path, "DROP TABLE t;")
    await (await open_store()).close()
    await open_store()


HOLDER = """
import asyncio, sys
from taskweir.store.base import Retention
from taskweir.store.sqlite import SqliteStore

class Deaf:
    def __getattr__(self, name):
        return lambda *_: None

async def hold():
    await SqliteStore.open(
        sys.argv[1], listener=Deaf(), retention=Retention(1, 1, 1, 1), durability="full", on_trouble=print
    )
    print("open", flush=True)
    await asyncio.Event().wait()

asyncio.run(hold())
"""


async def test_the_lock_of_a_killed_process_is_free(open_store: Open, path: Path) -> None:
    """Held while it lives, by its process id; the kernel lets go of it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(path), stdout=subprocess.PIPE, env=environment
    )
    try:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"open\n"
        assert await refusal(open_store, path) == f"in use by another server (process {holder.pid})"
    finally:
        holder.kill()
        await holder.communicate()
    await open_store()


async def test_a_new_file_is_its_owners_alone(open_store: Open, path: Path) -> None:
    """And so are the files beside it; one that was there keeps its mode."""
    await make_queue(await open_store())
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes) == {"tasks.db", "tasks.db-wal", "tasks.db-shm", "tasks.db.lock"}
    assert set(modes.values()) == {0o600}
    other = path.with_name("other.db")
    other.touch(0o640)
    await open_store(other)
    assert stat.S_IMODE(other.stat().st_mode) == 0o640


async def test_after_a_close_everything_is_in_one_file(open_store: Open, path: Path) -> None:
    """Which can be copied or moved as it is."""
    store = await open_store()
    await make_queue(store)
    await store.insert_task(task(), NOW)
    await store.close()
    assert {file.name for file in path.parent.iterdir()} == {"tasks.db", "tasks.db.lock"}
    assert await ids(await open_store(move(path, "moved.db"))) == ["t"]


@pytest.mark.parametrize(("durability", "level"), [("off", 0), ("normal", 1), ("full", 2)])
async def test_durability_sets_what_a_commit_waits_for(
    open_store: Open, durability: Durability, level: int
) -> None:
    """As SQLite numbers it."""
    store = await open_store(durability=durability)
    asked = await on_thread(store._file.writer, lambda raw: raw.execute("PRAGMA synchronous").fetchone())
    assert asked == (level,)


async def test_space_that_is_freed_is_used_again(open_store: Open, path: Path) -> None:
    """The file stays as large as its largest moment, through deletions and purges."""
    store = await open_store()
    await make_queue(store)
    sizes = []
    now = NOW
    for round_ in range(6):
        for n in range(60):
            await store.insert_task(task(f"r{round_}-{n}"), now)
        for n in range(0, 60, 2):
            await store.delete_task(Q.task(f"r{round_}-{n}"), now)
        await store.purge_queue(Q, now, forget_names=False)
        now += RETENTION.task_tombstone
        await sweep_all(store, now, limit=100)
        sizes.append(
            await on_thread(store._file.writer, lambda raw: raw.execute("PRAGMA page_count").fetchone()[0])
        )
    assert sizes[-1] <= sizes[1]


async def test_an_older_sqlite_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Before it fails on a function that it lacks."""
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 37, 2))
    with pytest.raises(DataFileRefused, match=r"needs SQLite 3\.38\.0"):
        await open_writer(str(tmp_path / "d.db"), "full", lambda _: None)
