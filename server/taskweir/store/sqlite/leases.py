"""Leases of pull tasks are granted."""
# ruff: noqa: S608 -- SQL put together of this package's own constants

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from taskweir.domain.errors import Refusal
from taskweir.domain.lease import VoidEnds, check_leasable, is_out_of_leases
from taskweir.domain.lease_filter import AnyTag, WithTag
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Task
from taskweir.domain.times import Instant
from taskweir.store.base import LeaseRequest
from taskweir.store.sqlite.last_leases import keep_last_leases
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import UID, decode, encode, tag_of, task_of
from taskweir.store.sqlite.task_reads import read_rows
from taskweir.store.sqlite.tasks import end_tasks
from taskweir.store.sqlite.transaction import Transaction

_MOST_BYTES: Final = 64 << 20
"""Of bodies that the leases of one transaction bring together; each brings one task at least, however little is left."""
_MOST_ENDED: Final = 2_000
"""Tasks that one lease ends, about, when it meets those that may not be leased again."""

_Candidate = Sequence[Any]
"""A task that can be leased: uid, id, dispatch count, size in bytes, and what its VoidEnds are made of, if any."""
_UID, _ID, _DISPATCH_COUNT, _SIZE, _VOID_LATEST, _VOID_COUNT = range(6)


def lease(
    transaction: Transaction, leases: Sequence[tuple[LeaseRequest, Instant]]
) -> Sequence[Sequence[Task] | Refusal]:
    """One after the other, so that none gets what another has."""
    answers: list[Sequence[Task] | Refusal] = []
    left = _MOST_BYTES
    for request, now in leases:
        try:
            entry = transaction.live_entry(request.queue)
            check_leasable(entry.queue)
        except Refusal as refusal:
            answers.append(refusal)
            continue
        tasks = _lease(transaction, entry, replace(request, max_bytes=min(request.max_bytes, left)), now)
        left = max(0, left - sum(task.body_size for task in tasks))
        answers.append(tasks)
    return answers


def _lease(transaction: Transaction, entry: Entry, request: LeaseRequest, now: Instant) -> Sequence[Task]:
    candidates = _choose(transaction, entry, request, now)
    if not candidates:
        return ()
    ends = {candidate[_UID]: _end(candidate, request.until) for candidate in candidates}
    transaction.connection.execute(_GRANT, (encode(list(ends.items())),))
    retry, queue_uid = entry.queue.retry_config, entry.queue.uid
    last = [one[_UID] for one in candidates if is_out_of_leases(one[_DISPATCH_COUNT] + 1, retry)]
    keep_last_leases(transaction, [(uid, queue_uid, ends[uid]) for uid in last])
    read = read_rows(transaction.connection, list(ends), with_body=request.with_body)
    rows = {row[UID]: row for row in read}
    return [task_of(rows[uid], entry.queue.name, queue_uid) for uid in ends]


_GRANT: Final = """
    UPDATE task SET schedule_time = json_extract(new.value, '$[1]'), dispatch_count = dispatch_count + 1
    FROM json_each(?) AS new WHERE task.uid = json_extract(new.value, '$[0]')
"""


def _end(candidate: _Candidate, until: Instant) -> Instant:
    if candidate[_VOID_LATEST] is None:
        return until
    return VoidEnds(candidate[_VOID_LATEST], candidate[_VOID_COUNT]).avoided_by(until)


def _choose(
    transaction: Transaction, entry: Entry, request: LeaseRequest, now: Instant
) -> Sequence[_Candidate]:
    """What is leased: the first that can be, and as much as the request has room for, but at least one."""
    match request.filter:
        case AnyTag():
            tag = None
        case WithTag(tag=wanted):
            tag = wanted
        case _:
            oldest = _front(transaction, entry, None, 1, now, with_body=False)
            if not oldest:
                return ()
            (row,) = read_rows(transaction.connection, [oldest[0][_UID]], with_body=False)
            tag = tag_of(row)
    candidates = _front(transaction, entry, tag, request.limit, now, with_body=request.with_body)
    total = 0
    for count, candidate in enumerate(candidates):
        total += candidate[_SIZE]
        if total > request.max_bytes and count:
            return candidates[:count]
    return candidates


def _front(
    transaction: Transaction, entry: Entry, tag: str | None, limit: int, now: Instant, *, with_body: bool
) -> Sequence[_Candidate]:
    """The first tasks of a tag, or (None) of any, that can be leased. Those among them that were leased as often as
    they may be, end, which a queue has few of, unless it allowed more leases before."""
    statement = (_FRONT if tag is None else _FRONT_OF_TAG)[with_body]
    at_once, ended = limit, 0
    while True:
        values = (entry.generation, now, at_once, tag)
        (found,) = transaction.connection.execute(statement, values[: 3 + (tag is not None)]).fetchone()
        candidates: Sequence[_Candidate] = decode(found)
        over = [one for one in candidates if is_out_of_leases(one[_DISPATCH_COUNT], entry.queue.retry_config)]
        if over:
            gone = [(one[_UID], one[_ID], entry, Ending.OUT_OF_ATTEMPTS) for one in over]
            end_tasks(transaction, gone, now)
            ended += len(over)
            at_once = min(2 * at_once, _MOST_ENDED)
        if not over or ended >= _MOST_ENDED:
            free = [one for one in candidates if one not in over] if over else candidates
            return free[:limit]


# What is not payload or body, the queue's name and the times and counts, takes 512 bytes at the most.
_SHOWN: Final = ("512 + length(id) + length(payload)", "512 + length(id) + length(payload) + length(body)")


def _front_sql(size: str, has_tag: str) -> str:
    return f"""
        SELECT json_group_array(json_array(uid, id, dispatch_count, size, void_latest, void_count)) FROM (
            SELECT uid, id, dispatch_count, {size} AS size, json_extract(payload, '$.void[0]') AS void_latest,
                json_extract(payload, '$.void[1]') AS void_count
            FROM task WHERE generation = ?1 {has_tag} AND schedule_time <= ?2
            ORDER BY schedule_time, uid LIMIT ?3
        )
    """


_FRONT: Final = [_front_sql(size, "") for size in _SHOWN]
_FRONT_OF_TAG: Final = [_front_sql(size, "AND tag = ?4") for size in _SHOWN]
"""Without and with the body."""
