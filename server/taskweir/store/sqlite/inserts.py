"""Inserting tasks: one statement for many, which checks names and commits by itself where nothing else is to do."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Final

from taskweir.domain.errors import QueueNotFound, Refusal, TaskExists, TaskTombstoned
from taskweir.domain.model import Task
from taskweir.domain.task_rules import check_fits
from taskweir.domain.times import Instant
from taskweir.store.sqlite.memory import Key
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import COLUMNS, ID, Row, decode, encode, row_of
from taskweir.store.sqlite.tombstones import is_purged, tombstoned
from taskweir.store.sqlite.transaction import Transaction

MOST_AT_ONCE: Final = 128
"""Rows of one statement."""


def insert_tasks(transaction: Transaction, tasks: Sequence[Task], now: Instant) -> Sequence[Task | Refusal]:
    """Each task with its uid, or why it is refused."""
    answers: list[Task | Refusal] = []
    rows: list[Row] = []
    for task in tasks:
        entry = _entry_for(transaction, task, now)
        if isinstance(entry, Refusal):
            answers.append(entry)
        else:
            stored = task.stored_as(transaction.memory.new_uid(), entry.queue.uid)
            answers.append(stored)
            rows.append((*row_of(stored, stored.uid, entry.generation), entry.names))
    if _insert_rows(transaction.connection, rows, now) < len(rows):
        _refuse_left_out(transaction, answers, now)
    _tell_of(transaction, [answer for answer in answers if isinstance(answer, Task)])
    return answers


def _entry_for(transaction: Transaction, task: Task, now: Instant) -> Entry | Refusal:
    """The queue's; refused where the queue is gone or has tasks of the other kind, or was purged of a task of this
    name."""
    entry = transaction.entry(task.name.queue)
    if entry is None:
        return QueueNotFound()
    if entry.retired and is_purged(transaction.connection, entry, task.name.id, now):
        return TaskTombstoned()
    try:
        check_fits(task.payload, entry.queue.type)
    except Refusal as refusal:
        return refusal
    return entry


def _tell_of(transaction: Transaction, inserted: Sequence[Task]) -> None:
    """Once for each queue: a call for each task would cost a tenth of what its row does."""
    count: Counter[int] = Counter()
    first: dict[int, Key] = {}
    for task in inserted:
        queue_uid, key = task.queue_uid, (task.schedule_time, task.uid)
        count[queue_uid] += 1
        if queue_uid not in first or key < first[queue_uid]:
            first[queue_uid] = key
    for queue_uid, key in first.items():
        transaction.add_tasks(queue_uid, count[queue_uid])
        transaction.memory.lower_cursor(queue_uid, key)
        transaction.task_due(queue_uid, key[0])


def _refuse_left_out(transaction: Transaction, answers: list[Task | Refusal], now: Instant) -> None:
    """Refuse what is there already, or was lately."""
    new = [answer for answer in answers if isinstance(answer, Task)]
    there = _existing(transaction.connection, [task.uid for task in new])
    left_out = [task for task in new if task.uid not in there]
    graves = [(transaction.live_entry(task.name.queue).names, task.name.id) for task in left_out]
    taken = tombstoned(transaction.connection, graves, now)
    why = {
        task.uid: TaskTombstoned() if place in taken else TaskExists() for place, task in enumerate(left_out)
    }
    for place, answer in enumerate(answers):
        if isinstance(answer, Task):
            answers[place] = why.get(answer.uid, answer)


def _insert_rows(connection: sqlite3.Connection, rows: Sequence[Row], now: Instant) -> int:
    """How many went in; one whose name is taken stays out."""
    inserted = 0
    for start in range(0, len(rows), MOST_AT_ONCE):
        columns = list(zip(*rows[start : start + MOST_AT_ONCE], strict=True))
        count = len(columns[0])
        given = tuple(place for place, column in enumerate(columns) if column.count(_USUAL[place]) < count)
        values = chain.from_iterable(zip(*(columns[place] for place in given), strict=True))
        inserted += connection.execute(_insert_sql(count, given), (*values, now)).rowcount
    return inserted


_USUAL: Final = tuple(
    {"dispatch_count": 0, "response_count": 0, "execution_count": 0}.get(name) for name in (*COLUMNS, "names")
)
"""What new tasks have in most columns. To bind a NULL takes sqlite3 as long as a quarter of a column's share of the
row; a statement without the columns that are as usual is a quarter faster."""


@cache
def _insert_sql(count: int, given: Sequence[int]) -> str:
    """A statement for each number of rows: every statement gives up the interpreter's lock, and under load getting it
    back costs more than the rows, so there is to be one alone. `given` are the columns that have values."""
    row = f"({', '.join('?' * len(given))})"
    value = [
        f"column{given.index(place) + 1}" if place in given else _usual(place) for place in range(len(_USUAL))
    ]
    names, task_id = value[-1], value[ID]
    return (
        f"INSERT INTO task ({', '.join(COLUMNS)}) "  # noqa: S608 -- constants
        f"SELECT {', '.join(value[:-1])} FROM (VALUES {', '.join([row] * count)}) WHERE NOT EXISTS ("
        f"SELECT 1 FROM task_tombstone WHERE names = {names} AND id = {task_id} AND expires_at > ?) "
        "ON CONFLICT (generation, id) DO NOTHING"
    )


def _usual(place: int) -> str:
    return "NULL" if _USUAL[place] is None else str(_USUAL[place])


def _existing(connection: sqlite3.Connection, uids: Sequence[int]) -> set[int]:
    (found,) = connection.execute(_EXISTING, (encode(uids),)).fetchone()
    return set(decode(found))


_EXISTING: Final = "SELECT json_group_array(uid) FROM task WHERE uid IN (SELECT value FROM json_each(?))"
