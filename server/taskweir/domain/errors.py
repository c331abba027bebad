"""What a call can be refused with.

    Refusal                      a call that changes nothing; code, message, details
    ├── InvalidArgument
    ├── QueueNotFound, QueueExists, QueueTombstoned
    ├── TaskNotFound, TaskGone, TaskExists, TaskTombstoned
    ├── FailedPrecondition, NotFound, Aborted, PermissionDenied, Unauthenticated
    ├── DeadlineExceeded         the caller's deadline passed before the write began
    ├── ResourceExhausted        as much of something as there may be is there already
    └── Unavailable              the store cannot write, or too much is waiting

Messages are production's where `production-answers` records them. A refusal is the caller's to mend; anything else
that is raised is our bug.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

QUOTED_LIMIT = 1_000
"""Input quoted in a message is cut to this many characters: trailers past 16 KiB do not reach gRPC clients."""


class Code(enum.IntEnum):
    """google.rpc.Code."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


@dataclass(frozen=True, slots=True)
class Help:
    """google.rpc.Help with one link."""

    description: str
    url: str


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """google.rpc.ErrorInfo."""

    reason: str
    domain: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocalizedMessage:
    """google.rpc.LocalizedMessage."""

    locale: str
    message: str


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """What is wrong with one field, which a dotted path names."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class BadRequest:
    """google.rpc.BadRequest."""

    violations: tuple[FieldViolation, ...]


Detail = Help | ErrorInfo | LocalizedMessage | BadRequest


def quoted(text: str) -> str:
    """The text as it may stand in a message: cut, with a mark, past QUOTED_LIMIT characters."""
    return text if len(text) <= QUOTED_LIMIT else text[:QUOTED_LIMIT] + "…"


class Refusal(Exception):
    """A call refused; it changed nothing."""

    code: ClassVar[Code]
    text: ClassVar[str] = ""

    def __init__(self, message: str | None = None, *details: Detail) -> None:
        self.message = self.text if message is None else message
        self.details = details
        super().__init__(self.message)


class InvalidArgument(Refusal):
    code = Code.INVALID_ARGUMENT


class FailedPrecondition(Refusal):
    code = Code.FAILED_PRECONDITION


class Aborted(Refusal):
    code = Code.ABORTED


class PermissionDenied(Refusal):
    code = Code.PERMISSION_DENIED


class Unauthenticated(Refusal):
    code = Code.UNAUTHENTICATED


class NotFound(Refusal):
    code = Code.NOT_FOUND
    text = "Requested entity was not found."


class QueueNotFound(NotFound):
    """The queue a call works on does not exist, or was deleted recently."""

    text = "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."


class QueueExists(Refusal):
    code = Code.ALREADY_EXISTS
    text = "Queue already exists"


class QueueTombstoned(FailedPrecondition):
    text = "The queue cannot be created because a queue with this name existed too recently."


class TaskNotFound(NotFound):
    """No such task, and none lately."""


class TaskGone(NotFound):
    """The task finished or was deleted lately: its tombstone is still there."""

    text = (
        "The task no longer exists, though a task with this name existed recently. "
        "The task either successfully completed or was deleted."
    )


class TaskExists(Refusal):
    code = Code.ALREADY_EXISTS
    text = "Requested entity already exists"


class TaskTombstoned(Refusal):
    code = Code.ALREADY_EXISTS
    text = (
        "The task cannot be created because a task with this name existed too recently. "
        "For more information about task de-duplication see https://cloud.google.com/tasks/docs/reference/rest/v2/"
        "projects.locations.queues.tasks/create#body.request_body.FIELDS.task."
    )


class DeadlineExceeded(Refusal):
    code = Code.DEADLINE_EXCEEDED
    text = "The request's deadline passed before it was carried out."


class ResourceExhausted(Refusal):
    code = Code.RESOURCE_EXHAUSTED


class Unavailable(Refusal):
    code = Code.UNAVAILABLE
