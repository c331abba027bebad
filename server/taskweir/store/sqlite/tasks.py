"""Changing tasks: deleted, ended, updated. They are inserted in inserts.py."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from taskweir.domain.errors import QueueNotFound, Refusal, TaskGone, TaskNotFound
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import QueueType, Task
from taskweir.domain.names import TaskName
from taskweir.domain.times import Instant
from taskweir.store.sqlite.history import record_ended
from taskweir.store.sqlite.last_leases import forget_last_leases
from taskweir.store.sqlite.queues import tombstone_ttl
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import attempt_json, encode
from taskweir.store.sqlite.task_reads import get_task
from taskweir.store.sqlite.tombstones import is_gone, leave_tombstones
from taskweir.store.sqlite.transaction import Transaction


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
    end_tasks(transaction, [(row[0], name.id, entry, Ending.DELETED)], now)
    return None


def delete_task(transaction: Transaction, name: TaskName, now: Instant) -> None:
    """Raises QueueNotFound, TaskNotFound, TaskGone."""
    refusal = _delete(transaction, name, now)
    if refusal is not None:
        raise refusal


def end_tasks(
    transaction: Transaction, ended: Sequence[tuple[int, str, Entry, Ending]], now: Instant
) -> None:
    """Remove tasks (uid, id, the queue's entry, why), record that, and leave their tombstones."""
    retention = transaction.memory.retention
    record_ended(transaction, ended, now)
    uids = [uid for uid, _, _, _ in ended]
    transaction.connection.execute(_REMOVE, (encode(uids),))
    if any(entry.queue.type is QueueType.PULL for _, _, entry, _ in ended):
        forget_last_leases(transaction.connection, uids)
    for uid, _, entry, _ in ended:
        transaction.remove_task(uid, entry.generation)
    transaction.kill_holds(uids)
    leave_tombstones(
        transaction.connection,
        [
            (entry.names, task_id, ending, tombstone_ttl(entry.queue, retention))
            for _, task_id, entry, ending in ended
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
