"""Leases are changed by who holds them, or ended with their tasks: many in a few statements."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from taskweir.domain.errors import Refusal, TaskGone, TaskNotFound
from taskweir.domain.lease import VoidEnds, check_is_pull, is_out_of_leases
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Task
from taskweir.domain.names import TaskName
from taskweir.domain.times import Instant
from taskweir.store.sqlite.last_leases import keep_last_leases
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import GENERATION, ID, Row, encode, task_of, void_ends_of
from taskweir.store.sqlite.task_reads import read_rows_by_id
from taskweir.store.sqlite.tasks import end_tasks
from taskweir.store.sqlite.tombstones import is_gone
from taskweir.store.sqlite.transaction import Transaction

Change = tuple[TaskName, Callable[[Task], Task | Ending], Instant, bool]
"""A task, what is to be made of it, now, and whether its body is to be answered."""
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
        self._changed: dict[_Place, tuple[Task, VoidEnds | None]] = {}
        self._ended: dict[_Place, tuple[int, str, Entry, Ending]] = {}
        self._rows: dict[_Place, Row] = {}
        for with_body in (False, True):
            names = [name for name, _, _, wants_body in changes if wants_body is with_body]
            self._read(names, with_body=with_body)

    def _read(self, names: Sequence[TaskName], *, with_body: bool) -> None:
        found = ((name, self._transaction.entry(name.queue)) for name in names)
        places = [(entry.generation, name.id) for name, entry in found if entry is not None]
        if places:
            for row in read_rows_by_id(self._transaction.connection, places, with_body=with_body):
                self._rows[row[GENERATION], row[ID]] = row

    def change(self, change: Change) -> Task | Ending:
        """Raises a Refusal."""
        name, make, now, _ = change
        entry = self._transaction.live_entry(name.queue)
        check_is_pull(entry.queue)
        place = (entry.generation, name.id)
        task, void = self._find(place, name, entry, now)
        outcome = make(task)
        if isinstance(outcome, Ending):
            self._changed.pop(place, None)
            self._ended[place] = (task.uid, name.id, entry, outcome)
            return outcome
        self._changed[place] = changed, _ = _moved(task, outcome.schedule_time, void, now)
        return changed

    def _find(
        self, place: _Place, name: TaskName, entry: Entry, now: Instant
    ) -> tuple[Task, VoidEnds | None]:
        if place in self._changed:
            return self._changed[place]
        if place in self._ended:
            raise TaskGone
        row = self._rows.get(place)
        if row is None:
            raise TaskGone if is_gone(self._transaction.connection, entry, name.id, now) else TaskNotFound
        return task_of(row, name.queue, entry.queue.uid), void_ends_of(row)

    def write(self, now: Instant) -> None:
        if self._ended:
            end_tasks(self._transaction, list(self._ended.values()), now)
        if self._changed:
            self._write_changed()

    def _write_changed(self) -> None:
        rows, last = [], []
        for task, void in self._changed.values():
            rows.append([task.uid, task.schedule_time, None if void is None else [void.latest, void.count]])
            entry = self._transaction.live_entry(task.name.queue)
            if is_out_of_leases(task.dispatch_count, entry.queue.retry_config):
                last.append((task.uid, task.queue_uid, task.schedule_time))
        self._transaction.connection.execute(_CHANGE, (encode(rows),))
        keep_last_leases(self._transaction, last)


def _moved(task: Task, end: Instant, void: VoidEnds | None, now: Instant) -> tuple[Task, VoidEnds | None]:
    """The task with another end of its lease, or (now) none; and what may not be an end any more."""
    if void is not None and end > now:
        end = void.avoided_by(end)
    if end < task.schedule_time:
        void = VoidEnds.with_another(void, task.schedule_time)
    return replace(task, schedule_time=end), void


_CHANGE: Final = """
    UPDATE task SET schedule_time = json_extract(new.value, '$[1]'), payload = iif(
        json_extract(new.value, '$[2]') IS NULL, payload, json_set(payload, '$.void', json_extract(new.value, '$[2]'))
    )
    FROM json_each(?) AS new WHERE task.uid = json_extract(new.value, '$[0]')
"""
