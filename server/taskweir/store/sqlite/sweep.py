"""Removing what is past its time, in small steps: each a short transaction over the front of an index."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from taskweir.domain.lease import is_out_of_leases
from taskweir.domain.lifecycle import Ending
from taskweir.domain.times import Instant
from taskweir.store.base import SweepStep
from taskweir.store.sqlite.history import record_swept
from taskweir.store.sqlite.last_leases import first_end, forget_last_leases
from taskweir.store.sqlite.queues import task_ttl
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import decode, encode, own_retry_of
from taskweir.store.sqlite.tasks import end_tasks
from taskweir.store.sqlite.transaction import Transaction

NEVER: Final[Instant] = 2**63 - 1


def sweep(transaction: Transaction, now: Instant, limit: int) -> SweepStep:
    left = limit - _sweep_old_tasks(transaction, now, limit)
    left -= _sweep_last_leases(transaction, now, max(0, left))
    for remove in _STEPS:
        if left <= 0:
            return SweepStep(more=True, next_due=None, next_expiry=_next_expiry(transaction))
        left -= remove(transaction, now, left)
    return SweepStep(left <= 0, _next_due(transaction), _next_expiry(transaction))


def _sweep_retired(transaction: Transaction, now: Instant, limit: int) -> int:
    """Rows of purged and deleted queues; those whose names are still taken turn into tombstones."""
    removed = 0
    while removed < limit:
        row = transaction.connection.execute(
            "SELECT generation, queue_uid, retired_at, blocked_until, unrecorded FROM retired_generation "
            "ORDER BY generation LIMIT 1"
        ).fetchone()
        if row is None:
            break
        removed += _sweep_generation(transaction, row, now, limit - removed)
    return removed


def _sweep_generation(
    transaction: Transaction, retired: tuple[int, int, Instant, Instant | None, int], now: Instant, limit: int
) -> int:
    generation, queue_uid, retired_at, blocked_until, unrecorded = retired
    connection = transaction.connection
    (found,) = connection.execute(
        "SELECT json_group_array(uid) FROM (SELECT uid FROM task WHERE generation = ? ORDER BY id LIMIT ?)",
        (generation, limit),
    ).fetchone()
    record_swept(transaction, generation, found, unrecorded)
    entry = transaction.entry_by_uid(queue_uid)
    if entry is not None and blocked_until is not None and blocked_until > now:
        connection.execute(_BURY, (found, entry.names, retired_at, blocked_until, int(Ending.PURGED)))
    connection.execute("DELETE FROM task WHERE uid IN (SELECT value FROM json_each(?))", (found,))
    uids = decode(found)
    forget_last_leases(connection, uids)
    count = len(uids)
    if count < limit:
        connection.execute("DELETE FROM retired_generation WHERE generation = ?", (generation,))
        _forget_retired(transaction, queue_uid, generation)
    return count


_BURY: Final = """
    INSERT OR REPLACE INTO task_tombstone (names, id, ended_at, expires_at, ending)
    SELECT ?2, id, ?3, ?4, ?5 FROM task WHERE uid IN (SELECT value FROM json_each(?1))
"""


def _forget_retired(transaction: Transaction, queue_uid: int, generation: int) -> None:
    entry = transaction.entry_by_uid(queue_uid)
    if entry is not None:
        retired = tuple(one for one in entry.retired if one.generation != generation)
        transaction.put_entry(replace(entry, retired=retired))


def _sweep_gone_names(transaction: Transaction, _now: Instant, limit: int) -> int:
    """Tombstones of tasks whose queue is gone, or has forgotten them: they block nothing any more."""
    removed = 0
    while removed < limit:
        row = transaction.connection.execute("SELECT min(names) FROM gone_names").fetchone()
        if row[0] is None:
            break
        count = transaction.connection.execute(
            "DELETE FROM task_tombstone WHERE (names, id) IN "
            "(SELECT names, id FROM task_tombstone WHERE names = ? LIMIT ?)",
            (row[0], limit - removed),
        ).rowcount
        removed += count
        if removed < limit:
            transaction.connection.execute("DELETE FROM gone_names WHERE names = ?", row)
    return removed


def _sweep_task_tombstones(transaction: Transaction, now: Instant, limit: int) -> int:
    return transaction.connection.execute(
        "DELETE FROM task_tombstone WHERE (names, id) IN "
        "(SELECT names, id FROM task_tombstone WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        (now, limit),
    ).rowcount


def _sweep_queue_tombstones(transaction: Transaction, now: Instant, limit: int) -> int:
    return transaction.connection.execute(
        "DELETE FROM queue_tombstone WHERE (project, location, id) IN "
        "(SELECT project, location, id FROM queue_tombstone WHERE deleted_at <= ? ORDER BY deleted_at LIMIT ?)",
        (now - transaction.memory.retention.queue_tombstone, limit),
    ).rowcount


def _sweep_operations(transaction: Transaction, now: Instant, limit: int) -> int:
    return transaction.connection.execute(
        "DELETE FROM operation WHERE uid IN "
        "(SELECT uid FROM operation WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        (now, limit),
    ).rowcount


def _sweep_attempts(transaction: Transaction, _now: Instant, limit: int) -> int:
    return transaction.connection.execute(
        "DELETE FROM attempt WHERE id IN "
        "(SELECT id FROM attempt WHERE recorded_at <= ? ORDER BY recorded_at LIMIT ?)",
        (_history_begins(transaction), limit),
    ).rowcount


def _sweep_finished_tasks(transaction: Transaction, _now: Instant, limit: int) -> int:
    return transaction.connection.execute(
        "DELETE FROM finished_task WHERE id IN "
        "(SELECT id FROM finished_task WHERE recorded_at <= ? ORDER BY recorded_at LIMIT ?)",
        (_history_begins(transaction), limit),
    ).rowcount


def _history_begins(transaction: Transaction) -> Instant:
    """What was recorded by then is too old: a diary of the real world, wherever tests move the clock."""
    return transaction.memory.wall_now() - transaction.memory.retention.history


def _sweep_old_tasks(transaction: Transaction, now: Instant, limit: int) -> int:
    """Tasks past their time of retention, whatever their state. The oldest of each queue tells when to look again."""
    memory = transaction.memory
    if memory.looked_for_old_at <= now < memory.nothing_expires_before:
        return 0
    removed, next_look = 0, NEVER
    entries = memory.registry.entries()
    oldest = _oldest(transaction, entries)
    for entry in entries:
        ttl = task_ttl(entry.queue, memory.retention)
        if oldest.get(entry.queue.uid, now) + ttl <= now:
            removed += _expire(transaction, entry, now - ttl, now, limit - removed)
            if removed >= limit:
                return removed
            oldest |= _oldest(transaction, [entry])
        next_look = min(next_look, min(oldest.get(entry.queue.uid, now), now) + ttl)
    memory.nothing_expires_before = next_look
    memory.looked_for_old_at = now
    return removed


def _oldest(transaction: Transaction, entries: Sequence[Entry]) -> dict[int, Instant]:
    """Create times of the oldest tasks, by the uid of the queue."""
    (found,) = transaction.connection.execute(
        _OLDEST, (encode([[entry.queue.uid, entry.generation] for entry in entries]),)
    ).fetchone()
    return {uid: created for uid, created in decode(found) if created is not None}


_OLDEST: Final = """
    SELECT json_group_array(json_array(json_extract(value, '$[0]'),
        (SELECT min(create_time) FROM task WHERE generation = json_extract(value, '$[1]')))) FROM json_each(?)
"""


def _expire(transaction: Transaction, entry: Entry, created_by: Instant, now: Instant, limit: int) -> int:
    (found,) = transaction.connection.execute(
        "SELECT json_group_array(json_array(uid, id)) FROM (SELECT uid, id FROM task "
        "WHERE generation = ? AND create_time <= ? ORDER BY create_time LIMIT ?)",
        (entry.generation, created_by, limit),
    ).fetchone()
    expired = [(uid, task_id, entry, Ending.EXPIRED) for uid, task_id in decode(found)]
    end_tasks(transaction, expired, now)
    return len(expired)


def _sweep_last_leases(transaction: Transaction, now: Instant, limit: int) -> int:
    """Leases that are over and were the last that their tasks could have, unless the queue allows more meanwhile."""
    (found,) = transaction.connection.execute(_OVER, (now, limit)).fetchone()
    over, ended = decode(found), []
    for _, queue_uid, generation, uid, task_id, schedule_time, dispatch_count, retry in over:
        entry = transaction.entry_by_uid(queue_uid)
        if entry is None or entry.generation != generation or schedule_time > now:
            continue
        if is_out_of_leases(dispatch_count, own_retry_of(retry), entry.queue.retry_config):
            ended.append((uid, task_id, entry, Ending.OUT_OF_ATTEMPTS))
    if ended:
        end_tasks(transaction, ended, now)
    if over:
        forget_last_leases(transaction.connection, [lease[0] for lease in over])
    return len(over)


_OVER: Final = """
    SELECT json_group_array(json_array(
        over.task, over.queue_uid, task.generation, task.uid, task.id, task.schedule_time, task.dispatch_count,
        json(task.retry_config)
    ))
    FROM (SELECT task, queue_uid FROM last_lease WHERE ends_at <= ? ORDER BY ends_at LIMIT ?) AS over
    LEFT JOIN task ON task.uid = over.task
"""


def _next_expiry(transaction: Transaction) -> Instant | None:
    first = first_end(transaction.connection)
    expiry = min(NEVER if first is None else first, transaction.memory.nothing_expires_before)
    return None if expiry == NEVER else expiry


_STEPS: Final[Sequence[Callable[[Transaction, Instant, int], int]]] = (
    _sweep_retired,
    _sweep_gone_names,
    _sweep_task_tombstones,
    _sweep_queue_tombstones,
    _sweep_operations,
    _sweep_attempts,
    _sweep_finished_tasks,
)
"""After the tasks that reach their age or the end of their last lease, of which callers and a clock that is moved want
to know soonest."""


def _next_due(transaction: Transaction) -> Instant | None:
    """Without the history, which grows old in a time of its own, and is looked at with every sweep."""
    stone, queue_stone, operation = transaction.connection.execute(
        "SELECT (SELECT min(expires_at) FROM task_tombstone), (SELECT min(deleted_at) FROM queue_tombstone), "
        "(SELECT min(expires_at) FROM operation)"
    ).fetchone()
    times = [stone, operation, _next_expiry(transaction)]
    if queue_stone is not None:
        times.append(queue_stone + transaction.memory.retention.queue_tombstone)
    return min((at for at in times if at is not None), default=None)
