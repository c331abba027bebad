"""The data file in use: its connections, its lock, and what was read from it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

import aiosqlite

from taskweir.domain.times import Instant
from taskweir.store.base import Retention
from taskweir.store.sqlite.checkpoints import Checkpoints
from taskweir.store.sqlite.connection import (
    MEMORY,
    Durability,
    open_checkpointer,
    open_reader,
    open_writer,
)
from taskweir.store.sqlite.load import load
from taskweir.store.sqlite.lock import FileLock
from taskweir.store.sqlite.memory import Memory


@dataclass(frozen=True, slots=True)
class DataFile:
    """In memory there is one connection for all, and neither checkpoints nor a lock."""

    writer: aiosqlite.Connection
    reader: aiosqlite.Connection
    checkpoints: Checkpoints | None
    lock: FileLock | None
    memory: Memory
    token_key: bytes

    @classmethod
    async def open(
        cls, path: str, durability: Durability, retention: Retention, wall_now: Callable[[], Instant]
    ) -> Self:
        """Raises DataFileRefused."""
        lock = None if path == MEMORY else FileLock.take(path)
        opened: list[aiosqlite.Connection] = []
        try:
            load_it = partial(load, retention=retention, wall_now=wall_now)
            writer, (memory, token_key) = await open_writer(path, durability, load_it)
            opened.append(writer)
            reader, checkpoints = writer, None
            if path != MEMORY:
                reader = await open_reader(path)
                opened.append(reader)
                checkpointer = await open_checkpointer(path)
                checkpoints = Checkpoints(path, writer, checkpointer)
        except BaseException:
            for connection in reversed(opened):
                await connection.close()
            if lock is not None:
                lock.release()
            raise
        return cls(writer, reader, checkpoints, lock, memory, token_key)

    async def close(self) -> None:
        if self.reader is not self.writer:
            await self.reader.close()
        if self.checkpoints is not None:
            await self.checkpoints.close()
        await self.writer.close()
        if self.lock is not None:
            self.lock.release()
