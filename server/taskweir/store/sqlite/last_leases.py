"""Leases after which there are no more: kept by their ends, so that the sweep finds the tasks which end with them."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from taskweir.domain.times import Instant
from taskweir.store.sqlite.rows import encode
from taskweir.store.sqlite.transaction import Transaction


def keep_last_leases(transaction: Transaction, leases: Sequence[tuple[int, int, Instant]]) -> None:
    """Each is a task's uid, its queue's, and when the lease ends, in place of what was kept of the task."""
    if leases:
        transaction.connection.execute(_KEEP, (encode(leases),))
        transaction.last_lease_ends(min(ends_at for _, _, ends_at in leases))


_KEEP: Final = """
    INSERT OR REPLACE INTO last_lease (task, queue_uid, ends_at)
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?)
"""


def forget_last_leases(connection: sqlite3.Connection, uids: Sequence[int]) -> None:
    connection.execute(_FORGET, (encode(uids),))


_FORGET: Final = "DELETE FROM last_lease WHERE task IN (SELECT value FROM json_each(?))"


def first_end(connection: sqlite3.Connection) -> Instant | None:
    """When the first of them ends, or ended."""
    (ends_at,) = connection.execute("SELECT min(ends_at) FROM last_lease").fetchone()
    return None if ends_at is None else int(ends_at)
