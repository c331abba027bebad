"""Reading tasks: one by its name, rows by their uids, pages by their ids."""
# ruff: noqa: S608 -- SQL put together of this package's own constants

import sqlite3
from collections.abc import Sequence
from typing import Final

from taskweir.domain.errors import TaskGone, TaskNotFound
from taskweir.domain.model import Task
from taskweir.domain.names import TaskName
from taskweir.domain.times import Instant
from taskweir.store.base import Listing
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import (
    GENERATION,
    ID,
    ROW_WITH_BODY,
    ROW_WITHOUT_BODY,
    SCHEDULE_TIME,
    UID,
    Row,
    decode,
    encode,
    task_of,
)
from taskweir.store.sqlite.tombstones import is_gone


def get_task(
    connection: sqlite3.Connection, entry: Entry, name: TaskName, now: Instant, *, with_body: bool
) -> Task:
    """Raises TaskNotFound, TaskGone."""
    row = connection.execute(_GET_WITH_BODY if with_body else _GET, (entry.generation, name.id)).fetchone()
    if row is None:
        raise TaskGone if is_gone(connection, entry, name.id, now) else TaskNotFound
    return task_of(decode(row[0]), name.queue, entry.queue.uid)


_GET: Final = f"SELECT {ROW_WITHOUT_BODY} FROM task WHERE generation = ? AND id = ?"
_GET_WITH_BODY: Final = f"SELECT {ROW_WITH_BODY} FROM task WHERE generation = ? AND id = ?"


def read_rows(connection: sqlite3.Connection, uids: Sequence[int], *, with_body: bool) -> Sequence[Row]:
    """The rows of these tasks, in no order; those that are gone are left out."""
    (rows,) = connection.execute(_ROWS_WITH_BODY if with_body else _ROWS, (encode(uids),)).fetchone()
    result: Sequence[Row] = decode(rows)
    return result


_ROWS: Final = (
    f"SELECT json_group_array({ROW_WITHOUT_BODY}) FROM task WHERE uid IN (SELECT value FROM json_each(?))"
)
_ROWS_WITH_BODY: Final = (
    f"SELECT json_group_array({ROW_WITH_BODY}) FROM task WHERE uid IN (SELECT value FROM json_each(?))"
)


def read_rows_by_id(connection: sqlite3.Connection, places: Sequence[tuple[int, str]]) -> Sequence[Row]:
    """The rows of these tasks, by generation and id, without bodies, in no order; those that are gone are left out."""
    (rows,) = connection.execute(_ROWS_BY_ID, (encode(places),)).fetchone()
    result: Sequence[Row] = decode(rows)
    return result


# CROSS JOIN: each by the index, where a list of wanted pairs would be looked up for every task of the queue.
_ROWS_BY_ID: Final = (
    f"SELECT json_group_array({ROW_WITHOUT_BODY}) FROM"
    " (SELECT json_extract(value, '$[0]') AS its_generation, json_extract(value, '$[1]') AS its_id FROM json_each(?))"
    " CROSS JOIN task ON generation = its_generation AND id = its_id"
)


def read_task(connection: sqlite3.Connection, entry: Entry, uid: int) -> Task | None:
    """The task with its body, if it is there and not of an earlier generation."""
    for row in read_rows(connection, [uid], with_body=True):
        if row[GENERATION] == entry.generation:
            return task_of(row, entry.queue.name, entry.queue.uid)
    return None


def list_tasks(
    connection: sqlite3.Connection, entry: Entry, after: str, limit: int, *, with_body: bool, max_bytes: int
) -> Listing:
    """Tasks in order of their ids: at most `limit`, and of those as many as take `max_bytes` together, at least one."""
    (text,) = connection.execute(
        _SIZES_WITH_BODY if with_body else _SIZES, (entry.generation, after, limit + 1)
    ).fetchone()
    found = decode(text)
    uids = within(found[:limit], max_bytes)
    rows = sorted(read_rows(connection, uids, with_body=with_body), key=lambda row: str(row[ID]))
    tasks = [task_of(row, entry.queue.name, entry.queue.uid) for row in rows]
    return Listing(tasks, has_more=len(found) > len(uids))


def first_tasks(connection: sqlite3.Connection, entry: Entry, limit: int) -> Sequence[Task]:
    """In order of schedule time."""
    (found,) = connection.execute(_FIRST, (entry.generation, limit)).fetchone()
    rows = read_rows(connection, decode(found), with_body=False)
    in_order = sorted(rows, key=lambda row: (row[SCHEDULE_TIME], row[UID]))
    return [task_of(row, entry.queue.name, entry.queue.uid) for row in in_order]


_FIRST: Final = "SELECT json_group_array(uid) FROM (SELECT uid FROM task WHERE generation = ? ORDER BY schedule_time LIMIT ?)"


def within(sizes: Sequence[tuple[int, int]], max_bytes: int) -> Sequence[int]:
    """Of uids with sizes in bytes as many as stay within `max_bytes` together, but at least one."""
    total = 0
    for count, (_, size) in enumerate(sizes):
        total += size
        if total > max_bytes and count:
            return [uid for uid, _ in sizes[:count]]
    return [uid for uid, _ in sizes]


def _sizes_sql(size: str) -> str:
    return (
        "SELECT json_group_array(json_array(uid, size)) FROM "
        f"(SELECT uid, {size} AS size FROM task WHERE generation = ? AND id > ? ORDER BY id LIMIT ?)"
    )


# What is not payload or body, the queue's name and the times and counts, takes 512 bytes at the most.
_SIZES: Final = _sizes_sql("512 + length(id) + length(payload)")
_SIZES_WITH_BODY: Final = _sizes_sql("512 + length(id) + length(payload) + length(body)")
