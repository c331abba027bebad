"""What is read, and put in order, when a data file is opened."""

import sqlite3
from collections.abc import Callable

from taskweir.domain.times import Instant
from taskweir.store.base import Retention
from taskweir.store.sqlite.history import trim
from taskweir.store.sqlite.memory import Memory
from taskweir.store.sqlite.queues import load_queues
from taskweir.store.sqlite.registry import Registry
from taskweir.store.sqlite.settings import page_token_key


def load(
    connection: sqlite3.Connection, retention: Retention, wall_now: Callable[[], Instant]
) -> tuple[Memory, bytes]:
    """What the store keeps in memory, and the key of page tokens."""
    trim(connection, retention.history_size)
    (last_uid,) = connection.execute("SELECT ifnull(max(uid), 0) FROM task").fetchone()
    (last_generation,) = connection.execute(
        "SELECT max((SELECT ifnull(max(generation), 0) FROM queue), "
        "(SELECT ifnull(max(generation), 0) FROM retired_generation))"
    ).fetchone()
    registry = Registry(load_queues(connection))
    memory = Memory(registry, retention, wall_now, last_uid, last_generation)
    return memory, page_token_key(connection)
