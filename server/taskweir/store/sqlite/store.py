"""The store port on SQLite: every method hands its work to the writer's queue or to the reader."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, Self, TypeVar

from taskweir.clock import real_now
from taskweir.domain.errors import QueueNotFound, Refusal
from taskweir.domain.history import AttemptFilter, AttemptRecord, FinishedFilter, FinishedTask
from taskweir.domain.iam import Policy
from taskweir.domain.lifecycle import AttemptResult, Ending
from taskweir.domain.model import Queue, Task
from taskweir.domain.names import LocationName, OperationName, QueueName, TaskName
from taskweir.domain.operation import Operation
from taskweir.domain.times import Instant
from taskweir.store.base import Claim, ClaimRequest, LeaseRequest, Listener, Listing, Retention, SweepStep
from taskweir.store.sqlite import (
    attempts,
    backlog,
    claims,
    history_reads,
    inserts,
    operations,
    queues,
    settings,
    task_reads,
    tasks,
)
from taskweir.store.sqlite.batch import Kind, Stage, run_calls
from taskweir.store.sqlite.connection import Durability
from taskweir.store.sqlite.data_file import DataFile
from taskweir.store.sqlite.group_commit import GroupCommit
from taskweir.store.sqlite.lease_calls import LeaseCalls
from taskweir.store.sqlite.reads import Reads
from taskweir.store.sqlite.registry import Entry
from taskweir.store.sqlite.reset import reset
from taskweir.store.sqlite.sweep import sweep
from taskweir.store.sqlite.transaction import Transaction

T = TypeVar("T")


def _insert(transaction: Transaction, items: Sequence[tuple[Task, Instant]]) -> Sequence[Task | Refusal]:
    return inserts.insert_tasks(transaction, [task for task, _ in items], items[-1][1])


_FINISH: Final = Kind(Stage.FINISH, attempts.finish_attempts)
_INSERT: Final = Kind(Stage.INSERT, _insert, one_statement_for=inserts.MOST_AT_ONCE)
_WRITE: Final = Kind(Stage.WRITE, run_calls)
_RESET: Final = Kind(Stage.RESET, run_calls)
_RELEASE: Final = Kind(Stage.RELEASE, claims.release)
_CLAIM: Final = Kind(Stage.CLAIM, run_calls)


class SqliteStore:
    """Implements `taskweir.store.base.Store`; the one process that has the file open."""

    def __init__(
        self,
        file: DataFile,
        listener: Listener,
        on_trouble: Callable[[str | None], None],
        on_commit: Callable[[int], None],
        on_put_off: Callable[[str], Callable[[], None]],
    ) -> None:
        """Use `open`."""
        self._file = file
        self._reads = Reads(file.reader)
        self._memory = file.memory
        self._listener: Listener | None = listener
        self._closed = False
        self._commit = GroupCommit(
            file.writer,
            begin=partial(Transaction, memory=file.memory),
            publish=self._publish,
            after_commit=self._after_commit,
            on_trouble=on_trouble,
            on_commit=on_commit,
            on_put_off=on_put_off,
        )
        self._leases = LeaseCalls(self._commit, self._memory, self._reads.alone)

    @classmethod
    async def open(
        cls,
        path: str,
        *,
        listener: Listener,
        retention: Retention,
        durability: Durability = "full",
        on_trouble: Callable[[str | None], None],
        on_commit: Callable[[int], None] = lambda _operations: None,
        on_put_off: Callable[[str], Callable[[], None]] = lambda _project: lambda: None,
        wall_now: Callable[[], Instant] = real_now,
    ) -> Self:
        """Open a data file, or make it; `:memory:` keeps nothing. Raises DataFileRefused.

        `on_trouble` is told on the loop why nothing can be written, and None when it can be again; `on_commit` how
        many operations each commit carried; `on_put_off` as `PutOff` says. `wall_now` is asked on any thread, for the
        age of the history.
        """
        file = await DataFile.open(path, durability, retention, wall_now)
        return cls(file, listener, on_trouble, on_commit, on_put_off)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._listener = None
        await self._reads.close()
        await self._commit.close()
        await self._file.close()

    # queues

    async def get_queue(self, name: QueueName) -> Queue:
        return self._entry(name).queue

    async def list_queues(self, parent: LocationName, after: str, limit: int) -> Sequence[Queue]:
        return self._memory.registry.after(parent, after, limit)

    async def queues(self) -> Sequence[Queue]:
        return [entry.queue for entry in self._memory.registry.entries()]

    async def change_queue(
        self, name: QueueName, change: Callable[[Queue | None], Queue], now: Instant, *, revive: bool = False
    ) -> Queue:
        return await self._write(
            partial(queues.change_queue, name=name, change=change, now=now, revive=revive), now
        )

    async def change_queues(
        self,
        parent: LocationName,
        change: Callable[[Sequence[Queue]], Sequence[Queue]],
        now: Instant,
        *,
        revive: bool = False,
    ) -> None:
        await self._write(
            partial(queues.change_queues, parent=parent, change=change, now=now, revive=revive), now
        )

    async def delete_queue(self, name: QueueName, now: Instant) -> None:
        await self._write(partial(queues.delete_queue, name=name, now=now), now)

    async def purge_queue(self, name: QueueName, now: Instant, *, forget_names: bool) -> Queue:
        return await self._write(
            partial(queues.purge_queue, name=name, now=now, forget_names=forget_names), now
        )

    async def locations(self, project: str) -> Sequence[str]:
        return self._memory.registry.locations(project)

    # tasks

    async def insert_task(self, task: Task, now: Instant) -> Task:
        self._memory.now = now
        inserted: Task = await self._commit.submit(_INSERT, (task, now), task.body_size)
        return inserted

    async def get_task(self, name: TaskName, *, with_body: bool) -> Task:
        entry, now = self._entry(name.queue), self._memory.now
        task = await self._reads.shared(
            lambda raw: task_reads.get_task(raw, entry, name, now, with_body=with_body)
        )
        return self._memory.holds.show(task)

    async def list_tasks(
        self, queue: QueueName, after: str, limit: int, *, with_body: bool, max_bytes: int
    ) -> Listing:
        entry = self._entry(queue)
        listing = partial(task_reads.list_tasks, with_body=with_body, max_bytes=max_bytes)
        found = await self._reads.alone(lambda raw: listing(raw, entry, after, limit))
        return Listing(self._memory.holds.show_all(found.tasks), found.has_more)

    async def first_tasks(self, queue: QueueName, limit: int) -> Sequence[Task]:
        entry = self._entry(queue)
        found = await self._reads.alone(lambda raw: task_reads.first_tasks(raw, entry, limit))
        return self._memory.holds.show_all(found)

    async def delete_task(self, name: TaskName, now: Instant) -> None:
        await self._write(partial(tasks.delete_task, name=name, now=now), now)

    async def run_task(self, name: TaskName, now: Instant) -> Task:
        run = await self._write(partial(attempts.run_task, name=name, now=now), now)
        return run.task

    # leases

    async def lease(self, request: LeaseRequest, now: Instant) -> Sequence[Task]:
        self._memory.now = now
        return await self._leases.lease(request, now)

    async def change_lease(
        self,
        name: TaskName,
        change: Callable[[Task], Task | Ending],
        now: Instant,
        *,
        with_body: bool = False,
    ) -> Task | Ending:
        self._memory.now = now
        return await self._leases.change(name, change, now, wants_body=with_body)

    # batches

    async def insert_batch(
        self,
        name: OperationName,
        tasks: Sequence[Task | Refusal],
        finish: Callable[[Sequence[Task | Refusal]], Operation],
        now: Instant,
    ) -> Operation:
        size = sum(task.body_size for task in tasks if isinstance(task, Task))
        call = partial(operations.insert_batch, name=name, tasks=tasks, finish=finish, now=now)
        return await self._write(call, now, size, 1 + len(tasks))

    async def delete_batch(
        self,
        name: OperationName,
        tasks: Sequence[TaskName | Refusal],
        finish: Callable[[Sequence[Refusal | None]], Operation],
        now: Instant,
    ) -> Operation:
        call = partial(operations.delete_batch, name=name, tasks=tasks, finish=finish, now=now)
        return await self._write(call, now, rows=1 + len(tasks))

    async def get_operation(self, name: OperationName, now: Instant) -> Operation:
        return await self._reads.alone(lambda raw: operations.get_operation(raw, name, now))

    # dispatch

    async def due_queues(self) -> Sequence[tuple[int, Instant]]:
        due: Sequence[tuple[int, Instant]] = await self._commit.submit(_CLAIM, claims.due_queues)
        return due

    async def claim(self, requests: Sequence[ClaimRequest], now: Instant) -> Sequence[Claim]:
        self._memory.now = now
        future = self._commit.submit(_CLAIM, partial(claims.claim, requests=requests, now=now))
        try:
            claimed: Sequence[Claim] = await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(self._give_back)
            raise
        return claimed

    def _give_back(self, claimed: "asyncio.Future[Sequence[Claim]]") -> None:
        """Nobody waits for these tasks any more."""
        if claimed.cancelled() or claimed.exception() is not None or self._closed:
            return
        uids = [task.uid for claim in claimed.result() for task in claim.tasks]
        self._commit.submit(_RELEASE, uids).add_done_callback(asyncio.Future.exception)

    async def take_run(self, task_uid: int) -> Task | None:
        hold = self._memory.holds.get(task_uid)
        if hold is None or not hold.runs:
            return None
        entry = self._memory.registry.by_uid(hold.queue_uid)
        task = (
            None
            if entry is None
            else await self._reads.alone(lambda raw: task_reads.read_task(raw, entry, task_uid))
        )
        return attempts.take_run(self._memory, hold, task)

    async def begin_attempt(self, task: Task, now: Instant) -> Task | None:
        begun = attempts.begin_attempt(self._memory, task, now)
        if begun is None:
            await self.release([task])
        return begun

    async def finish_attempt(
        self, result: AttemptResult, now: Instant, record: AttemptRecord | None = None
    ) -> Ending | Instant | None:
        self._memory.now = now
        kept = record if self._memory.retention.history_size else None
        answer: Ending | Instant | None = await self._commit.submit(_FINISH, (result, now, kept))
        return answer

    async def release(self, tasks: Sequence[Task]) -> None:
        await self._commit.submit(_RELEASE, [task.uid for task in tasks])

    # history

    async def list_attempts(
        self, filter: AttemptFilter, after: int, limit: int, *, max_bytes: int
    ) -> Sequence[AttemptRecord]:
        return await self._reads.alone(partial(history_reads.list_attempts, filter, after, limit, max_bytes))

    async def list_finished_tasks(
        self, filter: FinishedFilter, after: int, limit: int, *, max_bytes: int
    ) -> Sequence[FinishedTask]:
        return await self._reads.alone(
            partial(history_reads.list_finished_tasks, filter, after, limit, max_bytes)
        )

    async def history_ends(self) -> tuple[int, int]:
        return await self._reads.alone(history_reads.history_ends)

    # what there is to do

    async def task_counts(self) -> Mapping[int, int]:
        counts = self._memory.counts
        if not counts.are_known:
            await self._commit.submit(_CLAIM, backlog.count_tasks)
        return {entry.queue.uid: counts.of(entry.generation) for entry in self._memory.registry.entries()}

    async def due_counts(self, queue_uids: Sequence[int], now: Instant, limit: int) -> Mapping[int, int]:
        entries = self._entries(queue_uids)
        in_flight = self._memory.holds.in_flight(set(queue_uids))
        return await self._reads.alone(lambda raw: backlog.due_counts(raw, entries, in_flight, now, limit))

    async def earliest_schedule_times(
        self, queue_uids: Collection[int] | None = None
    ) -> Mapping[int, Instant]:
        entries = self._memory.registry.entries() if queue_uids is None else self._entries(queue_uids)
        return await self._reads.alone(lambda raw: backlog.earliest(raw, entries))

    # the rest

    async def reset(self, project: str | None, now: Instant) -> Sequence[int]:
        def call(transaction: Transaction) -> Sequence[int]:
            transaction.after_commit(lambda: self._commit.forget_put_off(project))
            return reset(transaction, project, now)

        self._memory.now = now
        gone: Sequence[int] = await self._commit.submit(_RESET, call)
        return gone

    async def get_policy(self, queue: QueueName) -> Policy:
        uid = self._entry(queue).queue.uid
        return await self._reads.alone(lambda raw: settings.get_policy(raw, uid))

    async def set_policy(self, queue: QueueName, change: Callable[[Policy], Policy]) -> Policy:
        return await self._write(partial(settings.set_policy, queue=queue, change=change))

    async def get_kms_key(self, location: LocationName) -> str:
        return await self._reads.alone(lambda raw: settings.get_kms_key(raw, location))

    async def set_kms_key(self, location: LocationName, key: str) -> None:
        await self._write(partial(settings.set_kms_key, location=location, key=key))

    async def secret(self, name: str) -> bytes | None:
        return await self._reads.alone(lambda raw: settings.get_secret(raw, name))

    async def keep_secret(self, name: str, secret: bytes) -> bytes:
        return await self._write(partial(settings.keep_secret, name=name, secret=secret))

    @property
    def page_token_key(self) -> bytes:
        return self._file.token_key

    @property
    def trouble(self) -> str | None:
        return self._commit.trouble

    @property
    def commits(self) -> tuple[int, int]:
        """Transactions that were committed, and the operations they carried."""
        return self._commit.commits, self._commit.committed

    async def sweep(self, now: Instant, limit: int) -> SweepStep:
        return await self._write(partial(sweep, now=now, limit=limit), now, rows=limit)

    # inside

    def _entries(self, queue_uids: Collection[int]) -> Sequence[Entry]:
        """Of those that are there."""
        found = map(self._memory.registry.by_uid, queue_uids)
        return [entry for entry in found if entry is not None]

    def _entry(self, name: QueueName) -> Entry:
        entry = self._memory.registry.get(name)
        if entry is None:
            raise QueueNotFound
        return entry

    async def _write(
        self, call: Callable[[Transaction], T], now: Instant | None = None, size: int = 0, rows: int = 1
    ) -> T:
        if now is not None:
            self._memory.now = now
        answer: T = await self._commit.submit(_WRITE, call, size, rows)
        return answer

    def _publish(self, transaction: Transaction) -> None:
        transaction.publish(self._listener)

    async def _after_commit(self) -> None:
        if self._file.checkpoints is not None:
            await self._file.checkpoints.committed()
