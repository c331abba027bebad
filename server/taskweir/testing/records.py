"""What the server tells of attempts, of tasks that are gone, and of what is left to do."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from taskweir.testing.headers import Headers


class Outcome(enum.StrEnum):
    """What became of one attempt's request."""

    SUCCEEDED = "SUCCEEDED"
    """A status from 200 to 299."""
    FAILED = "FAILED"
    """Any other status."""
    TIMED_OUT = "TIMED_OUT"
    """The dispatch deadline passed first."""
    NO_ANSWER = "NO_ANSWER"
    """The connection could not be made, or broke."""
    NOT_SENT = "NOT_SENT"
    """No request could be made at all."""


OutcomeName = Outcome | Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "NO_ANSWER", "NOT_SENT"]
"""As text, in upper or lower case."""


class Ending(enum.StrEnum):
    """Why a task is gone."""

    DONE = "DONE"
    """An attempt succeeded."""
    DELETED = "DELETED"
    """By DeleteTask or BatchDeleteTasks, or with its queue."""
    PURGED = "PURGED"
    OUT_OF_ATTEMPTS = "OUT_OF_ATTEMPTS"
    EXPIRED = "EXPIRED"
    """It reached the age at which tasks are dropped."""


EndingName = Ending | Literal["DONE", "DELETED", "PURGED", "OUT_OF_ATTEMPTS", "EXPIRED"]
"""As text, in upper or lower case."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that has ended. Times are those of the server's clock, in UTC."""

    task: str
    """The task's full name."""
    number: int
    """1 for the first dispatch of the task."""
    forced: bool
    """Whether RunTask asked for it."""
    schedule_time: datetime
    dispatch_time: datetime
    response_time: datetime
    outcome: Outcome
    request_line: str
    """As it went over the wire, such as `POST /mail?to=ada HTTP/1.1`."""
    headers: Headers
    """As sent, with tokens blacked out and very long values cut."""
    status: int | None
    """Of the answer; None when no whole answer came."""
    latency: timedelta
    """In real time, whatever the clock."""
    body_start: bytes
    """The answer's first bytes, at most 1 KiB."""
    error: str
    """What went wrong where no whole answer came."""
    ending: Ending | None
    """Why the task is gone, where this attempt ended it."""
    retry_time: datetime | None
    """When the task is tried again, where it is. Neither this nor an ending: the task was gone already."""

    @property
    def succeeded(self) -> bool:
        return self.outcome is Outcome.SUCCEEDED

    @property
    def queue(self) -> str:
        """The queue's full name."""
        return self.task.rpartition("/tasks/")[0]

    @property
    def task_id(self) -> str:
        """The last part of the task's name."""
        return self.task.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class FinishedTask:
    """A task that is gone. Times are those of the server's clock, in UTC."""

    name: str
    """The task's full name."""
    ending: Ending
    finish_time: datetime
    create_time: datetime
    dispatch_count: int
    """Attempts that were begun."""


@dataclass(frozen=True, slots=True)
class QueueLeft:
    """What a queue that is not idle still has to do."""

    queue: str
    """The queue's full name."""
    due: int
    """Tasks that are due, counted up to 1,000."""
    in_flight: int
    """Attempts whose answers are waited for."""
    next_due_time: datetime | None
    """When the queue can next dispatch a task; None when only attempts that end can tell."""

    def __str__(self) -> str:
        what = f"{self.queue}: {self.due} due, {self.in_flight} in flight"
        return f"{what}, next at {self.next_due_time.isoformat()}" if self.next_due_time else what


@dataclass(frozen=True, slots=True)
class ClockState:
    """What time the server goes by, whether it stands still, and when a task can next be dispatched."""

    time: datetime
    is_frozen: bool
    next_due: datetime | None


@dataclass(frozen=True, slots=True)
class FaultCounts:
    """How often a fault met a call or an attempt that it is about, and how often it acted."""

    matched: int
    acted: int
