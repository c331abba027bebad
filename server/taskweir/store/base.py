"""The store port: where queues and tasks live. Each method is one transaction, answered after its commit.

A store is told `now`; it reads no clock but the real one, for the age of the history. Methods raise
`taskweir.domain.errors.Refusal`s, among them `Unavailable` when nothing can be written and `DeadlineExceeded` for a
write whose caller's deadline passed while it waited (see `taskweir.deadline`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from taskweir.domain.errors import Refusal
from taskweir.domain.history import AttemptFilter, AttemptRecord, FinishedFilter, FinishedTask
from taskweir.domain.iam import Policy
from taskweir.domain.lease_filter import LeaseFilter
from taskweir.domain.lifecycle import AttemptResult, Ending
from taskweir.domain.model import Queue, Task
from taskweir.domain.names import LocationName, OperationName, QueueName, TaskName
from taskweir.domain.operation import Operation
from taskweir.domain.times import Instant, Micros


@dataclass(frozen=True, slots=True)
class Listing:
    """Some tasks of a queue, and whether more come after them."""

    tasks: Sequence[Task]
    has_more: bool


class Listener(Protocol):
    """Told of what was committed, on the event loop, in the order of the commits. Must not block or raise."""

    def task_due(self, queue_uid: int, at: Instant) -> None:
        """A task of this queue can be claimed from this time on."""
        ...

    def run_requested(self, queue_uid: int, task_uid: int) -> None:
        """RunTask was committed for this task, and the attempt is counted: take it with `take_run`."""
        ...

    def queue_changed(self, queue: Queue) -> None:
        """A queue was made or changed (settings, state, purge)."""
        ...

    def queue_gone(self, queue_uid: int) -> None:
        """A queue was deleted."""
        ...

    def last_lease_ends(self, at: Instant) -> None:
        """A pull task that may not be leased again is dropped at this time, unless its lease is changed."""
        ...

    def history_grew(self) -> None:
        """Attempts or finished tasks were recorded."""
        ...


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """How much of a queue's due work is wanted: at most `limit` tasks and about `max_bytes` of bodies."""

    queue_uid: int
    limit: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a queue gave: tasks due now with their bodies, in order of schedule time, each held until its attempt is
    finished or it is released; and when the queue has more: a time (already past when a limit cut the claim), or
    None."""

    queue_uid: int
    tasks: Sequence[Task]
    next_due: Instant | None


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """Up to `limit` tasks that can be leased and pass the filter, of which about `max_bytes` of payload come with them;
    `until` is when the leases end, not past LATEST. No lease has an end that the holder of another was told, wherever
    the clock goes: a task that was leased before may have a later one than `until`, as `ToldEnds` says."""

    queue: QueueName
    limit: int
    max_bytes: int
    until: Instant
    filter: LeaseFilter
    with_body: bool


@dataclass(frozen=True, slots=True)
class SweepStep:
    """What a step of sweeping left: `more` to do at once, else the time something falls due, if anything will; and a
    time before which no task reaches the age at which it is dropped: of all that is swept, only that is seen from
    outside. A pull task that may not be leased again goes when its lease ends, as if it reached its age then."""

    more: bool
    next_due: Instant | None
    next_expiry: Instant | None


class Store(Protocol):
    """See the module. Names that are given are well-formed."""

    # queues

    async def get_queue(self, name: QueueName) -> Queue:
        """Raises QueueNotFound."""
        ...

    async def list_queues(self, parent: LocationName, after: str, limit: int) -> Sequence[Queue]:
        """Queues in order of their ids, from the first id greater than `after`."""
        ...

    async def queues(self) -> Sequence[Queue]:
        """Every queue there is, for the worker to begin with."""
        ...

    async def change_queue(
        self, name: QueueName, change: Callable[[Queue | None], Queue], now: Instant, *, revive: bool = False
    ) -> Queue:
        """Store what `change` makes of the queue, None where there is none. What `change` raises, is raised.

        Raises QueueTombstoned when a queue would be made whose name was deleted within the queue tombstone time,
        unless `revive`.
        """
        ...

    async def change_queues(
        self,
        parent: LocationName,
        change: Callable[[Sequence[Queue]], Sequence[Queue]],
        now: Instant,
        *,
        revive: bool = False,
    ) -> None:
        """Store what `change` makes of a location's queues, all of it or nothing: the queues it returns are made or
        changed, the others stay as they are. Raises as `change_queue` does."""
        ...

    async def delete_queue(self, name: QueueName, now: Instant) -> None:
        """Delete a queue and all it holds. Raises NotFound."""
        ...

    async def purge_queue(self, name: QueueName, now: Instant, *, forget_names: bool) -> Queue:
        """Drop every task in the queue; their names stay blocked. With `forget_names` they do not, nor does any name
        the queue had before; it is the same queue in either case. Raises QueueNotFound."""
        ...

    async def locations(self, project: str) -> Sequence[str]:
        """Ids of the locations in which the project has a queue."""
        ...

    # tasks

    async def insert_task(self, task: Task, now: Instant) -> Task:
        """Returns the task with its uid. Raises QueueNotFound, TaskExists, TaskTombstoned, and InvalidArgument for a
        pull task in a push queue or the other way round."""
        ...

    async def get_task(self, name: TaskName, *, with_body: bool) -> Task:
        """An attempt in flight shows in the task. Raises QueueNotFound, TaskNotFound, TaskGone."""
        ...

    async def list_tasks(
        self, queue: QueueName, after: str, limit: int, *, with_body: bool, max_bytes: int
    ) -> Listing:
        """Tasks in order of their ids, from the first id greater than `after`: at most `limit`, and of those as many
        as take about `max_bytes` together (at least one, if there is any). Raises QueueNotFound."""
        ...

    async def first_tasks(self, queue: QueueName, limit: int) -> Sequence[Task]:
        """At most `limit` tasks in order of schedule time, without their bodies. Raises QueueNotFound."""
        ...

    async def delete_task(self, name: TaskName, now: Instant) -> None:
        """Raises QueueNotFound, TaskNotFound, TaskGone."""
        ...

    async def run_task(self, name: TaskName, now: Instant) -> Task:
        """Count an attempt that starts now, hold the task for it, and tell the listener. Its schedule time becomes
        now. Returns the task, without its body. Raises QueueNotFound, TaskNotFound, TaskGone, and InvalidArgument for a
        pull task."""
        ...

    # leases

    async def lease(self, request: LeaseRequest, now: Instant) -> Sequence[Task]:
        """Lease what can be leased of a pull queue, in order of schedule time: each such task's schedule time becomes
        `until`, its dispatch count grows by one. Tasks that were leased as often as their retry config, or else the
        queue's, allows are out of attempts, and end; that may take several transactions. Bodies may be read after the
        last of them: a task that was deleted by then is left out. Raises QueueNotFound, and FailedPrecondition where
        the queue is no pull queue, or not RUNNING."""
        ...

    async def change_lease(
        self,
        name: TaskName,
        change: Callable[[Task], Task | Ending],
        now: Instant,
        *,
        with_body: bool = False,
    ) -> Task | Ending:
        """Store what `change` makes of a pull task: another schedule time, no more than in `lease` one that the holder
        of another lease was told, or its ending. What `change` raises, is raised. Raises QueueNotFound, TaskNotFound,
        TaskGone, and FailedPrecondition in a queue that is no pull queue, or of a lease that nobody holds."""
        ...

    # batches, which are done when they are answered

    async def insert_batch(
        self,
        name: OperationName,
        tasks: Sequence[Task | Refusal],
        finish: Callable[[Sequence[Task | Refusal]], Operation],
        now: Instant,
    ) -> Operation:
        """Insert each task that is not already refused, and keep the operation that `finish` makes of the results,
        all in one transaction. An operation already kept under this name is returned instead, and nothing is done.
        """
        ...

    async def delete_batch(
        self,
        name: OperationName,
        tasks: Sequence[TaskName | Refusal],
        finish: Callable[[Sequence[Refusal | None]], Operation],
        now: Instant,
    ) -> Operation:
        """As `insert_batch`, for deletions."""
        ...

    async def get_operation(self, name: OperationName, now: Instant) -> Operation:
        """Raises NotFound, also when its time of keeping is over."""
        ...

    # dispatch

    async def due_queues(self) -> Sequence[tuple[int, Instant]]:
        """For each queue with a task that nobody holds: its uid and the earliest schedule time."""
        ...

    async def claim(self, requests: Sequence[ClaimRequest], now: Instant) -> Sequence[Claim]:
        """Hold due tasks of RUNNING push queues. A queue that is not RUNNING, or is gone, gives none."""
        ...

    async def take_run(self, task_uid: int) -> Task | None:
        """A task that RunTask holds, with its body and the attempt counted; None when it is gone."""
        ...

    async def begin_attempt(self, task: Task, now: Instant) -> Task | None:
        """Count an attempt of a claimed task that starts now; None, and the hold ends, when since it was claimed
        the task was deleted, purged or run, or its queue paused or deleted. A store whose only process this is may
        keep the count in memory."""
        ...

    async def finish_attempt(
        self, result: AttemptResult, now: Instant, record: AttemptRecord | None = None
    ) -> Ending | Instant | None:
        """Record an attempt and end its hold: how the task ended, when it is tried again, or None when it was gone
        already. `record` goes into the history with the same commit, unless none is kept or the attempt is from before
        a reset. Raises Unavailable; the hold then stays, and the call is to be repeated."""
        ...

    async def release(self, tasks: Sequence[Task]) -> None:
        """Give up claimed tasks of which no attempt was begun."""
        ...

    # history, in the order in which it was recorded

    async def list_attempts(
        self, filter: AttemptFilter, after: int, limit: int, *, max_bytes: int
    ) -> Sequence[AttemptRecord]:
        """Attempts from the first id greater than `after`: at most `limit`, and of those as many as take about
        `max_bytes` together (at least one, if there is any)."""
        ...

    async def list_finished_tasks(
        self, filter: FinishedFilter, after: int, limit: int, *, max_bytes: int
    ) -> Sequence[FinishedTask]:
        """Finished tasks from the first id greater than `after`, as many as `list_attempts` would give."""
        ...

    async def history_ends(self) -> tuple[int, int]:
        """The ids of the latest attempt and the latest finished task that were recorded, 0 for none. No id is used
        again, not even after a reset."""
        ...

    # what there is to do

    async def task_counts(self) -> Mapping[int, int]:
        """How many tasks each queue has, by its uid. Counted once in the life of a process, then kept."""
        ...

    async def due_counts(self, queue_uids: Sequence[int], now: Instant, limit: int) -> Mapping[int, int]:
        """How many tasks of each of these queues are due and not in flight, counted up to `limit`."""
        ...

    async def earliest_schedule_times(
        self, queue_uids: Collection[int] | None = None
    ) -> Mapping[int, Instant]:
        """Of each of these queues (None: of all) that has a task, by its uid, the earliest schedule time."""
        ...

    # the rest

    async def reset(self, project: str | None, now: Instant) -> Sequence[int]:
        """Forget all of a project, or of every project: queues, tasks, tombstones, operations, policies, keys and
        history. The holds of its tasks are dropped at once, and what its attempts in flight bring changes nothing.
        The uids of the queues that are gone, of which the listener is told too."""
        ...

    async def get_policy(self, queue: QueueName) -> Policy:
        """Raises QueueNotFound."""
        ...

    async def set_policy(self, queue: QueueName, change: Callable[[Policy], Policy]) -> Policy:
        """Store what `change` makes of the policy. Raises QueueNotFound and what `change` raises."""
        ...

    async def get_kms_key(self, location: LocationName) -> str:
        """Empty when none was set."""
        ...

    async def set_kms_key(self, location: LocationName, key: str) -> None: ...

    async def secret(self, name: str) -> bytes | None:
        """A secret of the server that was kept under this name. No reset forgets it."""
        ...

    async def keep_secret(self, name: str, secret: bytes) -> bytes:
        """Keep a small secret, unless there is one under this name already. Returns the one that is kept."""
        ...

    @property
    def page_token_key(self) -> bytes:
        """The secret that page tokens are signed with, made once and kept."""
        ...

    @property
    def trouble(self) -> str | None:
        """Why writes are refused at present, or None. It is over when as much as the largest task fits again."""
        ...

    async def sweep(self, now: Instant, limit: int) -> SweepStep:
        """Remove at most `limit` rows that are past their time: tombstones, kept operations, tasks past their
        retention, history, what purges and deletions left. Of a purge or deletion those tasks that are more than
        10,000 may go into the history only now, under the time of that."""
        ...

    async def close(self) -> None:
        """Finish waiting writes and close. Nothing is told to the listener any more."""
        ...


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept: names of finished tasks, names of deleted queues, tasks, operations; the history, in
    real time from when it was recorded; and how many attempts and how many finished tasks the history keeps, 0 for
    none."""

    task_tombstone: Micros
    queue_tombstone: Micros
    task: Micros
    operation: Micros
    history: Micros = 0
    history_size: int = 0
