"""Data files made without a server: no client would be done with a million tasks in a minute.

A child process has the store make the queues, and writes the rows of their tasks itself, in one transaction and before
the indexes are there. `python -m bench.filling FILE FILLING…` is that child, each FILLING in JSON.
"""

import asyncio
import json
import random
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tests.processes import environment

from bench.requests import body
from taskweir.clock import real_now
from taskweir.domain.http_request import stored_http_headers
from taskweir.domain.limits import DEFAULT_TASK_RETENTION
from taskweir.domain.model import HttpRequest, PullMessage, Queue, QueueState, QueueType, RateLimits, Task
from taskweir.domain.names import LocationName
from taskweir.domain.queue_merge import NO_RETRY
from taskweir.domain.queue_rules import PULL_LIMITS, pull_retry_config, retry_config
from taskweir.domain.rate import burst_for_rate
from taskweir.domain.times import DAY, SECOND
from taskweir.store.base import Retention
from taskweir.store.listeners import Listeners
from taskweir.store.sqlite import SqliteStore
from taskweir.store.sqlite.rows import COLUMNS, encode, payload_json, row_of

_BODY: Final = body()
_HEADERS: Final = stored_http_headers({"Content-Type": "application/json"})
_PARENT: Final = LocationName("local", "us-central1")
_DIGITS: Final = 10**17
_STRIDE: Final = 48_271_000_000_007
"""Prime to what it is taken modulo: numbers in a row become names far apart."""
_SPREAD: Final = 10 * DAY
"""Over which tasks that are due later are spread, from `ahead` on."""


@dataclass(frozen=True, slots=True)
class Filling:
    """`tasks` in all, in turn over queues PREFIX-0, PREFIX-1, …; each is sent to `url`/NUMBER, from `first` on.

    `ahead` is in seconds; without it the tasks are due, a microsecond apart. `concurrent` and `rate` are the queues'.
    """

    prefix: str
    queues: int
    tasks: int
    first: int = 0
    ahead: float = 0
    url: str = "http://127.0.0.1:9"
    is_pull: bool = False
    is_paused: bool = False
    rate: float = 500
    concurrent: int = 1_000


def task_id(number: int) -> str:
    """Of the task with this number: 17 digits. A server's grow with time; these lie far apart, which is the harder case for
    reads and claims: no two that are due together are neighbours."""
    return f"{number * _STRIDE % _DIGITS:017}"


async def fill(path: Path, *fillings: Filling) -> None:
    """Make a data file. Raises RuntimeError when that fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.filling",
        str(path),
        *(json.dumps(asdict(filling)) for filling in fillings),
        env=environment(),
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{path.name} was not filled: {errors.decode(errors='replace')[-2_000:]}")


def _fill(path: str, fillings: Sequence[Filling]) -> None:
    asyncio.run(_make_queues(path, fillings))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -262144")
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'task' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("BEGIN")
        connection.executemany(
            f"INSERT INTO task ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})",
            _rows(connection, fillings),
        )
        for _, sql in indexes:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")


async def opened(path: str) -> SqliteStore:
    """The store on a data file that no server has open."""
    kept = DEFAULT_TASK_RETENTION
    return await SqliteStore.open(
        path,
        listener=Listeners(),
        retention=Retention(kept, kept, kept, kept),
        durability="off",
        on_trouble=lambda _: None,
    )


async def _make_queues(path: str, fillings: Sequence[Filling]) -> None:
    store = await opened(path)
    for filling in fillings:
        made = [_queue(filling, number) for number in range(filling.queues)]
        # All in one transaction.
        await store.change_queues(_PARENT, lambda _present, made=made: made, real_now())  # type: ignore[misc]
    await store.close()


def _queue(filling: Filling, number: int) -> Queue:
    name = _PARENT.queue(f"{filling.prefix}-{number}")
    if filling.is_pull:
        return Queue(name, PULL_LIMITS, pull_retry_config(NO_RETRY), type=QueueType.PULL)
    limits = RateLimits(filling.rate, burst_for_rate(filling.rate), filling.concurrent)
    state = QueueState.PAUSED if filling.is_paused else QueueState.RUNNING
    return Queue(name, limits, retry_config(NO_RETRY), state)


def _rows(connection: sqlite3.Connection, fillings: Sequence[Filling]) -> Iterator[tuple[Any, ...]]:
    uid = 0
    for filling in fillings:
        generations = _generations(connection, filling)
        now, chance = real_now(), random.Random(filling.prefix)
        template = _template(filling, now)
        payload = list(template)
        columns = {name: place for place, name in enumerate(COLUMNS)}
        for number in range(filling.tasks):
            uid += 1
            at = now - SECOND + number
            if filling.ahead:
                at = now + int(filling.ahead * SECOND) + chance.randrange(_SPREAD)
            payload[columns["uid"]] = uid
            payload[columns["generation"]] = generations[number % filling.queues]
            payload[columns["id"]] = task_id(number)
            payload[columns["schedule_time"]] = at
            if not filling.is_pull:
                payload[columns["payload"]] = encode(payload_json(_request(filling, number)))
            yield tuple(payload)


def _generations(connection: sqlite3.Connection, filling: Filling) -> list[int]:
    found = dict(connection.execute("SELECT id, generation FROM queue").fetchall())
    return [found[f"{filling.prefix}-{number}"] for number in range(filling.queues)]


def _template(filling: Filling, now: int) -> tuple[Any, ...]:
    """A row as the store writes it."""
    name = _PARENT.queue(f"{filling.prefix}-0").task("0")
    payload = PullMessage(_BODY, "tag") if filling.is_pull else _request(filling, 0)
    return row_of(Task(name, payload, now, now), 0, 0)


def _request(filling: Filling, number: int) -> HttpRequest:
    return HttpRequest(f"{filling.url}/{filling.first + number}", headers=_HEADERS, body=_BODY)


if __name__ == "__main__":
    _fill(sys.argv[1], [Filling(**json.loads(argument)) for argument in sys.argv[2:]])
