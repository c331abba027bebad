"""Bodies of pull tasks that are read after the transaction which granted or changed their leases.

In slices, so that others get to read in between: of a few large bodies as they are, of many small ones as one JSON
text, since each step of a statement gives up the interpreter's lock, and hexadecimal digits are decoded with that held.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from taskweir.domain.model import PullMessage, Task
from taskweir.store.sqlite.rows import decode, encode

_SLICE: Final = 1 << 20
"""Bytes, or one body that is larger."""
_FEW: Final = 16
"""Rows, which are read one after the other."""


def slices(sizes: Sequence[tuple[int, int]]) -> Sequence[Sequence[int]]:
    """Of uids with sizes in bytes."""
    cut: list[list[int]] = []
    total = _SLICE
    for uid, size in sizes:
        total += size
        if total > _SLICE:
            cut.append([])
            total = size
        cut[-1].append(uid)
    return cut


def read_bodies(connection: sqlite3.Connection, uids: Sequence[int]) -> Mapping[int, bytes]:
    """By uid; those that are gone are left out."""
    if len(uids) <= _FEW:
        return dict(connection.execute(_BODIES, (encode(uids),)).fetchall())
    (found,) = connection.execute(_MANY_BODIES, (encode(uids),)).fetchone()
    return {uid: bytes.fromhex(body) for uid, body in decode(found)}


_BODIES: Final = "SELECT uid, body FROM task WHERE uid IN (SELECT value FROM json_each(?))"
_MANY_BODIES: Final = (
    "SELECT json_group_array(json_array(uid, hex(body))) FROM task "
    "WHERE uid IN (SELECT value FROM json_each(?))"
)


def with_body(task: Task, body: bytes) -> Task:
    """A pull task that was read without."""
    assert isinstance(task.payload, PullMessage)
    return replace(task, payload=replace(task.payload, payload=body), has_body=True)
