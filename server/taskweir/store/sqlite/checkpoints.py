"""Moving what was committed from the log into the data file, away from the writer's path.

A writer that does it by itself lets every few hundredth commit wait for a whole checkpoint. A log that is moved while
writes go on never starts over by itself, though: when it has grown large, the writer begins it anew, which is quick once
nearly all of it is moved. None of this ever waits for who reads: as long as another program does, the log grows.
"""

import asyncio
import logging
import sqlite3
from typing import Final

import aiosqlite

from taskweir.store.sqlite.connection import on_thread
from taskweir.store.sqlite.log_file import LogFile

_START: Final = 1024 * 1024
"""Bytes by which the log grows between two checkpoints. Larger portions make commits wait longer, since they share
the disk."""
_STOP: Final = 16 * 1024 * 1024
"""Size of the log at which the writer begins it anew. The file stays as it is, so that commits overwrite it:
where it grows with every commit, 64 writers are a twelfth slower, and the slowest in a hundred waits a quarter longer."""
_FRAME: Final = 4_096 + 24
"""A page in the log, with its header."""
_PAUSE_AFTER_TROUBLE: Final = 1.0
"""Seconds of real time before a checkpoint that failed is tried again."""

_PAUSE_FOR_READERS: Final = 0.1
"""Seconds before the log is emptied where somebody read it."""

_log = logging.getLogger(__name__)


class Checkpoints:
    """Woken by commits; nothing runs while nothing is written. Sizes are of what is in use of the log, whatever the size
    of its file, which is cut when nothing is written any more."""

    def __init__(self, path: str, writer: aiosqlite.Connection, checkpointer: aiosqlite.Connection) -> None:
        self._log = LogFile(path)
        self._writer = writer
        self._checkpointer = checkpointer
        self._running: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._log_is_empty()

    def _log_is_empty(self) -> None:
        self._looked_at = 0
        """Size of the log when it was last moved, as far as it could be."""
        self._mostly_moved = True
        """It could be but for a little at its end."""
        self._wait_at = 0
        """Size, if larger than _STOP, at which commits wait for a checkpoint that runs."""

    async def committed(self) -> None:
        """Between two transactions: start a checkpoint, or begin a log anew that has grown large."""
        size = self._used()
        if self._running is not None and size >= max(_STOP, self._wait_at):
            await self._running
        if self._running is not None or asyncio.get_running_loop().time() < self._not_before:
            return
        if size - self._looked_at >= _START:
            self._running = asyncio.create_task(self._move(), name="checkpoint")
        elif size >= _STOP and self._mostly_moved:
            # What has grown out of measure while somebody read it, is not kept.
            mode = "RESTART" if self._log.size() < 2 * _STOP else "TRUNCATE"
            begun = await self._begin_anew(self._writer, mode)
            if not begun:
                self._pause(_PAUSE_FOR_READERS)

    async def close(self) -> None:
        """Leave the log empty and close the connection."""
        if self._running is not None:
            await self._running
        await self._begin_anew(self._writer, "TRUNCATE")
        self._log.close()
        await self._checkpointer.close()

    def _used(self) -> int:
        used = self._log.used()
        if used < self._looked_at:  # SQLite's writer began it anew by itself, having found all of it moved.
            self._log_is_empty()
        return used

    async def _move(self) -> None:
        """Move what there is, and what came meanwhile if it is much; when nothing did, empty the log."""
        try:
            grown = _START
            while grown >= _START and await self._move_once():
                used = self._used()  # First: it may set back the other.
                grown = used - self._looked_at
            if grown == 0 and self._mostly_moved:
                await self._begin_anew(self._checkpointer, "TRUNCATE")
        finally:
            self._running = None

    async def _move_once(self) -> bool:
        """Whether all was moved that was there, but for a little."""
        size = self._used()
        _, logged, moved = await self._checkpoint(self._checkpointer, "PASSIVE")
        if logged < 0:
            return False
        self._looked_at = size
        self._mostly_moved = (logged - moved) * _FRAME < _START
        if not self._mostly_moved:
            # Somebody reads what is older. To move so much takes a while when they are done: no commit waits for it
            # before the log has grown by as much once more.
            self._wait_at = 2 * size
        return self._mostly_moved

    async def _begin_anew(self, connection: aiosqlite.Connection, mode: str) -> bool:
        """RESTART keeps the file's size, TRUNCATE cuts it. Whether nobody was in the way."""
        busy, _, _ = await self._checkpoint(connection, mode)
        if not busy:
            self._log_is_empty()
        return not busy

    async def _checkpoint(self, connection: aiosqlite.Connection, mode: str) -> tuple[int, int, int]:
        """Whether something was in the way, and of how many frames how many are moved; -1 when that failed."""
        try:
            answer = await on_thread(connection, lambda raw: _checkpoint(raw, mode))
        except sqlite3.Error as error:
            # Nothing is lost: it stays in the log. A full disk is told to the writers by their own commits.
            _log.warning("the log could not be moved into the data file: %s", error)
            answer = (1, -1, -1)
        if answer[1] < 0:
            self._pause(_PAUSE_AFTER_TROUBLE)
        return answer

    def _pause(self, seconds: float) -> None:
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + seconds)


def _checkpoint(connection: sqlite3.Connection, mode: str) -> tuple[int, int, int]:
    """Without waiting for who reads or writes: there will be another time."""
    (timeout,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        row: tuple[int, int, int] = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {timeout}")
    return row
