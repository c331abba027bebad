"""Attempts: counted when they begin, recorded when they finish."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from taskweir.domain import lifecycle
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.history import AttemptRecord
from taskweir.domain.lifecycle import AttemptResult, Ending
from taskweir.domain.model import QueueState, QueueType, Task
from taskweir.domain.names import TaskName
from taskweir.domain.times import Instant
from taskweir.store.sqlite.history import Recorded, record_attempts
from taskweir.store.sqlite.holds import Hold, with_begun
from taskweir.store.sqlite.memory import Memory
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.rows import GENERATION, UID, task_of
from taskweir.store.sqlite.task_reads import read_rows
from taskweir.store.sqlite.tasks import end_tasks, find_task, update_tasks
from taskweir.store.sqlite.transaction import Transaction

Finish = tuple[AttemptResult, Instant, AttemptRecord | None]
"""A result to record, now, and what goes into the history, if anything does."""

_Ended = tuple[int, int, Instant | None]
"""An attempt that was recorded, by the uids of its task and queue, and when it is tried again."""


def begin_attempt(memory: Memory, task: Task, now: Instant) -> Task | None:
    """On the loop. None when the claim is void; it is then still to be released."""
    hold = memory.holds.get(task.uid)
    entry = memory.registry.by_uid(task.queue_uid)
    if hold is None or not hold.claimed or hold.dead or hold.stale or entry is None:
        return None
    if entry.queue.state is not QueueState.RUNNING:
        return None
    begun = lifecycle.begin_attempt(hold.shown_in(task), now)
    assert begun.last_attempt is not None
    # In this order: on the writer's thread a claim may look in between, and must find the task held.
    hold.begin(begun.dispatch_count, begun.last_attempt)
    hold.claimed = False
    return begun


@dataclass(slots=True)
class Run:
    """What RunTask answers with; known only once it is published, when the attempt's number is."""

    task: Task


def run_task(transaction: Transaction, name: TaskName, now: Instant) -> Run:
    entry, stored = find_task(transaction, name, now)
    if entry.queue.type is QueueType.PULL:
        raise InvalidArgument("RunTask cannot be called on a pull task.")
    shown = transaction.memory.holds.show(stored)
    begun = lifecycle.begin_attempt(replace(shown, schedule_time=now), now)
    update_tasks(transaction.connection, [begun])
    transaction.take([begun.uid])
    run = Run(begun)
    transaction.after_commit(lambda: _hold_run(transaction.memory, entry, run))
    transaction.run_requested(entry.queue.uid, begun.uid)
    return run


def _hold_run(memory: Memory, entry: Entry, run: Run) -> None:
    task = run.task
    assert task.last_attempt is not None
    hold = memory.holds.hold(task.uid, entry.queue.uid, entry.generation, task.name)
    hold.schedule_time = task.schedule_time
    hold.stale = hold.claimed
    begun = hold.begin(task.dispatch_count, task.last_attempt)
    hold.runs.append(begun)
    run.task = replace(task, dispatch_count=begun[0])


def take_run(memory: Memory, hold: Hold, task: Task | None) -> Task | None:
    """On the loop: the next of RunTask's attempts that nobody took, of the task as it was read just now."""
    if not hold.runs:
        return None  # While it was read, the task was deleted, or another took the run.
    begun = hold.runs.pop(0)
    if task is None or hold.dead:
        hold.attempts -= 1
        memory.holds.drop_if_over(hold)
        return None
    return with_begun(task, begun)


def finish_attempts(
    transaction: Transaction, finishes: Sequence[Finish]
) -> Sequence[Ending | Instant | None]:
    """How each task ended, or when it is tried again, or None when it was gone already."""
    books = _Books(transaction, finishes)
    answers = [books.finish(result, now) for result, now, _ in finishes]
    books.write(finishes[-1][1])
    records: list[Recorded] = []
    ended: list[_Ended] = []
    for (result, _, record), answer in zip(finishes, answers, strict=True):
        uid, queue_uid = result.task_uid, result.queue_uid
        if record is not None and transaction.is_in_flight(uid):
            records.append((record, answer))
        transaction.end_attempt(uid)
        if answer is None or isinstance(answer, Ending):
            ended.append((uid, queue_uid, None))
        else:
            ended.append((uid, queue_uid, answer))
            transaction.memory.lower_cursor(queue_uid, (answer, uid))
    transaction.after_commit(partial(_end_attempts, transaction, ended))
    if records:
        record_attempts(transaction, records)
    return answers


class _Books:
    """What a batch of results makes of its tasks, settled in memory and then written at once.

    A held task that succeeded is deleted unread: its hold knows its name, and that it is still there.
    """

    __slots__ = ("_changed", "_ended", "_rows", "_transaction", "_unread")

    def __init__(self, transaction: Transaction, finishes: Sequence[Finish]) -> None:
        self._transaction = transaction
        self._changed: dict[int, Task] = {}
        self._ended: dict[int, tuple[str, Entry, Ending]] = {}
        self._unread: dict[int, Hold] = {}
        """What holds a task that succeeded."""
        unknown: set[int] = set()
        for result, _, _ in finishes:
            uid = result.task_uid
            hold = transaction.memory.holds.get(uid)
            if result.answer.succeeded and hold is not None and transaction.has_task(hold):
                self._unread[uid] = hold
            else:
                unknown.add(uid)
        rows = read_rows(transaction.connection, list(unknown), with_body=False) if unknown else ()
        self._rows = {row[UID]: row for row in rows}

    def finish(self, result: AttemptResult, now: Instant) -> Ending | Instant | None:
        uid, entry = result.task_uid, self._transaction.entry_by_uid(result.queue_uid)
        if entry is None or uid in self._ended:
            return None
        if result.answer.succeeded and uid in self._unread:
            return self._end(uid, self._unread[uid].name.id, entry, Ending.DONE)
        task = self._task(uid, entry)
        if task is None:
            return None
        outcome = lifecycle.finish_attempt(task, result, entry.queue.retry_config, now)
        if isinstance(outcome, Ending):
            return self._end(uid, task.name.id, entry, outcome)
        self._changed[uid] = outcome
        return outcome.schedule_time

    def _task(self, uid: int, entry: Entry) -> Task | None:
        if uid in self._changed:
            return self._changed[uid]
        row = self._rows.get(uid)
        if row is None or row[GENERATION] != entry.generation:
            return None
        return task_of(row, entry.queue.name, entry.queue.uid)

    def _end(self, uid: int, task_id: str, entry: Entry, ending: Ending) -> Ending:
        self._changed.pop(uid, None)
        self._ended[uid] = (task_id, entry, ending)
        return ending

    def write(self, now: Instant) -> None:
        if self._ended:
            end_tasks(self._transaction, [(uid, *ended) for uid, ended in self._ended.items()], now)
        if self._changed:
            update_tasks(self._transaction.connection, list(self._changed.values()))


def _end_attempts(transaction: Transaction, ended: Sequence[_Ended]) -> None:
    """On the loop, after the commit."""
    memory = transaction.memory
    for uid, queue_uid, retry_at in ended:
        hold = memory.holds.get(uid)
        due = retry_at if hold is None else _end_in_hold(memory, hold, retry_at)
        if due is not None:
            transaction.task_due(queue_uid, due)


def _end_in_hold(memory: Memory, hold: Hold, retry_at: Instant | None) -> Instant | None:
    """When the task is due, if nothing else holds it and it is still there."""
    if retry_at is not None:
        hold.schedule_time = retry_at
        hold.stale = hold.claimed
    hold.attempts = max(0, hold.attempts - 1)
    if not memory.holds.drop_if_over(hold) or hold.dead:
        return None
    return hold.schedule_time
