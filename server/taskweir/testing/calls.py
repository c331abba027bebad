"""The calls of the control API: requests made of plain values, and answers read as plain values.

Nothing here waits, so that the blocking and the asynchronous side share it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Generic, Protocol, Self, TypeVar

from google.protobuf.message import Message

from taskweir.testing.headers import Headers
from taskweir.testing.records import (
    Attempt,
    ClockState,
    Ending,
    FaultCounts,
    FinishedTask,
    Outcome,
    QueueLeft,
)
from taskweir.testing.times import Moment, Span, as_timedelta, duration, moment, timestamp
from taskweir_pb.control.v1 import control_pb2 as pb

__tracebackhide__ = True  # what a test is told of is its own line

T = TypeVar("T")

_PAGE_SIZE = 1_000


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A method, its request, and what is made of its answer, or of each message of a stream.

    `takes` is how long the server may take over it on purpose.
    """

    method: str
    request: Message
    read: Callable[[Any], T]
    takes: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list, and the token of the next part, empty at the end."""

    items: Sequence[T]
    next_token: str


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A call that is made again for each further page."""

    call: Call[Page[T]]

    def after(self, page: Page[T]) -> Self:
        request = type(self.call.request)()
        request.CopyFrom(self.call.request)
        request.page_token = page.next_token  # type: ignore[attr-defined] # every list request has one
        return replace(self, call=replace(self.call, request=request))


class HasName(Protocol):
    """A queue or a task of the SDK."""

    name: str


Within = str | HasName
"""A project, location, queue or task: its full name, or the SDK's object that has it."""


def full_name(within: Within) -> str:
    return within if isinstance(within, str) else within.name


# The clock.


def clock() -> Call[ClockState]:
    return Call("GetClock", pb.GetClockRequest(), _clock_state)


def freeze(at: Moment | None) -> Call[ClockState]:
    time = None if at is None else timestamp(at)
    return Call("FreezeClock", pb.FreezeClockRequest(time=time), _clock_state)


def advance(by: timedelta, timeout: Span, *, leave_in_flight: bool) -> Call[ClockState]:
    request = pb.AdvanceClockRequest(
        duration=duration(by), timeout=duration(timeout), leave_in_flight=leave_in_flight
    )
    return Call("AdvanceClock", request, _clock_state, as_timedelta(timeout))


def jump(timeout: Span, *, leave_in_flight: bool) -> Call[ClockState]:
    request = pb.JumpToNextRequest(timeout=duration(timeout), leave_in_flight=leave_in_flight)
    return Call("JumpToNext", request, _clock_state, as_timedelta(timeout))


def resume() -> Call[ClockState]:
    return Call("ResumeClock", pb.ResumeClockRequest(), _clock_state)


def _clock_state(found: pb.Clock) -> ClockState:
    next_due = moment(found.next_due_time) if found.HasField("next_due_time") else None
    return ClockState(moment(found.time), found.frozen, next_due)


# Waiting and resetting.


def wait_idle(within: str, timeout: Span) -> Call[Sequence[QueueLeft]]:
    """The answer is empty when all is idle."""
    request = pb.WaitIdleRequest(parent=within, timeout=duration(timeout))
    return Call("WaitIdle", request, _left, as_timedelta(timeout))


def _left(found: pb.WaitIdleResponse) -> Sequence[QueueLeft]:
    return [
        QueueLeft(
            queue=left.queue,
            due=left.due,
            in_flight=left.in_flight,
            next_due_time=moment(left.next_due_time) if left.HasField("next_due_time") else None,
        )
        for left in found.left
    ]


def reset(within: str) -> Call[None]:
    return Call("Reset", pb.ResetRequest(parent=within), _nothing)


def _nothing(_found: Message) -> None:
    return None


# History.


def attempts(
    within: str, outcomes: Iterable[str], since: Moment | None, until: Moment | None
) -> Listing[Attempt]:
    request = pb.ListAttemptsRequest(
        parent=within,
        outcomes=list(outcomes),
        start_time=None if since is None else timestamp(since),
        end_time=None if until is None else timestamp(until),
        page_size=_PAGE_SIZE,
    )
    return Listing(Call("ListAttempts", request, _attempt_page))


def watch_attempts(within: str, outcomes: Iterable[str], since: Moment | None) -> Call[Attempt]:
    request = pb.WatchAttemptsRequest(
        parent=within,
        outcomes=list(outcomes),
        start_time=None if since is None else timestamp(since),
    )
    return Call("WatchAttempts", request, _attempt)


def finished_tasks(
    within: str, endings: Iterable[str], since: Moment | None, until: Moment | None
) -> Listing[FinishedTask]:
    request = pb.ListFinishedTasksRequest(
        parent=within,
        endings=list(endings),
        start_time=None if since is None else timestamp(since),
        end_time=None if until is None else timestamp(until),
        page_size=_PAGE_SIZE,
    )
    return Listing(Call("ListFinishedTasks", request, _finished_page))


def watch_finished_tasks(within: str, endings: Iterable[str], since: Moment | None) -> Call[FinishedTask]:
    request = pb.WatchFinishedTasksRequest(
        parent=within,
        endings=list(endings),
        start_time=None if since is None else timestamp(since),
    )
    return Call("WatchFinishedTasks", request, _finished_task)


def any_of(words: str | Iterable[str] | None, kind: type[StrEnum]) -> list[str]:
    """One word, several, or none, as `word_of` has each."""
    if words is None:
        return []
    known, what = [str(word) for word in kind], kind.__name__.lower()
    return [word_of(word, known, what) for word in ([words] if isinstance(words, str) else words)]


def word_of(given: str, known: Sequence[str], what: str) -> str:
    """A word as the protocol has it, given in upper or lower case. Raises ValueError for one that there is not."""
    word = given.upper()
    if word not in known:
        raise ValueError(f"there is no {what} {given!r}: it is one of {', '.join(known)}")
    return word


def _attempt_page(found: pb.ListAttemptsResponse) -> Page[Attempt]:
    return Page([_attempt(attempt) for attempt in found.attempts], found.next_page_token)


def _attempt(found: pb.Attempt) -> Attempt:
    return Attempt(
        task=found.task,
        number=found.number,
        forced=found.forced,
        schedule_time=moment(found.schedule_time),
        dispatch_time=moment(found.dispatch_time),
        response_time=moment(found.response_time),
        outcome=Outcome(pb.Outcome.Name(found.outcome)),
        request_line=found.request_line,
        headers=Headers((header.name, header.value) for header in found.headers),
        status=found.http_status or None,
        latency=found.latency.ToTimedelta(),
        body_start=found.body_start,
        error=found.error,
        ending=Ending(pb.Ending.Name(found.ending)) if found.ending else None,
        retry_time=moment(found.retry_time) if found.HasField("retry_time") else None,
    )


def _finished_page(found: pb.ListFinishedTasksResponse) -> Page[FinishedTask]:
    return Page([_finished_task(task) for task in found.finished_tasks], found.next_page_token)


def _finished_task(found: pb.FinishedTask) -> FinishedTask:
    return FinishedTask(
        name=found.name,
        ending=Ending(pb.Ending.Name(found.ending)),
        finish_time=moment(found.finish_time),
        create_time=moment(found.create_time),
        dispatch_count=found.dispatch_count,
    )


# Faults.


def create_fault(fault: pb.Fault) -> Call[str]:
    """The answer is the fault's name."""
    return Call("CreateFault", pb.CreateFaultRequest(fault=fault), _name)


def fault_counts(name: str) -> Call[FaultCounts | None]:
    """The answer is None for a fault that the server no longer knows."""

    def read(found: pb.ListFaultsResponse) -> FaultCounts | None:
        for fault in found.faults:
            if fault.name == name:
                return FaultCounts(fault.matched_count, fault.acted_count)
        return None

    return Call("ListFaults", pb.ListFaultsRequest(), read)


def delete_fault(name: str) -> Call[None]:
    return Call("DeleteFault", pb.DeleteFaultRequest(name=name), _nothing)


def _name(found: pb.Fault) -> str:
    return found.name
