"""Reads that share a visit to the reader's thread."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from taskweir.domain.errors import TaskNotFound, Unavailable
from taskweir.store.sqlite import reads
from taskweir.store.sqlite.connection import open_reader
from taskweir.store.sqlite.reads import Reads


class Reader:
    """Reads on a connection of their own; what each read did is kept, and the first may be held up."""

    def __init__(self, connection: Any) -> None:
        self.reads = Reads(connection)
        self.done: list[object] = []
        self.entered = threading.Event()
        self.free = threading.Event()

    def read(self, what: object, _: sqlite3.Connection) -> object:
        self.done.append(what)
        if isinstance(what, Exception):
            raise what
        return what

    def held_up(self, _: sqlite3.Connection) -> str:
        self.entered.set()
        assert self.free.wait(10)
        return "held up"

    def ask(self, what: object) -> "asyncio.Task[object]":
        return asyncio.create_task(self.reads.shared(partial(self.read, what)))


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    path = tmp_path / "x.db"
    sqlite3.connect(path).close()
    connection = await open_reader(str(path))
    made = Reader(connection)
    yield made
    made.free.set()
    await made.reads.close()
    await connection.close()


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One for each time that the thread is visited."""
    found: list[None] = []
    on_thread = reads.on_thread

    async def counted(connection: Any, function: Callable[[sqlite3.Connection], Any]) -> Any:
        found.append(None)
        return await on_thread(connection, function)

    monkeypatch.setattr(reads, "on_thread", counted)
    return found


async def test_what_is_asked_for_together_shares_a_visit(reader: Reader, visits: list[None]) -> None:
    """In the order in which it was asked for, as many at a time as may be."""
    assert await asyncio.gather(*(reader.ask(number) for number in range(40))) == list(range(40))
    assert reader.done == list(range(40))
    assert len(visits) == 2
    assert await reader.ask("later") == "later"
    assert len(visits) == 3


async def test_what_comes_meanwhile_shares_the_next(reader: Reader, visits: list[None]) -> None:
    """None waits for more than the visit that is under way."""
    first = asyncio.create_task(reader.reads.shared(reader.held_up))
    await asyncio.to_thread(reader.entered.wait, 10)
    others = [reader.ask(number) for number in range(5)]
    await asyncio.sleep(0)
    reader.free.set()
    assert await asyncio.gather(first, *others) == ["held up", 0, 1, 2, 3, 4]
    assert len(visits) == 2


async def test_each_gets_what_is_its_own(reader: Reader) -> None:
    """A refusal, a bug or a disk in trouble is told to who asked; who was cancelled is told nothing."""
    full = sqlite3.OperationalError("disk I/O error")
    full.sqlite_errorcode = sqlite3.SQLITE_IOERR
    asked = [reader.ask(what) for what in ("a", TaskNotFound(), KeyError("a bug"), full, "cancelled", "b")]
    await asyncio.sleep(0)
    asked[4].cancel()
    found = await asyncio.gather(*asked, return_exceptions=True)
    kinds = [type(one) for one in found]
    assert kinds == [str, TaskNotFound, KeyError, Unavailable, asyncio.CancelledError, str]


async def test_closing_waits_for_what_was_asked(reader: Reader) -> None:
    """And takes no more."""
    asked = reader.ask("a")
    await asyncio.sleep(0)
    await reader.reads.close()
    assert asked.done()
    for read in (reader.reads.shared, reader.reads.alone):
        with pytest.raises(Unavailable):
            await read(partial(reader.read, "b"))
    assert reader.done == ["a"]
