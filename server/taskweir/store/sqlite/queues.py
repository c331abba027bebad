"""Queues: made, changed, purged, deleted. The registry has them for reading."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace

from taskweir.domain.errors import NotFound, QueueTombstoned
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Queue
from taskweir.domain.names import LocationName, QueueName
from taskweir.domain.times import Instant, Micros
from taskweir.store.base import Retention
from taskweir.store.sqlite.history import record_first
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
            queue_of(QueueName(project, location, queue_id), uid, settings),
            generation,
            names,
            retired.get(uid, ()),
        )
        for uid, project, location, queue_id, generation, names, settings in connection.execute(
            "SELECT uid, project, location, id, generation, ifnull(names, uid), settings FROM queue"
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
    changed = replace(change(None if entry is None else entry.queue), name=name)
    if entry is None and not revive:
        _refuse_tombstoned(transaction, name, now)
    return _put(transaction, changed, now)


def change_queues(
    transaction: Transaction,
    parent: LocationName,
    change: Callable[[Sequence[Queue]], Sequence[Queue]],
    now: Instant,
    *,
    revive: bool,
) -> None:
    known = {
        entry.queue.name: entry.queue for entry in transaction.entries() if entry.queue.name.parent == parent
    }
    changed = change([known[name] for name in sorted(known, key=lambda name: name.id)])
    assert all(queue.name.parent == parent for queue in changed)
    if not revive:
        for queue in changed:
            if queue.name not in known:
                _refuse_tombstoned(transaction, queue.name, now)
    for queue in changed:
        _put(transaction, queue, now)


def _put(transaction: Transaction, queue: Queue, now: Instant) -> Queue:
    """Make the queue, or change the one of its name."""
    entry = transaction.entry(queue.name)
    if entry is None:
        return _make(transaction, queue, now)
    changed = replace(queue, uid=entry.queue.uid)
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
    transaction.put_queue(Entry(made, generation, uid))
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
    _retire(transaction, entry, now, None, Ending.DELETED)
    _forget_names(transaction, entry)
    transaction.connection.execute("DELETE FROM queue WHERE uid = ?", (entry.queue.uid,))
    transaction.drop_queue(entry)


def _forget_names(transaction: Transaction, entry: Entry) -> None:
    """No name the queue ever had is taken any more, however many they are."""
    connection = transaction.connection
    connection.execute(
        "UPDATE retired_generation SET blocked_until = NULL WHERE queue_uid = ?", (entry.queue.uid,)
    )
    connection.execute("INSERT INTO gone_names (names) VALUES (?)", (entry.names,))


def _retire(
    transaction: Transaction, entry: Entry, now: Instant, blocked_until: Instant | None, ending: Ending
) -> None:
    name = entry.queue.name
    recorded_to, unrecorded = record_first(transaction, entry, ending, now)
    transaction.connection.execute(
        "INSERT INTO retired_generation (generation, queue_uid, retired_at, blocked_until, "
        "project, location, queue, ending, recorded_to, unrecorded) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.generation,
            entry.queue.uid,
            now,
            blocked_until,
            name.project,
            name.location,
            name.id,
            int(ending),
            recorded_to,
            unrecorded,
        ),
    )
    transaction.retire(entry.queue.uid, entry.generation)
    transaction.kill_generation(entry.generation)


def purge_queue(transaction: Transaction, name: QueueName, now: Instant, *, forget_names: bool) -> Queue:
    """The queue gets a new generation, which is empty; the old one's rows wait for the sweep."""
    entry, memory = transaction.live_entry(name), transaction.memory
    purged = replace(entry.queue, purge_time=now)
    blocked_until = None if forget_names else now + tombstone_ttl(purged, memory.retention)
    _retire(transaction, entry, now, blocked_until, Ending.PURGED)
    after = Entry(purged, memory.new_generation(), entry.names)
    if blocked_until is None:
        _forget_names(transaction, entry)
        after = replace(after, names=_new_names(transaction.connection))
    else:
        after = replace(after, retired=(*entry.retired, Retired(entry.generation, blocked_until)))
    transaction.connection.execute(
        "UPDATE queue SET generation = ?, names = ?, settings = ? WHERE uid = ?",
        (after.generation, after.names, settings_of(purged), purged.uid),
    )
    transaction.put_queue(after)
    return purged


def _new_names(connection: sqlite3.Connection) -> int:
    """From the sequence of the queues' uids, so that it is no queue's, now or later."""
    (names,) = connection.execute(
        "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'queue' RETURNING seq"
    ).fetchone()
    return int(names)
