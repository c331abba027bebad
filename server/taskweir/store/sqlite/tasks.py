"""Changing tasks: inserted, deleted, ended, updated."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from taskweir.domain.errors import QueueNotFound, Refusal, TaskExists, TaskGone, TaskNotFound, TaskTombstoned
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Queue, Task
from taskweir.domain.names import TaskName
from taskweir.domain.times import Instant
from taskweir.store.sqlite.queues import tombstone_ttl
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import (
    COLUMNS,
    UID,
    attempt_json,
    decode,
    encode,
    row_of,
)
from taskweir.store.sqlite.task_reads import get_task
from taskweir.store.sqlite.tombstones import is_gone, is_purged, leave_tombstones, tombstoned
from taskweir.store.sqlite.transaction import Transaction

_MOST_AT_ONCE: Final = 128


def _insert_sql(count: int) -> str:
    values = ", ".join([f"({', '.join('?' * len(COLUMNS))})"] * count)
    return f"INSERT INTO task ({', '.join(COLUMNS)}) VALUES {values} ON CONFLICT (generation, id) DO NOTHING"  # noqa: S608 -- constants


_INSERT: Final = {1 << power: _insert_sql(1 << power) for power in range(_MOST_AT_ONCE.bit_length())}
"""By how many rows it inserts: powers of two, so that there are few texts to keep prepared."""


def insert_tasks(transaction: Transaction, tasks: Sequence[Task], now: Instant) -> Sequence[Task | Refusal]:
    """Each task with its uid, or why it is refused."""
    entries = [transaction.entry(task.name.queue) for task in tasks]
    answers: list[Task | Refusal] = [
        QueueNotFound()
        if entry is None
        else replace(task, uid=transaction.memory.new_uid(), queue_uid=entry.queue.uid)
        for task, entry in zip(tasks, entries, strict=True)
    ]
    _refuse_names_of_the_gone(transaction, entries, answers, now)
    _insert(transaction, entries, answers)
    for answer in answers:
        if isinstance(answer, Task):
            transaction.memory.lower_cursor(answer.queue_uid, (answer.schedule_time, answer.uid))
            transaction.task_due(answer.queue_uid, answer.schedule_time)
    return answers


def _refuse_names_of_the_gone(
    transaction: Transaction, entries: Sequence[Entry | None], answers: list[Task | Refusal], now: Instant
) -> None:
    tasks = [(place, task) for place, task in enumerate(answers) if isinstance(task, Task)]
    taken = tombstoned(transaction.connection, [(task.queue_uid, task.name.id) for _, task in tasks], now)
    for which, (place, task) in enumerate(tasks):
        entry = entries[place]
        assert entry is not None
        if which in taken or (entry.retired and is_purged(transaction.connection, entry, task.name.id, now)):
            answers[place] = TaskTombstoned()


def _insert(transaction: Transaction, entries: Sequence[Entry | None], answers: list[Task | Refusal]) -> None:
    """Insert what is not refused, and refuse what is there already."""
    rows = [
        row_of(task, task.uid, entry.generation)
        for task, entry in zip(answers, entries, strict=True)
        if isinstance(task, Task) and entry is not None
    ]
    if _insert_rows(transaction.connection, rows) == len(rows):
        return
    there = _existing(transaction.connection, [row[UID] for row in rows])
    for place, task in enumerate(answers):
        if isinstance(task, Task) and task.uid not in there:
            answers[place] = TaskExists()


def _insert_rows(connection: sqlite3.Connection, rows: Sequence[Sequence[Any]]) -> int:
    """How many went in; a name that is there already stays out."""
    inserted = start = 0
    while start < len(rows):
        count = min(_MOST_AT_ONCE, 1 << ((len(rows) - start).bit_length() - 1))
        values = [value for row in rows[start : start + count] for value in row]
        inserted += connection.execute(_INSERT[count], values).rowcount
        start += count
    return inserted


def _existing(connection: sqlite3.Connection, uids: Sequence[int]) -> set[int]:
    (found,) = connection.execute(_EXISTING, (encode(uids),)).fetchone()
    return set(decode(found))


_EXISTING: Final = "SELECT json_group_array(uid) FROM task WHERE uid IN (SELECT value FROM json_each(?))"


def delete_tasks(
    transaction: Transaction, names: Sequence[TaskName], now: Instant
) -> Sequence[Refusal | None]:
    return [_delete(transaction, name, now) for name in names]


def _delete(transaction: Transaction, name: TaskName, now: Instant) -> Refusal | None:
    entry = transaction.entry(name.queue)
    if entry is None:
        return QueueNotFound()
    connection = transaction.connection
    row = connection.execute(
        "SELECT uid FROM task WHERE generation = ? AND id = ?", (entry.generation, name.id)
    ).fetchone()
    if row is None:
        return TaskGone() if is_gone(connection, entry, name.id, now) else TaskNotFound()
    end_tasks(transaction, [(row[0], name.id, entry.queue, Ending.DELETED)], now)
    return None


def delete_task(transaction: Transaction, name: TaskName, now: Instant) -> None:
    """Raises QueueNotFound, TaskNotFound, TaskGone."""
    refusal = _delete(transaction, name, now)
    if refusal is not None:
        raise refusal


def end_tasks(
    transaction: Transaction, ended: Sequence[tuple[int, str, Queue, Ending]], now: Instant
) -> None:
    """Remove tasks (uid, id, queue, why) and leave their tombstones."""
    retention = transaction.memory.retention
    uids = [uid for uid, _, _, _ in ended]
    transaction.connection.execute(_REMOVE, (encode(uids),))
    transaction.remove_tasks(uids)
    leave_tombstones(
        transaction.connection,
        [
            (queue.uid, task_id, ending, tombstone_ttl(queue, retention))
            for _, task_id, queue, ending in ended
        ],
        now,
    )


_REMOVE: Final = "DELETE FROM task WHERE uid IN (SELECT value FROM json_each(?))"


def find_task(transaction: Transaction, name: TaskName, now: Instant) -> tuple[Entry, Task]:
    """The task without its body, as it is stored. Raises QueueNotFound, TaskNotFound, TaskGone."""
    entry = transaction.live_entry(name.queue)
    return entry, get_task(transaction.connection, entry, name, now, with_body=False)


def update_tasks(connection: sqlite3.Connection, tasks: Sequence[Task]) -> None:
    """Store what attempts change in tasks."""
    rows = [
        [
            task.uid,
            task.schedule_time,
            task.dispatch_count,
            task.response_count,
            task.execution_count,
            task.first_dispatch_time,
            attempt_json(task.last_attempt) if task.last_attempt else None,
        ]
        for task in tasks
    ]
    connection.execute(_UPDATE, (encode(rows),))


_UPDATE: Final = """
    UPDATE task SET
        schedule_time = json_extract(new.value, '$[1]'), dispatch_count = json_extract(new.value, '$[2]'),
        response_count = json_extract(new.value, '$[3]'), execution_count = json_extract(new.value, '$[4]'),
        first_dispatch_time = json_extract(new.value, '$[5]'), last_attempt = json_extract(new.value, '$[6]')
    FROM json_each(?) AS new WHERE task.uid = json_extract(new.value, '$[0]')
"""
