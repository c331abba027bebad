"""Leases of pull tasks are granted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from taskweir.domain.errors import Refusal
from taskweir.domain.lease import check_leasable, is_out_of_leases
from taskweir.domain.model import Task
from taskweir.domain.times import Instant
from taskweir.store.base import LeaseRequest
from taskweir.store.sqlite.bodies import slices
from taskweir.store.sqlite.last_leases import keep_last_leases
from taskweir.store.sqlite.leasable import Candidate, find_leasable
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import UID, encode, task_of
from taskweir.store.sqlite.task_reads import read_rows
from taskweir.store.sqlite.transaction import Transaction

_MOST_BYTES: Final = 64 << 20
"""Of bodies that the leases of one transaction bring together; each brings one task at least, however little is left."""
_MOST_WORK: Final = 8_000
"""Of one transaction, about; what is asked for beyond that, is put off."""
_WORK_OF_ENDING: Final = 4
"""In leases, which is what work is counted in."""
_FEW_BYTES: Final = 64 << 10
"""Of bodies that one lease reads in the transaction, and not after it."""


@dataclass(frozen=True, slots=True)
class Leased:
    """What a request got. The bodies of `unread` are still to be read, slice by slice. `put_off` when all of it is to
    be asked for again, in another transaction: this one had enough to do."""

    tasks: Sequence[Task] = ()
    unread: Sequence[Sequence[int]] = ()
    put_off: bool = False


def lease(
    transaction: Transaction, leases: Sequence[tuple[LeaseRequest, Instant]]
) -> Sequence[Leased | Refusal]:
    """One after the other, so that none gets what another has."""
    grants = _Grants(transaction)
    answers: list[Leased | Refusal] = []
    for request, now in leases:
        try:
            answers.append(grants.lease(request, now))
        except Refusal as refusal:
            answers.append(refusal)
    return answers


class _Grants:
    """Those of one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._bytes_left = _MOST_BYTES
        self._work_left = _MOST_WORK

    def lease(self, request: LeaseRequest, now: Instant) -> Leased:
        """Raises QueueNotFound, FailedPrecondition."""
        entry = self._transaction.live_entry(request.queue)
        check_leasable(entry.queue)
        if self._work_left <= 0:
            return Leased(put_off=True)
        room = replace(request, max_bytes=min(request.max_bytes, self._bytes_left))
        found = find_leasable(self._transaction, entry, room, now)
        candidates = found.candidates
        self._work_left -= len(candidates) + _WORK_OF_ENDING * found.ended
        if not candidates:
            return Leased(put_off=found.is_cut)
        if request.with_body:
            self._bytes_left = max(0, self._bytes_left - sum(one.size for one in candidates))
        self._grant(entry, candidates, request.until, now)
        return self._read(entry, candidates, with_body=request.with_body)

    def _grant(self, entry: Entry, candidates: Sequence[Candidate], until: Instant, now: Instant) -> None:
        first, again, last = [], [], []
        for one in candidates:
            end, told = one.end_of_lease(until, now)
            if told.spans:
                again.append((one.uid, end, told.spans))
            else:
                first.append((one.uid, end))
            if is_out_of_leases(one.leases + 1, one.own_retry, entry.queue.retry_config):
                last.append((one.uid, entry.queue.uid, end))
        for statement, grants in ((_GRANT, first), (_GRANT_AGAIN, again)):
            if grants:
                self._transaction.connection.execute(statement, (encode(grants),))
        keep_last_leases(self._transaction, last)

    def _read(self, entry: Entry, candidates: Sequence[Candidate], *, with_body: bool) -> Leased:
        """Many bytes would keep the transaction waiting, and with it everyone who writes."""
        at_once = with_body and sum(one.size for one in candidates) <= _FEW_BYTES
        uids = [one.uid for one in candidates]
        rows = {row[UID]: row for row in read_rows(self._transaction.connection, uids, with_body=at_once)}
        tasks = [task_of(rows[uid], entry.queue.name, entry.queue.uid) for uid in uids]
        unread = slices([(one.uid, one.size) for one in candidates]) if with_body and not at_once else ()
        return Leased(tasks, unread)


_GRANT: Final = """
    UPDATE task SET schedule_time = json_extract(new.value, '$[1]'), dispatch_count = dispatch_count + 1
    FROM json_each(?) AS new WHERE task.uid = json_extract(new.value, '$[0]')
"""
_GRANT_AGAIN: Final = """
    UPDATE task SET schedule_time = json_extract(new.value, '$[1]'), dispatch_count = dispatch_count + 1,
        payload = json_set(payload, '$.told', json_extract(new.value, '$[2]'))
    FROM json_each(?) AS new WHERE task.uid = json_extract(new.value, '$[0]')
"""
