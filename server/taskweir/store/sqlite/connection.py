"""Opening the data file: who may, with which settings; and running functions on a connection's thread."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Final, Literal, TypeVar

import aiosqlite

from taskweir.store.sqlite.migrate import migrate
from taskweir.store.sqlite.refused import DataFileRefused
from taskweir.store.sqlite.trouble import reason_of

T = TypeVar("T")
Durability = Literal["full", "normal", "off"]

MEMORY: Final = ":memory:"
_WRITER_CACHE_KIB: Final = 16_384
_READER_CACHE_KIB: Final = 4_096
_BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait for another program that looks into the file, such as the sqlite3 shell."""
_OLDEST_SQLITE: Final = (3, 38, 0)
_STATEMENTS: Final = 256


async def on_thread(connection: aiosqlite.Connection, function: Callable[[sqlite3.Connection], T]) -> T:
    """Run a function on the connection's thread, between other uses of it.

    aiosqlite has no public way to do that, and an awaited call for each statement costs a hundred times the
    statement. This is the only place that uses its `_execute`.
    """
    execute: Callable[..., Awaitable[T]] = connection._execute  # noqa: SLF001
    return await execute(_call, function, connection)


def _call(function: Callable[[sqlite3.Connection], T], connection: aiosqlite.Connection) -> T:
    return function(connection._conn)  # noqa: SLF001


async def open_writer(
    path: str, durability: Durability, load: Callable[[sqlite3.Connection], T]
) -> tuple[aiosqlite.Connection, T]:
    """The connection that writes, with the schema in place, and what `load` read from it.

    Raises DataFileRefused.
    """
    _check_version(path)
    if path != MEMORY:
        _make_private(path)
    loaded: list[T] = []

    def prepare(raw: sqlite3.Connection) -> None:
        _prepare_writer(raw, path, durability)
        loaded.append(load(raw))

    return await _open(path, prepare), loaded[0]


async def open_reader(path: str) -> aiosqlite.Connection:
    """A connection that sees what was committed when a statement begins. Raises DataFileRefused."""
    return await _open(path, _prepare_reader)


async def open_checkpointer(path: str) -> aiosqlite.Connection:
    """A connection that only moves the log into the data file. Raises DataFileRefused."""
    return await _open(path, _prepare_checkpointer)


def _check_version(path: str) -> None:
    """JSON functions that are always there came with 3.38."""
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        oldest = ".".join(map(str, _OLDEST_SQLITE))
        raise DataFileRefused(f"{path}: needs SQLite {oldest}, and this Python has {sqlite3.sqlite_version}")


def _make_private(path: str) -> None:
    """Make a new data file readable for its owner alone; SQLite gives its log the same mode."""
    try:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise DataFileRefused(f"{path}: cannot be made: {error.strerror}") from error


async def _open(path: str, prepare: Callable[[sqlite3.Connection], None]) -> aiosqlite.Connection:
    # Not within aiosqlite: when its connector fails, its thread outlives the call, and may outlive the loop.
    raw = await asyncio.to_thread(_connect, path, prepare)
    return await aiosqlite.Connection(lambda: raw, iter_chunk_size=64)


def _connect(path: str, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    try:
        raw = sqlite3.connect(
            path,
            timeout=_BUSY_TIMEOUT,
            isolation_level=None,
            cached_statements=_STATEMENTS,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise DataFileRefused(_why(path, error)) from error
    try:
        prepare(raw)
    except sqlite3.Error as error:
        raw.close()
        raise DataFileRefused(_why(path, error)) from error
    except BaseException:
        raw.close()
        raise
    return raw


def _why(path: str, error: sqlite3.Error) -> str:
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB:
        return f"{path}: not a SQLite file"
    return f"{path}: cannot be opened: {reason_of(error) or error}"


def _prepare_writer(raw: sqlite3.Connection, path: str, durability: Durability) -> None:
    migrate(raw, path)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute(f"PRAGMA synchronous = {durability}")
    # Checkpoints are the checkpointer's; the writer only steps in when the log grows past all measure.
    raw.execute("PRAGMA wal_autocheckpoint = 0")
    # Some systems' SQLite overwrites what is deleted with zeros, which doubles the cost of deleting.
    raw.execute("PRAGMA secure_delete = OFF")
    raw.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
    raw.execute("PRAGMA temp_store = MEMORY")


def _prepare_reader(raw: sqlite3.Connection) -> None:
    raw.execute("PRAGMA query_only = ON")
    raw.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
    raw.execute("PRAGMA temp_store = MEMORY")


def _prepare_checkpointer(raw: sqlite3.Connection) -> None:
    raw.execute("PRAGMA wal_autocheckpoint = 0")
