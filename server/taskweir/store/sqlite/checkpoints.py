"""Moving what was committed from the log into the data file, away from the writer's path.

A writer that does it by itself lets every few hundredth commit wait for a whole checkpoint.
"""

import asyncio
import logging
import sqlite3
from typing import Final

import aiosqlite

from taskweir.store.sqlite.connection import on_thread

_PAGE: Final = 4_096
_START_PAGES: Final = 4 * 1024 * 1024 // _PAGE
"""How large the log may grow before it is moved, by estimate."""
_STOP_PAGES: Final = 64 * 1024 * 1024 // _PAGE
"""When the writer waits for it: the checkpointer cannot finish while writes go on without a pause."""
_PAGES_A_ROW: Final = 3
"""A row changed is a leaf of the table and one of each index, many of them shared with other rows."""

_log = logging.getLogger(__name__)


class Checkpoints:
    """Woken by commits; nothing runs while nothing is written."""

    def __init__(self, writer: aiosqlite.Connection, checkpointer: aiosqlite.Connection) -> None:
        self._writer = writer
        self._checkpointer = checkpointer
        self._pages = 0
        self._running: asyncio.Task[None] | None = None

    async def committed(self, changes: int, body_bytes: int) -> None:
        """Between two transactions: start a checkpoint, or make one when the log is far too large."""
        self._pages += changes * _PAGES_A_ROW + body_bytes // _PAGE
        if self._running is not None and self._running.done():
            self._running = None
        if self._pages >= _STOP_PAGES:
            await self._move(self._writer, "RESTART")
        elif self._pages >= _START_PAGES and self._running is None:
            self._running = asyncio.create_task(self._move(self._checkpointer, "PASSIVE"))

    async def close(self) -> None:
        """Leave the log empty and close the connection."""
        if self._running is not None:
            await self._running
        await self._move(self._writer, "TRUNCATE")
        await self._checkpointer.close()

    async def _move(self, connection: aiosqlite.Connection, mode: str) -> None:
        before = self._pages
        try:
            busy, logged, moved = await on_thread(connection, lambda raw: _checkpoint(raw, mode))
        except sqlite3.Error as error:
            # Nothing is lost: it stays in the log. A full disk is told to the writers by their own commits.
            _log.warning("the log could not be moved into the data file: %s", error)
            self._pages = 0
            return
        written_meanwhile = self._pages - before
        self._pages = written_meanwhile + (0 if moved == logged and not busy else logged - moved)


def _checkpoint(connection: sqlite3.Connection, mode: str) -> tuple[int, int, int]:
    row: tuple[int, int, int] = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    return row
