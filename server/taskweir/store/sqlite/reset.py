"""Forgetting all of a project, or of every project. What is left of the queues' tasks and names, the sweep removes."""
# ruff: noqa: S608 -- SQL put together of this package's own constants

from collections.abc import Sequence
from typing import Final

from taskweir.domain.times import Instant
from taskweir.store.sqlite.transaction import Transaction


def reset(transaction: Transaction, project: str | None, now: Instant) -> Sequence[int]:
    """The uids of the queues that are gone. No statement grows with the number of tasks."""
    gone = [entry for entry in transaction.entries() if project in (None, entry.queue.name.project)]
    transaction.connection.execute(_RETIRE, (project, now))
    for statement in _FORGET:
        transaction.connection.execute(statement, (project,))
    for entry in gone:
        transaction.drop_queue(entry)
        transaction.retire(entry.queue.uid, entry.generation)
    transaction.drop_holds(project)
    return [entry.queue.uid for entry in gone]


_ITS: Final = "(?1 IS NULL OR project = ?1)"
# Neither tombstones nor history are left by what the sweep removes.
_RETIRE: Final = (
    "INSERT INTO retired_generation (generation, queue_uid, retired_at) "
    f"SELECT generation, uid, ?2 FROM queue WHERE {_ITS}"
)
_FORGET: Final[Sequence[str]] = (
    f"UPDATE retired_generation SET unrecorded = 0 WHERE {_ITS}",
    f"INSERT INTO gone_names (names) SELECT ifnull(names, uid) FROM queue WHERE {_ITS}",
    f"DELETE FROM policy WHERE queue_uid IN (SELECT uid FROM queue WHERE {_ITS})",
    *(
        f"DELETE FROM {table} WHERE {_ITS}"
        for table in ("queue", "queue_tombstone", "operation", "kms_key", "attempt", "finished_task")
    ),
)
