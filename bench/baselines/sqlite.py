"""`python -m bench.baselines.sqlite FILE SECONDS BATCH [PAUSE]`: the rows of tasks into the server's own schema,
synchronous=FULL, so many in a transaction, with so many seconds between two; no server, no thread, no checks.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from bench.quantiles import quantile
from bench.requests import NOWHERE, body
from taskweir.clock import real_now
from taskweir.domain.http_request import stored_http_headers
from taskweir.domain.model import HttpRequest, Task
from taskweir.domain.names import LocationName
from taskweir.domain.times import DAY
from taskweir.store.sqlite.migrate import migrate
from taskweir.store.sqlite.rows import COLUMNS, row_of

_SQL: Final = f"INSERT INTO task ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
_WARM_UP_BATCHES: Final = 5
_RANDOM_BITS: Final = 12
"""Of an id, below the time in microseconds."""


def _insert(path: str, seconds: float, batch: int, pause: float) -> dict[str, float]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        rows = _rows()
        for _ in range(_WARM_UP_BATCHES):
            _transaction(connection, list(islice(rows, batch)))
        commits: list[float] = []
        begin, cpu = time.monotonic(), time.process_time()
        while time.monotonic() - begin < seconds:
            part = list(islice(rows, batch))
            before = time.monotonic()
            _transaction(connection, part)
            commits.append(time.monotonic() - before)
            time.sleep(pause)
        taken, used = time.monotonic() - begin, time.process_time() - cpu
        (stored,) = connection.execute("SELECT count(*) FROM task").fetchone()
    inserted = len(commits) * batch
    if stored != inserted + _WARM_UP_BATCHES * batch:
        raise RuntimeError(f"{inserted} rows were inserted, and {stored} are there")
    return {
        "rate": inserted / taken,
        "cpu_us": used / inserted * 1e6,
        "p50_ms": quantile(commits, 0.50) * 1e3,
        "p99_ms": quantile(commits, 0.99) * 1e3,
    }


def _rows() -> Iterator[tuple[Any, ...]]:
    """Their ids grow, as those do that the server makes: to put them into an index anywhere would take longer."""
    queue, now = LocationName("local", "us-central1").queue("q"), real_now()
    headers = stored_http_headers({"Content-Type": "application/json"})
    request = HttpRequest(NOWHERE, headers=headers, body=body())
    row = row_of(Task(queue.task("0"), request, now + DAY, now), 0, 1)
    place, first = COLUMNS.index("id"), now << _RANDOM_BITS
    for number in count(1):
        yield (number, *row[1:place], str(first + (number << _RANDOM_BITS)), *row[place + 1 :])


def _transaction(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(_SQL, rows)
    connection.execute("COMMIT")


if __name__ == "__main__":
    Path(sys.argv[1]).unlink(missing_ok=True)
    numbers = [float(text) for text in sys.argv[2:]]
    print(json.dumps(_insert(sys.argv[1], numbers[0], int(numbers[1]), *(numbers[2:] or (0.0,)))))
