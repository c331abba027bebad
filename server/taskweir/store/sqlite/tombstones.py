"""Names of tasks that are gone, each taken until it expires. One that is past its time counts as absent."""

import sqlite3
from collections.abc import Sequence

from taskweir.domain.lifecycle import Ending
from taskweir.domain.times import Instant, Micros
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import encode


def leave_tombstones(
    connection: sqlite3.Connection, graves: Sequence[tuple[int, str, Ending, Micros]], now: Instant
) -> None:
    """Each is a queue's number for names, a task's id, how it ended, and for how long its name is taken."""
    rows = [[names, task_id, now + ttl, ending] for names, task_id, ending, ttl in graves if ttl > 0]
    if rows:
        connection.execute(_LEAVE, (encode(rows), now))


_LEAVE = """
    INSERT OR REPLACE INTO task_tombstone (names, id, ended_at, expires_at, ending)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), ?2,
           json_extract(value, '$[2]'), json_extract(value, '$[3]')
    FROM json_each(?1)
"""


def tombstoned(connection: sqlite3.Connection, graves: Sequence[tuple[int, str]], now: Instant) -> set[int]:
    """Which of these (a queue's number for names, a task's id) are taken, as places in the sequence."""
    (found,) = connection.execute(_TOMBSTONED, (encode(graves), now)).fetchone()
    return set(map(int, found.split(","))) if found else set()


_TOMBSTONED = """
    SELECT group_concat(grave.key) FROM json_each(?1) AS grave CROSS JOIN task_tombstone AS stone
    WHERE stone.names = json_extract(grave.value, '$[0]') AND stone.id = json_extract(grave.value, '$[1]')
        AND stone.expires_at > ?2
"""


def is_gone(connection: sqlite3.Connection, entry: Entry, task_id: str, now: Instant) -> bool:
    """Whether the queue had a task of this name lately: a tombstone, or a purged row that is not swept yet."""
    row = connection.execute(
        "SELECT 1 FROM task_tombstone WHERE names = ? AND id = ? AND expires_at > ?",
        (entry.names, task_id, now),
    ).fetchone()
    return row is not None or is_purged(connection, entry, task_id, now)


def is_purged(connection: sqlite3.Connection, entry: Entry, task_id: str, now: Instant) -> bool:
    return any(
        connection.execute(
            "SELECT 1 FROM task WHERE generation = ? AND id = ?", (retired.generation, task_id)
        ).fetchone()
        for retired in entry.retired
        if retired.blocked_until > now
    )
