"""Queues: made, changed, purged, deleted. The registry has them for reading."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace

from taskweir.domain.errors import NotFound, QueueTombstoned
from taskweir.domain.model import Queue
from taskweir.domain.names import QueueName
from taskweir.domain.times import Instant, Micros
from taskweir.store.base import Retention
from taskweir.store.sqlite.queue_rows import queue_of, settings_of
from taskweir.store.sqlite.registry import Entry, Retired
from taskweir.store.sqlite.transaction import Transaction


def load_queues(connection: sqlite3.Connection) -> list[Entry]:
    """Every queue, with the unswept generations whose names it still blocks."""
    retired: dict[int, tuple[Retired, ...]] = {}
    for queue_uid, generation, blocked_until in connection.execute(
        "SELECT queue_uid, generation, blocked_until FROM retired_generation "
        "WHERE blocked_until IS NOT NULL ORDER BY generation"
    ):
        retired[queue_uid] = (*retired.get(queue_uid, ()), Retired(generation, blocked_until))
    return [
        Entry(
            queue_of(QueueName(project, location, queue_id), uid, settings), generation, retired.get(uid, ())
        )
        for uid, project, location, queue_id, generation, settings in connection.execute(
            "SELECT uid, project, location, id, generation, settings FROM queue"
        )
    ]


def tombstone_ttl(queue: Queue, retention: Retention) -> Micros:
    """How long the names of this queue's finished tasks are taken."""
    return retention.task_tombstone if queue.tombstone_ttl is None else queue.tombstone_ttl


def task_ttl(queue: Queue, retention: Retention) -> Micros:
    """How old a task of this queue can grow."""
    return retention.task if queue.task_ttl is None else queue.task_ttl


def change_queue(
    transaction: Transaction,
    name: QueueName,
    change: Callable[[Queue | None], Queue],
    now: Instant,
    *,
    revive: bool,
) -> Queue:
    entry = transaction.entry(name)
    if entry is None:
        made = replace(change(None), name=name)
        if not revive:
            _refuse_tombstoned(transaction, name, now)
        return _make(transaction, made, now)
    changed = replace(change(entry.queue), name=name, uid=entry.queue.uid)
    if changed == entry.queue:
        return changed
    transaction.connection.execute(
        "UPDATE queue SET settings = ? WHERE uid = ?", (settings_of(changed), changed.uid)
    )
    if changed.task_ttl != entry.queue.task_ttl:
        transaction.memory.nothing_expires_before = 0
    transaction.put_queue(replace(entry, queue=changed))
    return changed


def _refuse_tombstoned(transaction: Transaction, name: QueueName, now: Instant) -> None:
    row = transaction.connection.execute(
        "SELECT deleted_at FROM queue_tombstone WHERE project = ? AND location = ? AND id = ?",
        (name.project, name.location, name.id),
    ).fetchone()
    if row is not None and row[0] + transaction.memory.retention.queue_tombstone > now:
        raise QueueTombstoned


def _make(transaction: Transaction, queue: Queue, now: Instant) -> Queue:
    name, memory = queue.name, transaction.memory
    generation = memory.new_generation()
    uid = transaction.connection.execute(
        "INSERT INTO queue (project, location, id, generation, settings) VALUES (?, ?, ?, ?, ?)",
        (name.project, name.location, name.id, generation, settings_of(queue)),
    ).lastrowid
    assert uid is not None
    transaction.connection.execute(
        "DELETE FROM queue_tombstone WHERE project = ? AND location = ? AND id = ?",
        (name.project, name.location, name.id),
    )
    made = replace(queue, uid=uid)
    memory.nothing_expires_before = min(memory.nothing_expires_before, now + task_ttl(made, memory.retention))
    transaction.put_queue(Entry(made, generation))
    return made


def delete_queue(transaction: Transaction, name: QueueName, now: Instant) -> None:
    entry = transaction.entry(name)
    if entry is None:
        raise NotFound
    _remove(transaction, entry, now)
    transaction.connection.execute(
        "INSERT OR REPLACE INTO queue_tombstone (project, location, id, deleted_at) VALUES (?, ?, ?, ?)",
        (name.project, name.location, name.id, now),
    )
    transaction.connection.execute("DELETE FROM policy WHERE queue_uid = ?", (entry.queue.uid,))


def _remove(transaction: Transaction, entry: Entry, now: Instant) -> None:
    """Drop a queue's row; its tasks and their tombstones are left to the sweep."""
    uid, connection = entry.queue.uid, transaction.connection
    _retire(transaction, entry, now, None)
    connection.execute("UPDATE retired_generation SET blocked_until = NULL WHERE queue_uid = ?", (uid,))
    connection.execute("INSERT INTO gone_queue (uid) VALUES (?)", (uid,))
    connection.execute("DELETE FROM queue WHERE uid = ?", (uid,))
    transaction.drop_queue(entry)


def _retire(transaction: Transaction, entry: Entry, now: Instant, blocked_until: Instant | None) -> None:
    transaction.connection.execute(
        "INSERT INTO retired_generation (generation, queue_uid, retired_at, blocked_until) VALUES (?, ?, ?, ?)",
        (entry.generation, entry.queue.uid, now, blocked_until),
    )
    transaction.retire(entry.queue.uid, entry.generation)


def purge_queue(transaction: Transaction, name: QueueName, now: Instant, *, forget_names: bool) -> Queue:
    entry = transaction.live_entry(name)
    purged = replace(entry.queue, purge_time=now)
    return (
        _remake(transaction, entry, purged, now) if forget_names else _purge(transaction, entry, purged, now)
    )


def _purge(transaction: Transaction, entry: Entry, purged: Queue, now: Instant) -> Queue:
    """The queue gets a new generation, which is empty; the old one's rows wait for the sweep."""
    blocked_until = now + tombstone_ttl(purged, transaction.memory.retention)
    _retire(transaction, entry, now, blocked_until)
    generation = transaction.memory.new_generation()
    transaction.connection.execute(
        "UPDATE queue SET generation = ?, settings = ? WHERE uid = ?",
        (generation, settings_of(purged), purged.uid),
    )
    retired = (*entry.retired, Retired(entry.generation, blocked_until))
    transaction.put_queue(Entry(purged, generation, retired))
    return purged


def _remake(transaction: Transaction, entry: Entry, purged: Queue, now: Instant) -> Queue:
    """The queue is deleted and made again; nothing remembers the old one's tasks."""
    _remove(transaction, entry, now)
    made = _make(transaction, purged, now)
    transaction.connection.execute(
        "UPDATE policy SET queue_uid = ? WHERE queue_uid = ?", (made.uid, entry.queue.uid)
    )
    return made
