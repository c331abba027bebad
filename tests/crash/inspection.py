"""What the server still shows, asked through the official SDK, and whether its file is sound."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from google.api_core.exceptions import NotFound
from google.cloud import tasks_v2

_AT_ONCE: Final = 32


async def listed(client: tasks_v2.CloudTasksAsyncClient, queues: Iterable[str]) -> set[str]:
    """Ids of all tasks in these queues."""
    found = set()
    for queue in queues:
        async for task in await client.list_tasks(request={"parent": queue, "page_size": 1_000}):
            found.add(_id(task.name))
    return found


async def found(client: tasks_v2.CloudTasksAsyncClient, names: Sequence[str]) -> set[str]:
    """Ids of those tasks for which GetTask does not say NOT_FOUND."""
    there: set[str] = set()

    async def look(name: str) -> None:
        try:
            await client.get_task(name=name)
        except NotFound:
            return
        there.add(_id(name))

    await _some_at_once(look, names)
    return there


async def _some_at_once(act: Callable[[str], Awaitable[None]], names: Sequence[str]) -> None:
    waiting = iter(names)

    async def work() -> None:
        for name in waiting:
            await act(name)

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))


def integrity(data: Path) -> str:
    """What SQLite says of the file: `ok` when it is sound."""
    with closing(sqlite3.connect(data)) as connection:
        return "; ".join(row[0] for row in connection.execute("PRAGMA integrity_check"))


def _id(name: str) -> str:
    return name.rpartition("/")[2]
