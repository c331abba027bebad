"""Moving what was committed from the log into the data file, away from the writer's path.

A writer that does it by itself lets every few hundredth commit wait for a whole checkpoint. A log that is moved while
writes go on never starts over by itself, though: when it has grown large, the writer waits once for the rest of it.
"""

import asyncio
import contextlib
import logging
import sqlite3
from pathlib import Path
from typing import Final

import aiosqlite

from taskweir.store.sqlite.connection import on_thread

_START: Final = 1024 * 1024
"""Bytes of the log that are not moved yet, at which moving them begins. Larger portions make commits wait longer,
since they share the disk."""
_STOP: Final = 16 * 1024 * 1024
"""Size of the log at which the writer waits for it to be emptied."""
_FRAME: Final = 4_096 + 24
"""A page in the log, with its header."""

_log = logging.getLogger(__name__)


class Checkpoints:
    """Woken by commits; nothing runs while nothing is written."""

    def __init__(self, path: str, writer: aiosqlite.Connection, checkpointer: aiosqlite.Connection) -> None:
        self._wal = Path(f"{path}-wal")
        self._writer = writer
        self._checkpointer = checkpointer
        self._moved = 0
        self._running: asyncio.Task[None] | None = None

    async def committed(self) -> None:
        """Between two transactions: start a checkpoint, or wait for one when the log has grown large.

        The log is always cut when it is empty, never written over from its start, so its size tells what is in it.
        """
        size = self._size()
        if size >= _STOP:
            await self._join()
            await self._empty(self._writer)
        elif size - self._moved >= _START and self._running is None:
            self._running = asyncio.create_task(self._move(), name="checkpoint")

    async def close(self) -> None:
        """Leave the log empty and close the connection."""
        await self._join()
        await self._empty(self._writer)
        await self._checkpointer.close()

    def _size(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return self._wal.stat().st_size
        return 0

    async def _join(self) -> None:
        if self._running is not None:
            await self._running

    async def _move(self) -> None:
        """Move what there is, and what came meanwhile if it is much; when nothing did, the log starts over."""
        while await self._move_once():
            left = self._size() - self._moved
            if left <= _FRAME:
                await self._empty(self._checkpointer)
            if left < _START:
                break
        self._running = None

    async def _move_once(self) -> bool:
        """Whether all was moved that was there."""
        _, logged, moved = await self._checkpoint(self._checkpointer, "PASSIVE")
        if logged < 0:
            return False
        self._moved = moved * _FRAME
        return moved == logged

    async def _empty(self, connection: aiosqlite.Connection) -> None:
        busy, _, _ = await self._checkpoint(connection, "TRUNCATE")
        if not busy:
            self._moved = 0

    async def _checkpoint(self, connection: aiosqlite.Connection, mode: str) -> tuple[int, int, int]:
        """Whether something was in the way, and of how many frames how many are moved; -1 when that failed."""
        try:
            return await on_thread(connection, lambda raw: _checkpoint(raw, mode))
        except sqlite3.Error as error:
            # Nothing is lost: it stays in the log. A full disk is told to the writers by their own commits.
            _log.warning("the log could not be moved into the data file: %s", error)
            return 1, -1, -1


def _checkpoint(connection: sqlite3.Connection, mode: str) -> tuple[int, int, int]:
    """Without waiting for who reads or writes: there will be another time."""
    (timeout,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        row: tuple[int, int, int] = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {timeout}")
    return row
