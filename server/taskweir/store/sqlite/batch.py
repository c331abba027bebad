"""One batch on the writer's thread: many callers' operations in one transaction.

Operations of a batch are all concurrent (none is answered before the next begins), so their order is ours to choose:
the kinds run one after the other, each with all its items at once, and claims come last, so that what a claim says
of the queue takes in everything the listener is told of with the same commit.
"""

import enum
import sqlite3
from asyncio import Future
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from taskweir.domain.errors import Refusal
from taskweir.effect import LostEffect
from taskweir.store.sqlite.transaction import Transaction
from taskweir.store.sqlite.trouble import reason_of


class Stage(enum.IntEnum):
    """When in a batch a kind runs; a reset has one of its own."""

    FINISH = 1
    PROBE = 2
    INSERT = 3
    WRITE = 4
    RESET = 5
    RELEASE = 6
    CLAIM = 7

    @property
    def writes(self) -> bool:
        """Those that do not, work while nothing can be written."""
        return self <= Stage.RESET


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of operation. `run` takes all the batch's items of the kind and gives a result for each, or an exception
    for an item that is refused, which then has changed nothing. What `run` raises undoes the batch."""

    stage: Stage
    run: Callable[[Transaction, Sequence[Any]], Sequence[Any]]
    one_statement_for: int = 0
    """Up to so many items are written by one statement, which needs no BEGIN and COMMIT around it."""


@dataclass(slots=True, eq=False)
class Op:
    """One caller's operation; `rows` is about how many it writes, `size` the bytes of their task bodies, `deadline` in
    seconds of the loop's clock. With an `effect` it is answered without being made."""

    kind: Kind
    item: Any
    rows: int
    size: int
    deadline: float | None
    future: "Future[Any]"
    effect: LostEffect | None = None


@dataclass(slots=True)
class Committed:
    """A transaction that was committed and the answers it gave: a result or an exception for each operation."""

    transaction: Transaction
    answers: Sequence[tuple[Op, Any]]
    changes: int


@dataclass(slots=True)
class Undone:
    """An operation that was carried out and rolled back, and the answer that it gave."""

    op: Op
    answer: Any


@dataclass(slots=True)
class Failed:
    """Operations that came to nothing; `reason` when that was the disk's fault."""

    ops: Sequence[Op]
    error: Exception
    reason: str | None


def run_calls(transaction: Transaction, calls: Sequence[Callable[[Transaction], Any]]) -> Sequence[Any]:
    """The `run` of kinds whose items are functions of their own, which may raise a Refusal."""
    answers: list[Any] = []
    for call in calls:
        changes = transaction.connection.total_changes
        try:
            answers.append(call(transaction))
        except Refusal as refusal:
            if transaction.connection.total_changes != changes:
                raise  # Too late to refuse it alone: it has written already, so all is undone and tried one by one.
            answers.append(refusal)
    return answers


def run_batch(
    connection: sqlite3.Connection, ops: Sequence[Op], begin: Callable[[sqlite3.Connection], Transaction]
) -> Sequence[Committed | Failed]:
    """All in one transaction; when that fails by the fault of one operation, each in a transaction of its own."""
    done = _run_in_one(connection, ops, begin)
    if isinstance(done, Committed) or len(ops) == 1:
        return [done]
    if done.reason is None:
        return [_run_in_one(connection, [op], begin) for op in ops]
    # The disk refuses writes. What writes nothing goes on.
    reading = [op for op in ops if not op.kind.stage.writes]
    if not reading or len(reading) == len(ops):
        return [done]
    writing = [op for op in ops if op.kind.stage.writes]
    return [Failed(writing, done.error, done.reason), _run_in_one(connection, reading, begin)]


def _run_in_one(
    connection: sqlite3.Connection, ops: Sequence[Op], begin: Callable[[sqlite3.Connection], Transaction]
) -> Committed | Failed:
    changes = connection.total_changes
    try:
        transaction = begin(connection)
        if _is_one_statement(ops):
            answers = _run_kinds(transaction, ops)
        else:
            writes = any(op.kind.stage.writes for op in ops)
            connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            answers = _run_kinds(transaction, ops)
            connection.execute("COMMIT")
    except (
        Exception
    ) as error:  # Whatever it is, it is the answer to these operations, and the thread goes on.
        _roll_back(connection)
        return Failed(ops, error, reason_of(error))
    return Committed(transaction, answers, connection.total_changes - changes)


def run_undone(
    connection: sqlite3.Connection, op: Op, begin: Callable[[sqlite3.Connection], Transaction]
) -> Undone | Failed:
    """One operation in a transaction of its own that is rolled back. It must not be published: nothing has changed,
    and what a transaction that fails leaves in memory does no harm (see Memory)."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        ((_, answer),) = _run_kinds(begin(connection), [op])
        connection.execute("ROLLBACK")
    except Exception as error:  # As in `_run_in_one`.
        _roll_back(connection)
        return Failed([op], error, reason_of(error))
    return Undone(op, answer)


def _is_one_statement(ops: Sequence[Op]) -> bool:
    kind = ops[0].kind
    return len(ops) <= kind.one_statement_for and all(op.kind is kind for op in ops)


def _run_kinds(transaction: Transaction, ops: Sequence[Op]) -> Sequence[tuple[Op, Any]]:
    by_kind: dict[Kind, list[Op]] = {}
    for op in ops:
        by_kind.setdefault(op.kind, []).append(op)
    answers: list[tuple[Op, Any]] = []
    for kind in sorted(by_kind, key=lambda kind: kind.stage):
        same = by_kind[kind]
        results = kind.run(transaction, [op.item for op in same])
        answers.extend(zip(same, results, strict=True))
    return answers


def _roll_back(connection: sqlite3.Connection) -> None:
    """SQLite has rolled back by itself after some errors, a full disk among them."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")
