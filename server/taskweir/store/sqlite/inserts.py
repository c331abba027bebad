"""Inserting tasks: one statement for many, which checks names and commits by itself where nothing else is to do."""

import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from taskweir.domain.errors import QueueNotFound, Refusal, TaskExists, TaskTombstoned
from taskweir.domain.model import Task
from taskweir.domain.task_rules import check_fits
from taskweir.domain.times import Instant
from taskweir.store.sqlite.rows import COLUMNS, UID, decode, encode, row_of
from taskweir.store.sqlite.tombstones import is_purged, tombstoned
from taskweir.store.sqlite.transaction import Transaction

MOST_AT_ONCE: Final = 128
"""Rows of one statement."""


def insert_tasks(transaction: Transaction, tasks: Sequence[Task], now: Instant) -> Sequence[Task | Refusal]:
    """Each task with its uid, or why it is refused."""
    answers = [_numbered(transaction, task, now) for task in tasks]
    new = [answer for answer in answers if isinstance(answer, Task)]
    _insert(transaction, new, answers, now)
    for answer in answers:
        if isinstance(answer, Task):
            transaction.add_task(answer.queue_uid)
            transaction.memory.lower_cursor(answer.queue_uid, (answer.schedule_time, answer.uid))
            transaction.task_due(answer.queue_uid, answer.schedule_time)
    return answers


def _numbered(transaction: Transaction, task: Task, now: Instant) -> Task | Refusal:
    """The task with its uid and its queue's; refused where the queue is gone or has tasks of the other
    kind, or was purged of a task of its name."""
    entry = transaction.entry(task.name.queue)
    if entry is None:
        return QueueNotFound()
    if entry.retired and is_purged(transaction.connection, entry, task.name.id, now):
        return TaskTombstoned()
    try:
        check_fits(task.payload, entry.queue.type)
    except Refusal as refusal:
        return refusal
    return task.stored_as(transaction.memory.new_uid(), entry.queue.uid)


def _insert(
    transaction: Transaction, new: Sequence[Task], answers: list[Task | Refusal], now: Instant
) -> None:
    """Insert what is not refused, and refuse what is there already, or was lately."""
    rows = [_row(transaction, task) for task in new]
    if _insert_rows(transaction.connection, rows, now) == len(rows):
        return
    there = _existing(transaction.connection, [row[UID] for row in rows])
    left_out = [task for task in new if task.uid not in there]
    graves = [(transaction.live_entry(task.name.queue).names, task.name.id) for task in left_out]
    taken = tombstoned(transaction.connection, graves, now)
    why = {
        task.uid: TaskTombstoned() if place in taken else TaskExists() for place, task in enumerate(left_out)
    }
    for place, answer in enumerate(answers):
        if isinstance(answer, Task):
            answers[place] = why.get(answer.uid, answer)


def _row(transaction: Transaction, task: Task) -> tuple[Any, ...]:
    entry = transaction.live_entry(task.name.queue)
    return (*row_of(task, task.uid, entry.generation), entry.names)


def _insert_rows(connection: sqlite3.Connection, rows: Sequence[Sequence[Any]], now: Instant) -> int:
    """How many went in; one whose name is taken stays out."""
    inserted = 0
    for start in range(0, len(rows), MOST_AT_ONCE):
        part = rows[start : start + MOST_AT_ONCE]
        values = [value for row in part for value in row]
        inserted += connection.execute(_insert_sql(len(part)), (*values, now)).rowcount
    return inserted


@cache
def _insert_sql(count: int) -> str:
    """A statement for each number of rows: every statement gives up the interpreter's lock, and under load getting it
    back costs more than the rows, so there is to be one alone."""
    width = len(COLUMNS) + 1
    row = f"({', '.join('?' * width)})"
    names, task_id = f"column{width}", f"column{COLUMNS.index('id') + 1}"
    columns = ", ".join(f"column{number}" for number in range(1, width))
    return (
        f"INSERT INTO task ({', '.join(COLUMNS)}) "  # noqa: S608 -- constants
        f"SELECT {columns} FROM (VALUES {', '.join([row] * count)}) WHERE NOT EXISTS ("
        f"SELECT 1 FROM task_tombstone WHERE names = {names} AND id = {task_id} AND expires_at > ?) "
        "ON CONFLICT (generation, id) DO NOTHING"
    )


def _existing(connection: sqlite3.Connection, uids: Sequence[int]) -> set[int]:
    (found,) = connection.execute(_EXISTING, (encode(uids),)).fetchone()
    return set(decode(found))


_EXISTING: Final = "SELECT json_group_array(uid) FROM task WHERE uid IN (SELECT value FROM json_each(?))"
