"""Leases are changed by who holds them, or ended with their tasks: many in a few statements."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from taskweir.domain.errors import Refusal, TaskGone, TaskNotFound
from taskweir.domain.lease import check_is_pull, is_out_of_leases
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Task
from taskweir.domain.names import TaskName
from taskweir.domain.times import Instant
from taskweir.domain.told_ends import ToldEnds
from taskweir.store.sqlite.last_leases import keep_last_leases
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import GENERATION, ID, Row, encode, task_of, told_ends_of
from taskweir.store.sqlite.task_reads import read_rows_by_id
from taskweir.store.sqlite.tasks import end_tasks
from taskweir.store.sqlite.tombstones import is_gone
from taskweir.store.sqlite.transaction import Transaction

Change = tuple[TaskName, Callable[[Task], Task | Ending], Instant]
"""A task, what is to be made of it, and now."""
_Place = tuple[int, str]
"""Where a task is found: its generation and id."""


def change_leases(transaction: Transaction, changes: Sequence[Change]) -> Sequence[Task | Ending | Refusal]:
    books = _Books(transaction, changes)
    answers: list[Task | Ending | Refusal] = []
    for change in changes:
        try:
            answers.append(books.change(change))
        except Refusal as refusal:
            answers.append(refusal)
    books.write(changes[-1][2])
    return answers


class _Books:
    """What a batch of changes makes of its tasks, settled in memory and then written at once."""

    def __init__(self, transaction: Transaction, changes: Sequence[Change]) -> None:
        self._transaction = transaction
        self._changed: dict[_Place, tuple[Task, ToldEnds]] = {}
        self._ended: dict[_Place, tuple[int, str, Entry, Ending]] = {}
        self._rows: dict[_Place, Row] = {}
        self._read([name for name, _, _ in changes])

    def _read(self, names: Sequence[TaskName]) -> None:
        found = ((name, self._transaction.entry(name.queue)) for name in names)
        places = [(entry.generation, name.id) for name, entry in found if entry is not None]
        if places:
            for row in read_rows_by_id(self._transaction.connection, places):
                self._rows[row[GENERATION], row[ID]] = row

    def change(self, change: Change) -> Task | Ending:
        """Raises a Refusal."""
        name, make, now = change
        entry = self._transaction.live_entry(name.queue)
        check_is_pull(entry.queue)
        place = (entry.generation, name.id)
        task, told = self._find(place, name, entry, now)
        told.check_proves(task.schedule_time)
        outcome = make(task)
        if isinstance(outcome, Ending):
            self._changed.pop(place, None)
            self._ended[place] = (task.uid, name.id, entry, outcome)
            return outcome
        end, told = told.followed_by(task.schedule_time, outcome.schedule_time, now)
        changed = replace(outcome, schedule_time=end)
        self._changed[place] = changed, told
        return changed

    def _find(self, place: _Place, name: TaskName, entry: Entry, now: Instant) -> tuple[Task, ToldEnds]:
        if place in self._changed:
            return self._changed[place]
        if place in self._ended:
            raise TaskGone
        row = self._rows.get(place)
        if row is None:
            raise TaskGone if is_gone(self._transaction.connection, entry, name.id, now) else TaskNotFound
        return task_of(row, name.queue, entry.queue.uid), told_ends_of(row)

    def write(self, now: Instant) -> None:
        if self._ended:
            end_tasks(self._transaction, list(self._ended.values()), now)
        if self._changed:
            self._write_changed()

    def _write_changed(self) -> None:
        rows, last = [], []
        for task, told in self._changed.values():
            rows.append((task.uid, task.schedule_time, told.spans or None))
            entry = self._transaction.live_entry(task.name.queue)
            if is_out_of_leases(task.dispatch_count, task.retry_config, entry.queue.retry_config):
                last.append((task.uid, task.queue_uid, task.schedule_time))
        self._transaction.connection.execute(_CHANGE, (encode(rows),))
        keep_last_leases(self._transaction, last)


_CHANGE: Final = """
    UPDATE task SET schedule_time = json_extract(new.value, '$[1]'), payload = iif(
        json_extract(new.value, '$[2]') IS NULL, payload, json_set(payload, '$.told', json_extract(new.value, '$[2]'))
    )
    FROM json_each(?) AS new WHERE task.uid = json_extract(new.value, '$[0]')
"""
