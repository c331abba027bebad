"""Reads, on the thread of the connection that only reads."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import aiosqlite

from taskweir.domain.errors import Unavailable
from taskweir.store.sqlite.connection import on_thread
from taskweir.store.sqlite.trouble import reason_of, unavailable

_MOST_AT_ONCE: Final = 32
"""Small reads of one visit. Each may bring a body of a megabyte."""

T = TypeVar("T")


class Reads:
    """A visit to the thread costs several times what it takes to read a task: small reads that are asked for while
    another is under way, or in the same turn of the loop, share one. Those that may bring much go alone."""

    def __init__(self, reader: aiosqlite.Connection) -> None:
        self._reader = reader
        self._waiting: deque[tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]]] = deque()
        self._visits: asyncio.Task[None] | None = None
        self._closed = False

    async def alone(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Raises Unavailable, and what `function` raises."""
        self._check_open()
        try:
            return await on_thread(self._reader, function)
        except sqlite3.Error as error:
            raise _told(error) from error

    async def shared(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """The same for a small one."""
        self._check_open()
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((function, answer))
        if self._visits is None:
            self._visits = asyncio.create_task(self._visit(), name="reads")
        try:
            return await answer
        except sqlite3.Error as error:
            raise _told(error) from error

    async def close(self) -> None:
        """What was asked for is still read."""
        self._closed = True
        if self._visits is not None:
            await self._visits

    def _check_open(self) -> None:
        if self._closed:
            raise Unavailable("The server is shutting down.")

    async def _visit(self) -> None:
        try:
            while self._waiting:
                part = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_AT_ONCE))]
                found = await on_thread(self._reader, partial(_read_all, [read for read, _ in part]))
                for (_, answer), one in zip(part, found, strict=True):
                    _tell(answer, one)
        finally:
            self._visits = None


def _read_all(
    reads: Sequence[Callable[[sqlite3.Connection], Any]], connection: sqlite3.Connection
) -> list[Any]:
    """What each gives or raises."""
    found = []
    for read in reads:
        try:
            found.append(read(connection))
        except Exception as error:  # it is for who asked
            found.append(error)
    return found


def _tell(answer: asyncio.Future[Any], found: Any) -> None:  # noqa: ANN401 - whatever was read
    if answer.done():  # who asked was cancelled
        return
    if isinstance(found, Exception):
        answer.set_exception(found)
    else:
        answer.set_result(found)


def _told(error: sqlite3.Error) -> Exception:
    """As callers know it, where it is the disk's fault."""
    reason = reason_of(error)
    return error if reason is None else unavailable(reason)
