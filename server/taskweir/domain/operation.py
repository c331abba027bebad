"""A long-running operation of a batch call: done at its first reply, kept so that it can be asked for again."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from taskweir.domain.errors import Code, Detail
from taskweir.domain.model import Task
from taskweir.domain.names import OperationName, QueueName
from taskweir.domain.times import Instant


class BatchKind(enum.IntEnum):
    CREATE = 1
    DELETE = 2


class BatchState(enum.IntEnum):
    """The outcome over all requests of a batch; each API version has its own wire numbers for it."""

    SUCCEEDED = 1
    PARTIALLY_SUCCEEDED = 2
    FAILED = 3


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one request of a batch, or the whole, failed."""

    code: Code
    message: str
    details: Sequence[Detail] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """`failures` is keyed by the request's place in the batch; `tasks` are those created, in order, in the views
    that were asked for; `error` is set when not one request succeeded."""

    name: OperationName
    kind: BatchKind
    queue: QueueName
    start_time: Instant
    end_time: Instant
    state: BatchState
    failures: Mapping[int, Failure]
    tasks: Sequence[Task] = ()
    full_views: frozenset[int] = frozenset()
    error: Failure | None = None
