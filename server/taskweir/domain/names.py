"""Resource names: projects/P/locations/L, …/queues/Q, …/queues/Q/tasks/T, …/operations/O.

The grammar is cloud-tasks-behaviour section 1 of the public documentation: ids are case sensitive, a queue id has no
underscore. Parsing returns None for what is malformed: which error that is depends on the call.
"""

import re
from typing import Final, Self

from taskweir.domain.value import value

_LOCATION: Final = re.compile(r"projects/([^/]+)/locations/([^/]+)")
_QUEUE: Final = re.compile(r"projects/([^/]+)/locations/([^/]+)/queues/([^/]+)")
_TASK: Final = re.compile(r"projects/([^/]+)/locations/([^/]+)/queues/([^/]+)/tasks/([^/]+)")
_OPERATION: Final = re.compile(r"projects/([^/]+)/locations/([^/]+)/operations/([^/]+)")
_CMEK_CONFIG: Final = re.compile(r"projects/([^/]+)/locations/([^/]+)/cmekConfig")

PROJECT_ID: Final = re.compile(r"[A-Za-z0-9:.-]{1,500}")
LOCATION_ID: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
QUEUE_ID: Final = re.compile(r"[A-Za-z0-9-]{1,100}")
TASK_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,500}")


@value
class LocationName:
    """A project's location; the parent of queues and operations."""

    project: str
    location: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        match = _LOCATION.fullmatch(text)
        return cls(*match.groups()) if match and _is_location(*match.groups()) else None

    @classmethod
    def parse_cmek_config(cls, text: str) -> Self | None:
        """The location whose singleton `…/cmekConfig` the text names."""
        match = _CMEK_CONFIG.fullmatch(text)
        return cls(*match.groups()) if match and _is_location(*match.groups()) else None

    def queue(self, queue_id: str) -> "QueueName":
        return QueueName(self.project, self.location, queue_id)

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"


@value
class QueueName:
    """A queue's full name. `parse` checks the shape only; `has_legal_id` the queue id's own rule."""

    project: str
    location: str
    id: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        match = _QUEUE.fullmatch(text)
        return cls(*match.groups()) if match and _is_location(match[1], match[2]) else None

    @property
    def has_legal_id(self) -> bool:
        return QUEUE_ID.fullmatch(self.id) is not None

    @property
    def parent(self) -> LocationName:
        return LocationName(self.project, self.location)

    def task(self, task_id: str) -> "TaskName":
        return TaskName(self, task_id)

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/queues/{self.id}"


@value
class TaskName:
    """A task's full name. `parse` checks the shape only; `has_legal_id` the task id's own rule."""

    queue: QueueName
    id: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        match = _TASK.fullmatch(text)
        if not match or not _is_location(match[1], match[2]):
            return None
        return cls(QueueName(match[1], match[2], match[3]), match[4])

    @property
    def has_legal_id(self) -> bool:
        return TASK_ID.fullmatch(self.id) is not None

    def __str__(self) -> str:
        queue = self.queue
        return f"projects/{queue.project}/locations/{queue.location}/queues/{queue.id}/tasks/{self.id}"


@value
class OperationName:
    """The name of a long-running operation, in the location of the batch call that made it."""

    location: LocationName
    id: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        match = _OPERATION.fullmatch(text)
        if not match or not _is_location(match[1], match[2]):
            return None
        return cls(LocationName(match[1], match[2]), match[3])

    def __str__(self) -> str:
        return f"{self.location}/operations/{self.id}"


def _is_location(project: str, location: str) -> bool:
    return PROJECT_ID.fullmatch(project) is not None and LOCATION_ID.fullmatch(location) is not None
