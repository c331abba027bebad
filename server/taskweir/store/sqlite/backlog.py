"""How much there is to do: tasks in each queue, those that are due, and the earliest schedule times."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from taskweir.domain.times import Instant
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import decode, encode
from taskweir.store.sqlite.transaction import Transaction


def count_tasks(transaction: Transaction) -> None:
    """Count the tasks of every queue, unless they are counted. Last in its transaction, so that it counts what that
    changes."""
    if transaction.memory.counts.are_known:
        return
    generations = [entry.generation for entry in transaction.entries()]
    (found,) = transaction.connection.execute(_COUNT, (encode(generations),)).fetchone()
    transaction.tasks_counted(dict(decode(found)))


_COUNT: Final = """
    SELECT json_group_array(json_array(value, (SELECT count(*) FROM task WHERE generation = value)))
    FROM json_each(?)
"""


def due_counts(
    connection: sqlite3.Connection,
    entries: Sequence[Entry],
    in_flight: Iterable[int],
    now: Instant,
    limit: int,
) -> Mapping[int, int]:
    """Of each queue, by its uid, how many tasks are due, without those whose uids are given; up to `limit`."""
    (found,) = connection.execute(_DUE, (_places(entries), now, encode(list(in_flight)), limit)).fetchone()
    return dict(decode(found))


_DUE: Final = """
    SELECT json_group_array(json_array(json_extract(asked.value, '$[0]'), (SELECT count(*) FROM (
        SELECT 1 FROM task WHERE generation = json_extract(asked.value, '$[1]') AND schedule_time <= ?2
            AND uid NOT IN (SELECT value FROM json_each(?3)) LIMIT ?4
    )))) FROM json_each(?1) AS asked
"""


def earliest(connection: sqlite3.Connection, entries: Sequence[Entry]) -> Mapping[int, Instant]:
    """Of each queue with a task, by its uid, the earliest schedule time."""
    (found,) = connection.execute(_EARLIEST, (_places(entries),)).fetchone()
    return {uid: at for uid, at in decode(found) if at is not None}


_EARLIEST: Final = """
    SELECT json_group_array(json_array(json_extract(value, '$[0]'),
        (SELECT min(schedule_time) FROM task WHERE generation = json_extract(value, '$[1]')))) FROM json_each(?)
"""


def _places(entries: Sequence[Entry]) -> str:
    """The queues' uids with their generations, as JSON."""
    return encode([[entry.queue.uid, entry.generation] for entry in entries])
