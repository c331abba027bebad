"""Claims: due tasks go into the worker's hands. They write nothing; the hold is in memory."""

from collections.abc import Iterator, Sequence
from typing import Final

from taskweir.domain.model import QueueState, QueueType, Task
from taskweir.domain.times import Instant
from taskweir.store.base import Claim, ClaimRequest
from taskweir.store.sqlite.backlog import earliest
from taskweir.store.sqlite.memory import Key
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import UID, decode, task_of
from taskweir.store.sqlite.task_reads import read_rows
from taskweir.store.sqlite.transaction import Transaction

_SCAN_BEYOND: Final = 16
"""Rows looked at beyond those wanted: one to know what is due next, some to pass over what is held."""


def claim(transaction: Transaction, requests: Sequence[ClaimRequest], now: Instant) -> Sequence[Claim]:
    return [_claim_of_queue(transaction, request, now) for request in requests]


def _claim_of_queue(transaction: Transaction, request: ClaimRequest, now: Instant) -> Claim:
    entry = transaction.entry_by_uid(request.queue_uid)
    if entry is None or entry.queue.state is not QueueState.RUNNING or entry.queue.type is not QueueType.PUSH:
        return Claim(request.queue_uid, (), None)
    keys, next_due = _choose(transaction, entry, request, now)
    tasks = _read(transaction, entry, keys)
    if tasks:
        _hold(transaction, entry, tasks, keys[-1])
    return Claim(request.queue_uid, tasks, next_due)


def _choose(
    transaction: Transaction, entry: Entry, request: ClaimRequest, now: Instant
) -> tuple[Sequence[Key], Instant | None]:
    """The tasks to hand out, and when the first that is left is due."""
    chosen: list[Key] = []
    total = 0
    for at, uid, size in _scan(transaction, entry, request.limit + _SCAN_BEYOND):
        if transaction.is_held(uid):
            continue
        if at > now or len(chosen) == request.limit or total > request.max_bytes:
            return chosen, at
        chosen.append((at, uid))
        total += size
    return chosen, None


def _scan(transaction: Transaction, entry: Entry, at_once: int) -> Iterator[tuple[Instant, int, int]]:
    """The queue's tasks in order, from the first that may be free: schedule time, uid, size in bytes."""
    at, uid = transaction.memory.cursor(entry.queue.uid)
    while True:
        (found,) = transaction.connection.execute(_SCAN, (entry.generation, at, uid, at_once)).fetchone()
        rows = decode(found)
        yield from rows
        if len(rows) < at_once:
            return
        at, uid, _ = rows[-1]


# One comparison of the pair (schedule_time, uid) would use the index for its first half only, and pass over all the
# tasks that are scheduled for the same time.
_SCAN: Final = """
    SELECT json_group_array(json_array(schedule_time, uid, size)) FROM (
        SELECT schedule_time, uid, length(payload) + length(body) AS size FROM task
        WHERE generation = ?1 AND schedule_time = ?2 AND uid > ?3
        UNION ALL
        SELECT schedule_time, uid, length(payload) + length(body) AS size FROM task
        WHERE generation = ?1 AND schedule_time > ?2
        ORDER BY schedule_time, uid LIMIT ?4
    )
"""


def _read(transaction: Transaction, entry: Entry, keys: Sequence[Key]) -> Sequence[Task]:
    if not keys:
        return ()
    rows = {
        row[UID]: row for row in read_rows(transaction.connection, [uid for _, uid in keys], with_body=True)
    }
    return [task_of(rows[uid], entry.queue.name, entry.queue.uid) for _, uid in keys]


def _hold(transaction: Transaction, entry: Entry, tasks: Sequence[Task], last: Key) -> None:
    transaction.take([task.uid for task in tasks])
    memory = transaction.memory

    def hold() -> None:
        for task in tasks:
            taken = memory.holds.hold(task.uid, entry.queue.uid, entry.generation, task.name)
            taken.claimed = True
            taken.schedule_time = task.schedule_time
        memory.raise_cursor(entry.queue.uid, last)

    transaction.after_commit(hold)


def release(transaction: Transaction, releases: Sequence[Sequence[int]]) -> Sequence[None]:
    """Give up claims, by the uids of their tasks."""
    for uids in releases:
        for uid in uids:
            _release(transaction, uid)
    return [None] * len(releases)


def _release(transaction: Transaction, uid: int) -> None:
    memory = transaction.memory
    hold = memory.holds.get(uid)
    if hold is None or not hold.claimed:
        return
    transaction.give_back(uid)
    memory.lower_cursor(hold.queue_uid, (hold.schedule_time, uid))

    def end() -> None:
        # Not by what was true when this ran: an attempt may have begun meanwhile, and then there is no claim to end.
        hold.claimed = hold.stale = False
        if memory.holds.drop_if_over(hold) and not hold.dead:
            transaction.task_due(hold.queue_uid, hold.schedule_time)

    transaction.after_commit(end)


def due_queues(transaction: Transaction) -> Sequence[tuple[int, Instant]]:
    """Uids of the queues with a task that nobody holds, and the earliest schedule time."""
    held_from = transaction.memory.holds.queues()
    entries = transaction.memory.registry.entries()
    free = [entry for entry in entries if entry.queue.uid not in held_from]
    due = list(earliest(transaction.connection, free).items())
    for entry in entries:
        if entry.queue.uid in held_from:
            at = _earliest_free(transaction, entry)
            if at is not None:
                due.append((entry.queue.uid, at))
    return due


def _earliest_free(transaction: Transaction, entry: Entry) -> Instant | None:
    return next(
        (at for at, uid, _ in _scan(transaction, entry, _SCAN_BEYOND) if not transaction.is_held(uid)), None
    )
