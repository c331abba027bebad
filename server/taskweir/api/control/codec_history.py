"""Attempts and finished tasks of taskweir.control.v1, and how they are asked for."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, TypeAlias, TypeVar

from taskweir.api.control.codec_request import optional_instant, scope
from taskweir.api.convert import enum_number, enum_value, put_instant, put_micros
from taskweir.domain.history import AttemptFilter, AttemptRecord, FinishedFilter, FinishedTask, Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.times import LATEST
from taskweir_pb.control.v1 import control_pb2 as pb

_PACKAGE: Final = "taskweir.control.v1"

_AttemptsRequest: TypeAlias = pb.ListAttemptsRequest | pb.WatchAttemptsRequest
_FinishedTasksRequest: TypeAlias = pb.ListFinishedTasksRequest | pb.WatchFinishedTasksRequest

E = TypeVar("E", bound=IntEnum)


def attempt_filter(request: _AttemptsRequest) -> AttemptFilter:
    """Raises InvalidArgument."""
    return AttemptFilter(
        scope=scope("parent", request.parent, of_task=True),
        outcomes=_values(Outcome, request.outcomes, "outcomes"),
        start=_start(request),
        end=_end(request) if isinstance(request, pb.ListAttemptsRequest) else LATEST + 1,
    )


def finished_filter(request: _FinishedTasksRequest) -> FinishedFilter:
    """Raises InvalidArgument."""
    return FinishedFilter(
        scope=scope("parent", request.parent, of_task=True),
        endings=_values(Ending, request.endings, "endings"),
        start=_start(request),
        end=_end(request) if isinstance(request, pb.ListFinishedTasksRequest) else LATEST + 1,
    )


def _values(kind: type[E], numbers: Iterable[int], path: str) -> frozenset[E]:
    return frozenset(enum_value(kind, number, path, f"{_PACKAGE}.{kind.__name__}") for number in numbers)


def _start(request: _AttemptsRequest | _FinishedTasksRequest) -> int:
    given = request.HasField("start_time")
    return optional_instant("start_time", request.start_time, given=given, default=-LATEST)


def _end(request: pb.ListAttemptsRequest | pb.ListFinishedTasksRequest) -> int:
    given = request.HasField("end_time")
    return optional_instant("end_time", request.end_time, given=given, default=LATEST + 1)


def attempt_message(record: AttemptRecord) -> pb.Attempt:
    message = pb.Attempt(
        task=str(record.task),
        number=record.number,
        forced=record.forced,
        outcome=enum_number(record.outcome),
        request_line=record.request_line,
        headers=[pb.Header(name=name, value=value) for name, value in record.headers],
        http_status=record.http_status or 0,
        body_start=record.body_start,
        error=record.error,
    )
    put_instant(message.schedule_time, record.schedule_time)
    put_instant(message.dispatch_time, record.dispatch_time)
    put_instant(message.response_time, record.response_time)
    put_micros(message.latency, record.latency)
    if record.ending is not None:
        message.ending = enum_number(record.ending)
    if record.retry_at is not None:
        put_instant(message.retry_time, record.retry_at)
    return message


def finished_message(finished: FinishedTask) -> pb.FinishedTask:
    message = pb.FinishedTask(
        name=str(finished.name),
        ending=enum_number(finished.ending),
        dispatch_count=finished.dispatch_count,
    )
    put_instant(message.finish_time, finished.finish_time)
    put_instant(message.create_time, finished.create_time)
    return message
