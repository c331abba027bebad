"""Batch calls, and the operations that tell of them. A batch is done when it is answered."""

import asyncio
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.errors import Code, InvalidArgument, Refusal, quoted
from taskweir.domain.limits import MAX_BATCH_CREATE, MAX_BATCH_DELETE
from taskweir.domain.model import Task
from taskweir.domain.name_rules import operation_of, queue_of, task_of
from taskweir.domain.names import OperationName, QueueName, TaskName
from taskweir.domain.operation import BatchKind, BatchState, Failure, Operation
from taskweir.domain.times import Instant
from taskweir.domain.value import value
from taskweir.service.tasks import TaskService
from taskweir.store.base import Store

_MAX_REQUEST_ID: Final = 500
_AT_A_STRETCH: Final = 0.01
"""Seconds."""


@value
class BatchCreate:
    """One request of BatchCreateTasks; `refusal` is what is wrong with it already as it came over the wire."""

    parent: str
    draft: TaskDraft | None
    full: bool
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class BatchService:
    """Creates and deletes through the rules of TaskService, many in one transaction."""

    store: Store
    clock: Clock
    tasks: TaskService

    async def create(
        self, parent: str, count: int, requests: Iterable[BatchCreate], request_id: str
    ) -> Operation:
        """Create up to 100 tasks, each on its own: what is wrong with one does not stop the others. `requests`, of which
        there are `count`, are made as they are taken, and none is taken of a batch that is too large."""
        queue = queue_of(parent)
        _check_count(count, MAX_BATCH_CREATE)
        batch = list(requests)
        for request in batch:
            if request.parent != parent:
                raise InvalidArgument(
                    f"The parent of every request must be the same as the parent of the batch ('{quoted(parent)}')."
                )
        name = _operation_name(queue, request_id)
        start = self.clock.now()
        await self.store.get_queue(queue)
        tasks = await self._new_tasks(queue, batch)
        full_views = frozenset(index for index, request in enumerate(batch) if request.full)

        def finish(results: Sequence[Task | Refusal]) -> Operation:
            created = [(index, task) for index, task in enumerate(results) if isinstance(task, Task)]
            return _operation(
                name,
                BatchKind.CREATE,
                queue,
                start,
                self.clock.now(),
                _failures(results),
                count,
                tasks=[task for _, task in created],
                full_views=frozenset(
                    place for place, (index, _) in enumerate(created) if index in full_views
                ),
            )

        operation = await self.store.insert_batch(name, tasks, finish, self.clock.now())
        return _same_batch(operation, BatchKind.CREATE, queue)

    async def _new_tasks(self, queue: QueueName, batch: Sequence[BatchCreate]) -> Sequence[Task | Refusal]:
        """Large ones take long to measure, and others have their turn meanwhile."""
        loop = asyncio.get_running_loop()
        turn = loop.time()
        tasks: list[Task | Refusal] = []
        for request in batch:
            tasks.append(self._new_task(queue, request))
            if loop.time() - turn > _AT_A_STRETCH:
                await asyncio.sleep(0)
                turn = loop.time()
        return tasks

    def _new_task(self, queue: QueueName, request: BatchCreate) -> Task | Refusal:
        if request.refusal is not None:
            return request.refusal
        try:
            return self.tasks.new_task(queue, request.draft or TaskDraft())
        except Refusal as refusal:
            return refusal

    async def delete(self, parent: str, names: Sequence[str], request_id: str) -> Operation:
        """Delete up to 1000 tasks, each on its own."""
        queue = queue_of(parent)
        _check_count(len(names), MAX_BATCH_DELETE)
        operation_name = _operation_name(queue, request_id)
        start = self.clock.now()
        await self.store.get_queue(queue)
        tasks = [_task_in(queue, name) for name in names]

        def finish(results: Sequence[Refusal | None]) -> Operation:
            return _operation(
                operation_name,
                BatchKind.DELETE,
                queue,
                start,
                self.clock.now(),
                _failures(results),
                len(names),
            )

        operation = await self.store.delete_batch(operation_name, tasks, finish, self.clock.now())
        return _same_batch(operation, BatchKind.DELETE, queue)

    async def get_operation(self, name: str) -> Operation:
        return await self.store.get_operation(operation_of(name), self.clock.now())


def _check_count(count: int, largest: int) -> None:
    if count == 0:
        raise InvalidArgument("The batch has no requests.")
    if count > largest:
        raise InvalidArgument(f"The batch has {count} requests; the maximum is {largest}.")


def _operation_name(queue: QueueName, request_id: str) -> OperationName:
    """A repeated request id names the same operation again. In a path, a slash would end the name, and a colon begin a
    verb."""
    if len(request_id) > _MAX_REQUEST_ID or "/" in request_id or ":" in request_id:
        raise InvalidArgument(
            f"The request id must be at most {_MAX_REQUEST_ID} characters, without slashes and colons."
        )
    return OperationName(queue.parent, request_id or str(uuid.uuid4()))


def _same_batch(operation: Operation, kind: BatchKind, queue: QueueName) -> Operation:
    """The operation, unless it is an earlier one of something else: then nothing was done, which must be told."""
    if operation.kind is not kind or operation.queue != queue:
        raise InvalidArgument(f"The request id '{operation.name.id}' was used for another batch.")
    return operation


def _task_in(queue: QueueName, name: str) -> TaskName | Refusal:
    """The task that is to be deleted, or why it cannot be."""
    try:
        task = task_of(name)
    except Refusal as refusal:
        return refusal
    if task.queue != queue:
        return InvalidArgument(
            f"The queue name from request ('{queue}') must be the same as the queue name "
            f"in the named task ('{quoted(str(task.queue))}')."
        )
    return task


def _failures(results: Sequence[object]) -> Mapping[int, Failure]:
    return {
        index: Failure(result.code, result.message, result.details)
        for index, result in enumerate(results)
        if isinstance(result, Refusal)
    }


def _operation(
    name: OperationName,
    kind: BatchKind,
    queue: QueueName,
    start: Instant,
    end: Instant,
    failures: Mapping[int, Failure],
    count: int,
    *,
    tasks: Sequence[Task] = (),
    full_views: frozenset[int] = frozenset(),
) -> Operation:
    """The error of a batch of which nothing succeeded: documented for deletions, taken over for creations."""
    metadata = "BatchCreateTasksMetadata" if kind is BatchKind.CREATE else "BatchDeleteTasksMetadata"
    error = Failure(
        Code.ABORTED,
        f"None of the requests succeeded, refer to {metadata}.failed_requests for individual error details",
    )
    return Operation(
        name=name,
        kind=kind,
        queue=queue,
        start_time=start,
        end_time=end,
        state=_state(len(failures), count),
        failures=failures,
        tasks=tasks,
        full_views=full_views,
        error=error if len(failures) == count else None,
    )


def _state(failed: int, count: int) -> BatchState:
    if failed == 0:
        return BatchState.SUCCEEDED
    return BatchState.FAILED if failed == count else BatchState.PARTIALLY_SUCCEEDED
