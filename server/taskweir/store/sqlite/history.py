"""Recording what ended, in the transaction that ends it: attempts, and tasks with the reason.

As many of each are kept as `Retention.history_size` says, counted by id; what grows too old in real time, the sweep
removes.
"""
# ruff: noqa: S608 -- SQL put together of this package's own constants

import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from taskweir.domain.history import AttemptRecord
from taskweir.domain.lifecycle import Ending
from taskweir.domain.times import Instant
from taskweir.store.sqlite.history_reads import history_ends
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import encode
from taskweir.store.sqlite.transaction import Transaction

_MOST_AT_ONCE: Final = 32
"""Attempts of one statement: each number of rows is a statement of its own, and all of them are kept prepared."""
_RECORDED_AT_ONCE: Final = 10_000
"""Tasks of a purge that are recorded with it, if so many are kept. The sweep records the others, so that a purge of
millions is quick."""

_COLUMNS: Final = (
    "project", "location", "queue", "task", "outcome", "dispatch_time", "response_time", "ending", "retry_at",
    "recorded_at", "content", "body_start",
)  # fmt: skip

Recorded = tuple[AttemptRecord, Ending | Instant | None]
"""An attempt, and what became of its task: how it ended, when it is tried again, or None when it was gone."""


def record_attempts(transaction: Transaction, attempts: Sequence[Recorded]) -> None:
    """In the order given; there is at least one."""
    recorded_at = transaction.memory.wall_now()
    for start in range(0, len(attempts), _MOST_AT_ONCE):
        part = attempts[start : start + _MOST_AT_ONCE]
        values = [value for attempt in part for value in _row(*attempt, recorded_at)]
        added = transaction.connection.execute(_insert_sql(len(part)), values)
    _grew(transaction, "attempt", added)


def _row(record: AttemptRecord, became: Ending | Instant | None, recorded_at: Instant) -> tuple[Any, ...]:
    """Values for every column, in order."""
    task, queue = record.task, record.task.queue
    ending = became if isinstance(became, Ending) else None
    content = [
        record.number,
        record.forced,
        record.schedule_time,
        record.request_line,
        record.headers,
        record.http_status,
        record.latency,
        record.error,
    ]
    return (
        queue.project,
        queue.location,
        queue.id,
        task.id,
        int(record.outcome),
        record.dispatch_time,
        record.response_time,
        ending,
        became if ending is None else None,
        recorded_at,
        encode(content),
        record.body_start,
    )


@cache
def _insert_sql(count: int) -> str:
    row = f"({', '.join('?' * len(_COLUMNS))})"
    return f"INSERT INTO attempt ({', '.join(_COLUMNS)}) VALUES {', '.join([row] * count)}"


def record_ended(
    transaction: Transaction, ended: Sequence[tuple[int, str, Entry, Ending]], now: Instant
) -> None:
    """Tasks (uid, id, the queue's entry, why) whose rows are still there, and go next."""
    memory, rows = transaction.memory, []
    if not memory.retention.history_size:
        return
    for uid, _, entry, ending in ended:
        name = entry.queue.name
        rows.append([uid, name.project, name.location, name.id, ending, memory.holds.begun_number(uid)])
    added = transaction.connection.execute(_RECORD, (encode(rows), now, memory.wall_now()))
    _grew(transaction, "finished_task", added)


_INTO: Final = (
    "INSERT INTO finished_task "
    "(project, location, queue, task, ending, finish_time, create_time, dispatch_count, recorded_at) "
)
# CROSS JOIN: in the order of what is given.
_RECORD: Final = f"""{_INTO}
    SELECT json_extract(gone.value, '$[1]'), json_extract(gone.value, '$[2]'), json_extract(gone.value, '$[3]'),
           task.id, json_extract(gone.value, '$[4]'), ?2, task.create_time,
           max(task.dispatch_count, json_extract(gone.value, '$[5]')), ?3
    FROM json_each(?1) AS gone CROSS JOIN task ON task.uid = json_extract(gone.value, '$[0]')
"""


def record_first(transaction: Transaction, entry: Entry, ending: Ending, now: Instant) -> tuple[str, int]:
    """Record the first tasks of a generation that goes, in order of their ids: the last that is recorded, and how many
    more are to be at most."""
    size = transaction.memory.retention.history_size
    if not size:
        return "", 0
    _count_begun(transaction, entry.generation)
    name, most = entry.queue.name, min(size, _RECORDED_AT_ONCE)
    values = (name.project, name.location, name.id, int(ending), now, transaction.memory.wall_now())
    added = transaction.connection.execute(_RECORD_FIRST, (*values, entry.generation, most))
    if added.rowcount == 0:
        return "", 0
    (recorded_to,) = transaction.connection.execute(
        "SELECT task FROM finished_task WHERE id = ?", (added.lastrowid,)
    ).fetchone()
    _grew(transaction, "finished_task", added)
    return recorded_to, size - most if added.rowcount == most else 0


_RECORD_FIRST: Final = f"""{_INTO}
    SELECT ?, ?, ?, id, ?, ?, create_time, dispatch_count, ? FROM task WHERE generation = ? ORDER BY id LIMIT ?
"""


def _count_begun(transaction: Transaction, generation: int) -> None:
    """Have the rows tell of attempts in flight: who records them later cannot ask the holds any more."""
    begun = transaction.memory.holds.begun_of(generation)
    if begun:
        transaction.connection.execute(_COUNT_BEGUN, (encode(begun),))


_COUNT_BEGUN: Final = """
    UPDATE task SET dispatch_count = max(dispatch_count, json_extract(begun.value, '$[1]'))
    FROM json_each(?) AS begun WHERE task.uid = json_extract(begun.value, '$[0]')
"""


def record_swept(transaction: Transaction, generation: int, found: str, unrecorded: int) -> None:
    """Of tasks of a generation that the sweep removes next, their uids in order of their ids as JSON, record those that
    are not recorded yet, at most `unrecorded`."""
    if not unrecorded or not transaction.memory.retention.history_size:
        return
    values = (found, generation, unrecorded, transaction.memory.wall_now())
    added = transaction.connection.execute(_RECORD_SWEPT, values)
    transaction.connection.execute(
        "UPDATE retired_generation SET unrecorded = unrecorded - ? WHERE generation = ?",
        (added.rowcount, generation),
    )
    _grew(transaction, "finished_task", added)


_RECORD_SWEPT: Final = f"""{_INTO}
    SELECT retired.project, retired.location, retired.queue, task.id, retired.ending, retired.retired_at,
           task.create_time, task.dispatch_count, ?4
    FROM retired_generation AS retired CROSS JOIN json_each(?1) AS swept CROSS JOIN task ON task.uid = swept.value
    WHERE retired.generation = ?2 AND task.id > retired.recorded_to LIMIT ?3
"""


def _grew(transaction: Transaction, table: str, added: sqlite3.Cursor) -> None:
    """Of what a statement added: as many rows as are too many now go at the front."""
    if added.rowcount and added.lastrowid is not None:  # Without rows, it is that of another statement.
        too_old = added.lastrowid - transaction.memory.retention.history_size
        transaction.connection.execute(f"DELETE FROM {table} WHERE id <= ?", (too_old,))
        transaction.history_grew()


def trim(connection: sqlite3.Connection, history_size: int) -> None:
    """Keep no more than that of what an earlier process recorded, which may have kept more."""
    for table, last in zip(("attempt", "finished_task"), history_ends(connection), strict=True):
        connection.execute(f"DELETE FROM {table} WHERE id <= ?", (last - history_size,))
