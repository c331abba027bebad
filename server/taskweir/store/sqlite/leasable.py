"""Which tasks of a pull queue a lease gets."""
# ruff: noqa: S608 -- SQL put together of this package's own constants

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from taskweir.domain.lease import is_out_of_leases
from taskweir.domain.lease_filter import AnyTag, WithTag
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import RetryConfig
from taskweir.domain.times import Instant
from taskweir.domain.told_ends import ToldEnds
from taskweir.store.base import LeaseRequest
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import Json, decode, own_retry_of, tag_of, told_ends
from taskweir.store.sqlite.task_reads import read_rows
from taskweir.store.sqlite.tasks import end_tasks
from taskweir.store.sqlite.transaction import Transaction

_MOST_ENDED: Final = 2_000
"""Tasks that one look ends, about, when it meets those that may not be leased again."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task that can be leased, with its size in bytes and what was told of its leases."""

    uid: int
    id: str
    schedule_time: Instant
    leases: int
    size: int
    told: ToldEnds
    own_retry: RetryConfig | None

    def end_of_lease(self, until: Instant, now: Instant) -> tuple[Instant, ToldEnds]:
        """As `ToldEnds.followed_by` gives them."""
        return self.told.followed_by(self.schedule_time if self.leases else None, until, now)


@dataclass(frozen=True, slots=True)
class Found:
    """`ended` tasks were met that may not be leased again; `is_cut` when there may be more behind those, so that it
    means nothing that no candidates were found."""

    candidates: Sequence[Candidate]
    ended: int
    is_cut: bool


def find_leasable(transaction: Transaction, entry: Entry, request: LeaseRequest, now: Instant) -> Found:
    """The first that can be leased, and as many as the request has room for, but at least one."""
    match request.filter:
        case AnyTag():
            tag = None
        case WithTag(tag=wanted):
            tag = wanted
        case _:
            oldest = _front(transaction, entry, None, 1, now, with_body=False)
            if not oldest.candidates:
                return oldest
            (row,) = read_rows(transaction.connection, [oldest.candidates[0].uid], with_body=False)
            tag = tag_of(row)
    found = _front(transaction, entry, tag, request.limit, now, with_body=request.with_body)
    return Found(_within(found.candidates, request.max_bytes), found.ended, found.is_cut)


def _front(
    transaction: Transaction, entry: Entry, tag: str | None, limit: int, now: Instant, *, with_body: bool
) -> Found:
    """The first tasks of a tag, or (None) of any, that can be leased. Those among them that were leased as often as
    they may be, end, which a queue has few of, unless it allowed more leases before."""
    statement = (_FRONT if tag is None else _FRONT_OF_TAG)[with_body]
    at_once, ended = limit, 0
    while True:
        values = (entry.generation, now, at_once, tag)
        (found,) = transaction.connection.execute(statement, values[: 3 + (tag is not None)]).fetchone()
        free, over = _parted([_candidate(*row) for row in decode(found)], entry.queue.retry_config)
        if over:
            gone = [(one.uid, one.id, entry, Ending.OUT_OF_ATTEMPTS) for one in over]
            end_tasks(transaction, gone, now)
            ended += len(over)
            at_once = min(2 * at_once, _MOST_ENDED)
        if not over or ended >= _MOST_ENDED:
            return Found(free[:limit], ended, is_cut=bool(over))


def _candidate(
    uid: int, task_id: str, schedule_time: Instant, leases: int, size: int, told: Json, retry: Json
) -> Candidate:
    return Candidate(uid, task_id, schedule_time, leases, size, told_ends(told), own_retry_of(retry))


def _parted(
    candidates: Sequence[Candidate], of_queue: RetryConfig
) -> tuple[Sequence[Candidate], Sequence[Candidate]]:
    """Those that may be leased again, and those that may not."""
    free: list[Candidate] = []
    over: list[Candidate] = []
    for one in candidates:
        (over if is_out_of_leases(one.leases, one.own_retry, of_queue) else free).append(one)
    return free, over


def _within(candidates: Sequence[Candidate], max_bytes: int) -> Sequence[Candidate]:
    total = 0
    for count, candidate in enumerate(candidates):
        total += candidate.size
        if total > max_bytes and count:
            return candidates[:count]
    return candidates


# What is not payload or body, the queue's name and the times and counts, takes 512 bytes at the most.
_SHOWN: Final = ("512 + length(id) + length(payload)", "512 + length(id) + length(payload) + length(body)")


def _front_sql(size: str, has_tag: str) -> str:
    return f"""
        SELECT json_group_array(
            json_array(uid, id, schedule_time, dispatch_count, size, json(told), json(retry_config))
        )
        FROM (
            SELECT uid, id, schedule_time, dispatch_count, {size} AS size, json_extract(payload, '$.told') AS told,
                retry_config
            FROM task WHERE generation = ?1 {has_tag} AND schedule_time <= ?2
            ORDER BY schedule_time, uid LIMIT ?3
        )
    """


_FRONT: Final = [_front_sql(size, "") for size in _SHOWN]
_FRONT_OF_TAG: Final = [_front_sql(size, "AND tag = ?4") for size in _SHOWN]
"""Without and with the body."""
