"""Operations of batch calls, kept for a while so that they can be asked for again."""

import sqlite3
from collections.abc import Callable, Sequence

from taskweir.domain.errors import Code, Detail, ErrorInfo, Help, LocalizedMessage, NotFound, Refusal
from taskweir.domain.model import Task
from taskweir.domain.names import OperationName, QueueName, TaskName
from taskweir.domain.operation import BatchKind, BatchState, Failure, Operation
from taskweir.domain.times import Instant
from taskweir.store.sqlite.inserts import insert_tasks
from taskweir.store.sqlite.rows import Json, decode, encode, quoted, row_text, task_of
from taskweir.store.sqlite.tasks import delete_tasks
from taskweir.store.sqlite.transaction import Transaction


def insert_batch(
    transaction: Transaction,
    name: OperationName,
    tasks: Sequence[Task | Refusal],
    finish: Callable[[Sequence[Task | Refusal]], Operation],
    now: Instant,
) -> Operation:
    kept = find_operation(transaction.connection, name, now)
    if kept is not None:
        return kept
    wanted = [task for task in tasks if isinstance(task, Task)]
    done = iter(insert_tasks(transaction, wanted, now) if wanted else ())
    return _keep(
        transaction, finish([task if isinstance(task, Refusal) else next(done) for task in tasks]), now
    )


def delete_batch(
    transaction: Transaction,
    name: OperationName,
    tasks: Sequence[TaskName | Refusal],
    finish: Callable[[Sequence[Refusal | None]], Operation],
    now: Instant,
) -> Operation:
    kept = find_operation(transaction.connection, name, now)
    if kept is not None:
        return kept
    done = iter(delete_tasks(transaction, [task for task in tasks if isinstance(task, TaskName)], now))
    return _keep(
        transaction, finish([task if isinstance(task, Refusal) else next(done) for task in tasks]), now
    )


def _keep(transaction: Transaction, operation: Operation, now: Instant) -> Operation:
    name = operation.name
    transaction.connection.execute(
        "INSERT OR REPLACE INTO operation (project, location, id, expires_at, content) VALUES (?, ?, ?, ?, ?)",
        (
            name.location.project,
            name.location.location,
            name.id,
            now + transaction.memory.retention.operation,
            _content(operation),
        ),
    )
    return operation


def find_operation(connection: sqlite3.Connection, name: OperationName, now: Instant) -> Operation | None:
    row = connection.execute(
        "SELECT content FROM operation WHERE project = ? AND location = ? AND id = ? AND expires_at > ?",
        (name.location.project, name.location.location, name.id, now),
    ).fetchone()
    return None if row is None else _operation_of(name, decode(row[0]))


def get_operation(connection: sqlite3.Connection, name: OperationName, now: Instant) -> Operation:
    operation = find_operation(connection, name, now)
    if operation is None:
        raise NotFound
    return operation


def _content(operation: Operation) -> str:
    """Its tasks in a piece each: in one, those of a batch with large bodies would hold the interpreter's lock for long."""
    tasks = ",".join([_task_text(task) for task in operation.tasks])
    return f'{encode(_operation_json(operation))[:-1]},"tasks":[{tasks}]}}'


def _operation_json(operation: Operation) -> Json:
    """All but the tasks."""
    return {
        "kind": int(operation.kind),
        "queue": operation.queue.id,
        "start": operation.start_time,
        "end": operation.end_time,
        "state": int(operation.state),
        "failures": [[place, _failure_json(failure)] for place, failure in operation.failures.items()],
        "full_views": sorted(operation.full_views),
        "error": None if operation.error is None else _failure_json(operation.error),
    }


def _operation_of(name: OperationName, value: Json) -> Operation:
    return Operation(
        name=name,
        kind=BatchKind(value["kind"]),
        queue=name.location.queue(value["queue"]),
        start_time=value["start"],
        end_time=value["end"],
        state=BatchState(value["state"]),
        failures={place: _failure_of(failure) for place, failure in value["failures"]},
        tasks=tuple(_task_of(task) for task in value["tasks"]),
        full_views=frozenset(value["full_views"]),
        error=None if value["error"] is None else _failure_of(value["error"]),
    )


def _task_text(task: Task) -> str:
    queue = task.name.queue
    return f"[{quoted(queue.project)},{quoted(queue.location)},{quoted(queue.id)},{task.queue_uid},{row_text(task)}]"


def _task_of(value: Json) -> Task:
    project, location, queue_id, queue_uid, row = value
    return task_of(row, QueueName(project, location, queue_id), queue_uid)


def _failure_json(failure: Failure) -> Json:
    return [int(failure.code), failure.message, [_detail_json(detail) for detail in failure.details]]


def _failure_of(value: Json) -> Failure:
    code, message, details = value
    return Failure(Code(code), message, tuple(_detail_of(detail) for detail in details))


def _detail_json(detail: Detail) -> Json:
    match detail:
        case Help(description, url):
            return ["help", description, url]
        case ErrorInfo(reason, domain, metadata):
            return ["error_info", reason, domain, dict(metadata)]
        case LocalizedMessage(locale, message):
            return ["localized_message", locale, message]


def _detail_of(value: Json) -> Detail:
    match value:
        case ["help", description, url]:
            return Help(description, url)
        case ["error_info", reason, domain, metadata]:
            return ErrorInfo(reason, domain, metadata)
        case ["localized_message", locale, message]:
            return LocalizedMessage(locale, message)
        case _:
            raise ValueError(f"a stored error detail of an unknown kind: {value!r}")
