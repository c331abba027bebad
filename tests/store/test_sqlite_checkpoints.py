"""Checkpoints keep the log small, and no commit waits for who reads or for a disk that refuses."""

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.eventually import eventually
from tests.store.builders import NOW, RETENTION, make_queue, task
from tests.store.factories import RecordingListener

from taskweir.domain.model import HttpRequest
from taskweir.store.sqlite import SqliteStore, checkpoints
from taskweir.store.sqlite.log_file import LogFile

START = 200_000
STOP = 800_000
BIG = HttpRequest("http://target/", body=b"x" * 20_000)


@dataclass
class Seen:
    """Every checkpoint: its mode and whether the writer made it; `fails` makes them fail."""

    made: list[tuple[str, bool]] = field(default_factory=list)
    fails: bool = False


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    seen, checkpoint = Seen(), checkpoints._checkpoint

    def see(connection: sqlite3.Connection, mode: str) -> tuple[int, int, int]:
        is_writer = connection.execute("PRAGMA temp_store").fetchone() == (2,)
        seen.made.append((mode, is_writer))
        if seen.fails:
            raise sqlite3.OperationalError("database or disk is full")
        return checkpoint(connection, mode)

    monkeypatch.setattr(checkpoints, "_START", START)
    monkeypatch.setattr(checkpoints, "_STOP", STOP)
    monkeypatch.setattr(checkpoints, "_checkpoint", see)
    return seen


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


@pytest.fixture
async def store(path: Path, seen: Seen) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(
        str(path), listener=RecordingListener(), retention=RETENTION, durability="off", on_trouble=print
    )
    await make_queue(opened)
    yield opened
    await opened.close()


@pytest.fixture
def reader(path: Path, store: SqliteStore) -> Iterator[sqlite3.Connection]:
    """Another program in the middle of reading, until it is closed."""
    other = sqlite3.connect(path, isolation_level=None)
    read(other)
    yield other
    other.close()


def read(other: sqlite3.Connection) -> None:
    """Begin to read what is there now."""
    if other.in_transaction:
        other.execute("COMMIT")
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM queue").fetchone()


_number = itertools.count()


async def write(store: SqliteStore, times: int) -> float:
    """Commits one after the other; how long the longest took, in seconds."""
    loop, longest = asyncio.get_running_loop(), 0.0
    for _ in range(times):
        began = loop.time()
        await store.insert_task(task(f"t{next(_number)}", payload=BIG), NOW)
        longest = max(longest, loop.time() - began)
    return longest


def log_size(path: Path) -> int:
    return path.with_name("tasks.db-wal").stat().st_size


async def test_sustained_writes_keep_the_log_within_bounds(store: SqliteStore, path: Path) -> None:
    """Each writer sends the next when the last is answered; there is no pause in which the log could start over."""
    largest = 0

    async def work() -> None:
        nonlocal largest
        for _ in range(40):
            await write(store, 1)
            largest = max(largest, log_size(path))

    await asyncio.gather(*(work() for _ in range(8)))
    assert STOP < largest < 3 * STOP


async def test_no_commit_waits_for_who_reads(
    store: SqliteStore, reader: sqlite3.Connection, path: Path, seen: Seen
) -> None:
    """The log grows meanwhile, and what is in the way is not tried again with every commit."""
    longest = await write(store, 150)
    assert log_size(path) > 2 * STOP
    assert longest < 2.5
    assert len(seen.made) < 50


async def test_no_commit_waits_for_who_has_just_begun_to_read(
    store: SqliteStore, reader: sqlite3.Connection, path: Path, seen: Seen
) -> None:
    """When nearly all is moved and the log is only to begin anew."""
    while log_size(path) < STOP - START // 2:
        await write(store, 1)
        read(reader)
    seen.made.clear()
    longest = 0.0
    while ("RESTART", True) not in seen.made:
        longest = max(longest, await write(store, 1))
    assert log_size(path) > 0
    assert longest < 2.5


async def test_when_the_reader_is_done_the_log_is_cut_again(
    store: SqliteStore, reader: sqlite3.Connection, path: Path, seen: Seen
) -> None:
    """The checkpointer moves what has piled up; the writer has only the little left at the end."""
    await write(store, 150)
    piled_up = log_size(path)
    reader.close()
    seen.made.clear()
    while log_size(path) >= piled_up:
        await write(store, 1)
    assert seen.made[0] == ("PASSIVE", False)
    await write(store, 80)
    assert log_size(path) < 3 * STOP


async def test_a_checkpoint_that_failed_is_tried_again_after_a_pause(
    store: SqliteStore,
    path: Path,
    seen: Seen,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not with every commit; and what it is to move is not forgotten."""
    seen.fails = True
    await write(store, 60)
    assert len(seen.made) == 1
    assert "could not be moved" in caplog.text
    seen.fails = False
    store._file.checkpoints._not_before = 0.0  # type: ignore[union-attr]
    await write(store, 1)
    await eventually(lambda: log_size(path) == 0)


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    yield connection
    connection.close()


def test_of_a_log_is_used_what_was_written_since_it_began_anew(
    raw: sqlite3.Connection, tmp_path: Path
) -> None:
    """As SQLite counts its frames, whether the file was cut or is longer than what is in it."""
    log = LogFile(str(tmp_path / "log.db"))
    assert log.used() == 0
    raw.execute("CREATE TABLE t (content BLOB)")
    for rows, mode in [(1, "RESTART"), (300, "RESTART"), (5, "TRUNCATE"), (40, "RESTART"), (60, "RESTART")]:
        for _ in range(rows):
            raw.execute("INSERT INTO t VALUES (zeroblob(9000))")
        _, logged, _ = raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        assert log.used() == logged * 4_120
        raw.execute(f"PRAGMA wal_checkpoint({mode})")
    log.close()
