"""Which names a call takes, and production's answer to those it does not."""

from functools import lru_cache
from typing import Final

from taskweir.domain.errors import (
    ErrorInfo,
    Help,
    InvalidArgument,
    LocalizedMessage,
    PermissionDenied,
    quoted,
)
from taskweir.domain.names import TASK_ID, LocationName, OperationName, QueueName, TaskName

_REFERENCE: Final = "https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues"
_QUEUE_NAME_HELP: Final = Help("Definition of queue name", f"{_REFERENCE}#Queue.FIELDS.name")
_TASK_ID_HELP: Final = Help("Definition of task ID", f"{_REFERENCE}.tasks#Task.FIELDS.name")
_INVALID_RESOURCE: Final = "Invalid resource field value in the request."


def location_of(text: str) -> LocationName:
    """A call's parent that must be a location."""
    name = LocationName.parse(text)
    if name is not None:
        return name
    if text and not text.startswith("projects/"):
        raise _no_such_consumer(text)
    raise InvalidArgument(_INVALID_RESOURCE)


def _no_such_consumer(text: str) -> PermissionDenied:
    """Production takes the text for a project of which the caller may know nothing."""
    project = quoted(text)
    message = f"Permission denied on resource project {project}."
    info = {
        "consumer": f"projects/{project}",
        "containerInfo": project,
        "service": "cloudtasks.googleapis.com",
    }
    return PermissionDenied(
        message,
        ErrorInfo("CONSUMER_INVALID", "googleapis.com", info),
        LocalizedMessage("en-US", message),
        Help("Google developers console", "https://console.developers.google.com"),
    )


@lru_cache(maxsize=4_096)
def queue_of(text: str) -> QueueName:
    """The queue a call works on. Remembered, since many calls name few queues."""
    name = QueueName.parse(text)
    if name is None:
        raise InvalidArgument(_INVALID_RESOURCE)
    return _with_legal_id(name)


def task_of(text: str) -> TaskName:
    """The task a call works on. With a legal id, only what is before it can be wrong, and is remembered where it is
    not: a fifth of the time."""
    queue, _, task_id = text.rpartition("/tasks/")
    if TASK_ID.fullmatch(task_id):
        return queue_of(queue).task(task_id)
    name = TaskName.parse(text)
    if name is None:
        raise InvalidArgument(_INVALID_RESOURCE)
    _with_legal_id(name.queue)
    return _task_with_legal_id(name)


def operation_of(text: str) -> OperationName:
    name = OperationName.parse(text)
    if name is None:
        raise InvalidArgument(_INVALID_RESOURCE)
    return name


def cmek_location_of(text: str) -> LocationName:
    """The location whose CMEK config a call names."""
    name = LocationName.parse_cmek_config(text)
    if name is None:
        raise InvalidArgument(_INVALID_RESOURCE)
    return name


def queue_in_body(text: str) -> QueueName:
    """The name of a queue that is to be made or changed."""
    name = QueueName.parse(text)
    if name is None:
        raise InvalidArgument(
            'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".',
            _QUEUE_NAME_HELP,
        )
    return _with_legal_id(name)


def task_in_body(text: str, queue: QueueName) -> TaskName:
    """The name of a task that is to be made in the queue. Mostly it begins with that queue's."""
    before, _, task_id = text.rpartition("/tasks/")
    if before == str(queue) and TASK_ID.fullmatch(task_id):
        return queue.task(task_id)
    name = TaskName.parse(text)
    if name is None:
        raise InvalidArgument(
            'Task name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>'
            '/tasks/<TASK_ID>"'
        )
    if name.queue != queue:
        raise InvalidArgument(
            f"The queue name from request ('{quoted(str(queue))}') must be the same as the queue name "
            f"in the named task ('{quoted(str(name.queue))}')."
        )
    return _task_with_legal_id(name)


def _with_legal_id(name: QueueName) -> QueueName:
    if not name.has_legal_id:
        raise InvalidArgument(
            f'Queue ID "{quoted(name.id)}" can contain only letters ([A-Za-z]), numbers ([0-9]), or hyphens (-). '
            "Queue ID must be between 1 and 100 characters."
        )
    return name


def _task_with_legal_id(name: TaskName) -> TaskName:
    if not name.has_legal_id:
        raise InvalidArgument(
            f'Task ID "{quoted(name.id)}" can contain only letters ([A-Za-z]), numbers ([0-9]), hyphens (-), '
            "or underscores (_). Task ID must between 1 and 500 characters.",
            _TASK_ID_HELP,
        )
    return name
