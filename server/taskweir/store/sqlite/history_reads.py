"""Asking the history: in order of the ids, through a filter. The tables are small enough to be looked through."""
# ruff: noqa: S608 -- SQL put together of this package's own constants

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from taskweir.domain.history import AttemptFilter, AttemptRecord, FinishedFilter, FinishedTask, Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.names import QueueName, TaskName
from taskweir.domain.scope import Scope
from taskweir.domain.times import Instant
from taskweir.store.sqlite.rows import Row, decode, encode
from taskweir.store.sqlite.task_reads import within


def list_attempts(
    filter: AttemptFilter, after: int, limit: int, max_bytes: int, connection: sqlite3.Connection
) -> Sequence[AttemptRecord]:
    kinds = filter.outcomes or Outcome
    values = _values(after, filter.scope, filter.start, filter.end, kinds, limit)
    return [_attempt_of(row) for row in _read(connection, _ATTEMPT_SIZES, _ATTEMPTS, values, max_bytes)]


def list_finished_tasks(
    filter: FinishedFilter, after: int, limit: int, max_bytes: int, connection: sqlite3.Connection
) -> Sequence[FinishedTask]:
    kinds = filter.endings or Ending
    values = _values(after, filter.scope, filter.start, filter.end, kinds, limit)
    return [_finished_of(row) for row in _read(connection, _FINISHED_SIZES, _FINISHED, values, max_bytes)]


def _values(
    after: int, scope: Scope, start: Instant, end: Instant, kinds: Iterable[int], limit: int
) -> Sequence[str | int]:
    """For the parameters of `_sizes_sql`."""
    asked = encode([int(kind) for kind in kinds])
    return (after, scope.project, scope.location, scope.queue, scope.task, start, end, asked, limit)


def _read(
    connection: sqlite3.Connection, sizes_sql: str, rows_sql: str, values: Sequence[str | int], max_bytes: int
) -> Sequence[Row]:
    (sizes,) = connection.execute(sizes_sql, values).fetchone()
    ids = within(decode(sizes), max_bytes)
    (found,) = connection.execute(rows_sql, (encode(ids),)).fetchone()
    rows: Sequence[Row] = decode(found)
    return rows


def _sizes_sql(table: str, size: str, time: str, kind: str) -> str:
    """Ids and sizes of the rows that are asked for. The plus keeps the index of times out of it: rows are wanted in
    order of their ids."""
    return (
        f"SELECT json_group_array(json_array(id, {size})) FROM (SELECT * FROM {table} WHERE id > ?1 "
        "AND (?2 = '' OR project = ?2) AND (?3 = '' OR location = ?3) AND (?4 = '' OR queue = ?4) "
        f"AND (?5 = '' OR task = ?5) AND +{time} >= ?6 AND +{time} < ?7 "
        f"AND {kind} IN (SELECT value FROM json_each(?8)) ORDER BY id LIMIT ?9)"
    )


# Names and what has no length of its own take 1,536 bytes at the most.
_ATTEMPT_SIZES: Final = _sizes_sql(
    "attempt", "1536 + length(content) + length(body_start)", "dispatch_time", "outcome"
)
_ATTEMPTS: Final = (
    "SELECT json_group_array(json_array(attempt.id, project, location, queue, task, outcome, dispatch_time, "
    "response_time, ending, retry_at, json(content), hex(body_start))) "
    "FROM json_each(?) AS wanted CROSS JOIN attempt ON attempt.id = wanted.value"
)
_FINISHED_SIZES: Final = _sizes_sql("finished_task", "1536", "finish_time", "ending")
_FINISHED: Final = (
    "SELECT json_group_array(json_array(finished_task.id, project, location, queue, task, ending, finish_time, "
    "create_time, dispatch_count)) "
    "FROM json_each(?) AS wanted CROSS JOIN finished_task ON finished_task.id = wanted.value"
)


def _attempt_of(row: Row) -> AttemptRecord:
    (
        record_id,
        project,
        location,
        queue,
        task,
        outcome,
        dispatched,
        responded,
        ending,
        retry_at,
        content,
        body,
    ) = row
    number, forced, scheduled, request_line, headers, http_status, latency, error = content
    return AttemptRecord(
        task=TaskName(QueueName(project, location, queue), task),
        number=number,
        forced=forced,
        schedule_time=scheduled,
        dispatch_time=dispatched,
        response_time=responded,
        outcome=Outcome(outcome),
        request_line=request_line,
        headers=[(name, value) for name, value in headers],
        http_status=http_status,
        latency=latency,
        body_start=bytes.fromhex(body),
        error=error,
        ending=None if ending is None else Ending(ending),
        retry_at=retry_at,
        id=record_id,
    )


def _finished_of(row: Row) -> FinishedTask:
    record_id, project, location, queue, task, ending, finished, created, dispatches = row
    return FinishedTask(
        name=TaskName(QueueName(project, location, queue), task),
        ending=Ending(ending),
        finish_time=finished,
        create_time=created,
        dispatch_count=dispatches,
        id=record_id,
    )


def history_ends(connection: sqlite3.Connection) -> tuple[int, int]:
    """The latest ids that were given, 0 before the first, whether or not their rows are still kept."""
    attempt, finished_task = connection.execute(
        "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'attempt'), "
        "(SELECT seq FROM sqlite_sequence WHERE name = 'finished_task')"
    ).fetchone()
    return attempt or 0, finished_task or 0
