import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import code_pb2 as _code_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    SUCCEEDED: _ClassVar[Outcome]
    FAILED: _ClassVar[Outcome]
    TIMED_OUT: _ClassVar[Outcome]
    NO_ANSWER: _ClassVar[Outcome]
    NOT_SENT: _ClassVar[Outcome]

class Ending(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENDING_UNSPECIFIED: _ClassVar[Ending]
    DONE: _ClassVar[Ending]
    DELETED: _ClassVar[Ending]
    PURGED: _ClassVar[Ending]
    OUT_OF_ATTEMPTS: _ClassVar[Ending]
    EXPIRED: _ClassVar[Ending]
OUTCOME_UNSPECIFIED: Outcome
SUCCEEDED: Outcome
FAILED: Outcome
TIMED_OUT: Outcome
NO_ANSWER: Outcome
NOT_SENT: Outcome
ENDING_UNSPECIFIED: Ending
DONE: Ending
DELETED: Ending
PURGED: Ending
OUT_OF_ATTEMPTS: Ending
EXPIRED: Ending

class GetClockRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class FreezeClockRequest(_message.Message):
    __slots__ = ("time",)
    TIME_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AdvanceClockRequest(_message.Message):
    __slots__ = ("duration", "timeout", "leave_in_flight")
    DURATION_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    LEAVE_IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    duration: _duration_pb2.Duration
    timeout: _duration_pb2.Duration
    leave_in_flight: bool
    def __init__(self, duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., leave_in_flight: bool = ...) -> None: ...

class JumpToNextRequest(_message.Message):
    __slots__ = ("timeout", "leave_in_flight")
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    LEAVE_IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    timeout: _duration_pb2.Duration
    leave_in_flight: bool
    def __init__(self, timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., leave_in_flight: bool = ...) -> None: ...

class ResumeClockRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Clock(_message.Message):
    __slots__ = ("time", "frozen", "next_due_time")
    TIME_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    NEXT_DUE_TIME_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    frozen: bool
    next_due_time: _timestamp_pb2.Timestamp
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., frozen: bool = ..., next_due_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WaitIdleRequest(_message.Message):
    __slots__ = ("parent", "timeout")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    parent: str
    timeout: _duration_pb2.Duration
    def __init__(self, parent: _Optional[str] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class WaitIdleResponse(_message.Message):
    __slots__ = ("idle", "left")
    IDLE_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    idle: bool
    left: _containers.RepeatedCompositeFieldContainer[QueueLeft]
    def __init__(self, idle: bool = ..., left: _Optional[_Iterable[_Union[QueueLeft, _Mapping]]] = ...) -> None: ...

class QueueLeft(_message.Message):
    __slots__ = ("queue", "due", "in_flight", "next_due_time")
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    IN_FLIGHT_FIELD_NUMBER: _ClassVar[int]
    NEXT_DUE_TIME_FIELD_NUMBER: _ClassVar[int]
    queue: str
    due: int
    in_flight: int
    next_due_time: _timestamp_pb2.Timestamp
    def __init__(self, queue: _Optional[str] = ..., due: _Optional[int] = ..., in_flight: _Optional[int] = ..., next_due_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ResetRequest(_message.Message):
    __slots__ = ("parent",)
    PARENT_FIELD_NUMBER: _ClassVar[int]
    parent: str
    def __init__(self, parent: _Optional[str] = ...) -> None: ...

class Header(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Attempt(_message.Message):
    __slots__ = ("task", "number", "forced", "schedule_time", "dispatch_time", "response_time", "outcome", "request_line", "headers", "http_status", "latency", "body_start", "error", "ending", "retry_time")
    TASK_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    FORCED_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_TIME_FIELD_NUMBER: _ClassVar[int]
    DISPATCH_TIME_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_TIME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_LINE_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    BODY_START_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ENDING_FIELD_NUMBER: _ClassVar[int]
    RETRY_TIME_FIELD_NUMBER: _ClassVar[int]
    task: str
    number: int
    forced: bool
    schedule_time: _timestamp_pb2.Timestamp
    dispatch_time: _timestamp_pb2.Timestamp
    response_time: _timestamp_pb2.Timestamp
    outcome: Outcome
    request_line: str
    headers: _containers.RepeatedCompositeFieldContainer[Header]
    http_status: int
    latency: _duration_pb2.Duration
    body_start: bytes
    error: str
    ending: Ending
    retry_time: _timestamp_pb2.Timestamp
    def __init__(self, task: _Optional[str] = ..., number: _Optional[int] = ..., forced: bool = ..., schedule_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., dispatch_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., response_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., request_line: _Optional[str] = ..., headers: _Optional[_Iterable[_Union[Header, _Mapping]]] = ..., http_status: _Optional[int] = ..., latency: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., body_start: _Optional[bytes] = ..., error: _Optional[str] = ..., ending: _Optional[_Union[Ending, str]] = ..., retry_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListAttemptsRequest(_message.Message):
    __slots__ = ("parent", "outcomes", "start_time", "end_time", "page_size", "page_token")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    parent: str
    outcomes: _containers.RepeatedScalarFieldContainer[Outcome]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, parent: _Optional[str] = ..., outcomes: _Optional[_Iterable[_Union[Outcome, str]]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAttemptsResponse(_message.Message):
    __slots__ = ("attempts", "next_page_token")
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    attempts: _containers.RepeatedCompositeFieldContainer[Attempt]
    next_page_token: str
    def __init__(self, attempts: _Optional[_Iterable[_Union[Attempt, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchAttemptsRequest(_message.Message):
    __slots__ = ("parent", "outcomes", "start_time")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    parent: str
    outcomes: _containers.RepeatedScalarFieldContainer[Outcome]
    start_time: _timestamp_pb2.Timestamp
    def __init__(self, parent: _Optional[str] = ..., outcomes: _Optional[_Iterable[_Union[Outcome, str]]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class FinishedTask(_message.Message):
    __slots__ = ("name", "ending", "finish_time", "create_time", "dispatch_count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENDING_FIELD_NUMBER: _ClassVar[int]
    FINISH_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DISPATCH_COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    ending: Ending
    finish_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    dispatch_count: int
    def __init__(self, name: _Optional[str] = ..., ending: _Optional[_Union[Ending, str]] = ..., finish_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., dispatch_count: _Optional[int] = ...) -> None: ...

class ListFinishedTasksRequest(_message.Message):
    __slots__ = ("parent", "endings", "start_time", "end_time", "page_size", "page_token")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    ENDINGS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    parent: str
    endings: _containers.RepeatedScalarFieldContainer[Ending]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    def __init__(self, parent: _Optional[str] = ..., endings: _Optional[_Iterable[_Union[Ending, str]]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListFinishedTasksResponse(_message.Message):
    __slots__ = ("finished_tasks", "next_page_token")
    FINISHED_TASKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    finished_tasks: _containers.RepeatedCompositeFieldContainer[FinishedTask]
    next_page_token: str
    def __init__(self, finished_tasks: _Optional[_Iterable[_Union[FinishedTask, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class WatchFinishedTasksRequest(_message.Message):
    __slots__ = ("parent", "endings", "start_time")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    ENDINGS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    parent: str
    endings: _containers.RepeatedScalarFieldContainer[Ending]
    start_time: _timestamp_pb2.Timestamp
    def __init__(self, parent: _Optional[str] = ..., endings: _Optional[_Iterable[_Union[Ending, str]]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Fault(_message.Message):
    __slots__ = ("name", "call", "attempt", "fail", "delay", "cut_off", "lose_effect", "answer_early", "deliver_twice", "times", "percent", "seed", "matched_count", "acted_count")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    FAIL_FIELD_NUMBER: _ClassVar[int]
    DELAY_FIELD_NUMBER: _ClassVar[int]
    CUT_OFF_FIELD_NUMBER: _ClassVar[int]
    LOSE_EFFECT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_EARLY_FIELD_NUMBER: _ClassVar[int]
    DELIVER_TWICE_FIELD_NUMBER: _ClassVar[int]
    TIMES_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    MATCHED_COUNT_FIELD_NUMBER: _ClassVar[int]
    ACTED_COUNT_FIELD_NUMBER: _ClassVar[int]
    name: str
    call: CallMatch
    attempt: AttemptMatch
    fail: Fail
    delay: Delay
    cut_off: CutOff
    lose_effect: LoseEffect
    answer_early: AnswerEarly
    deliver_twice: DeliverTwice
    times: int
    percent: float
    seed: int
    matched_count: int
    acted_count: int
    def __init__(self, name: _Optional[str] = ..., call: _Optional[_Union[CallMatch, _Mapping]] = ..., attempt: _Optional[_Union[AttemptMatch, _Mapping]] = ..., fail: _Optional[_Union[Fail, _Mapping]] = ..., delay: _Optional[_Union[Delay, _Mapping]] = ..., cut_off: _Optional[_Union[CutOff, _Mapping]] = ..., lose_effect: _Optional[_Union[LoseEffect, _Mapping]] = ..., answer_early: _Optional[_Union[AnswerEarly, _Mapping]] = ..., deliver_twice: _Optional[_Union[DeliverTwice, _Mapping]] = ..., times: _Optional[int] = ..., percent: _Optional[float] = ..., seed: _Optional[int] = ..., matched_count: _Optional[int] = ..., acted_count: _Optional[int] = ...) -> None: ...

class CallMatch(_message.Message):
    __slots__ = ("method", "parent")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    method: str
    parent: str
    def __init__(self, method: _Optional[str] = ..., parent: _Optional[str] = ...) -> None: ...

class AttemptMatch(_message.Message):
    __slots__ = ("parent", "target")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    parent: str
    target: str
    def __init__(self, parent: _Optional[str] = ..., target: _Optional[str] = ...) -> None: ...

class Fail(_message.Message):
    __slots__ = ("code", "message", "http_status", "after_effect")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
    AFTER_EFFECT_FIELD_NUMBER: _ClassVar[int]
    code: _code_pb2.Code
    message: str
    http_status: int
    after_effect: bool
    def __init__(self, code: _Optional[_Union[_code_pb2.Code, str]] = ..., message: _Optional[str] = ..., http_status: _Optional[int] = ..., after_effect: bool = ...) -> None: ...

class Delay(_message.Message):
    __slots__ = ("duration",)
    DURATION_FIELD_NUMBER: _ClassVar[int]
    duration: _duration_pb2.Duration
    def __init__(self, duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CutOff(_message.Message):
    __slots__ = ("after_effect",)
    AFTER_EFFECT_FIELD_NUMBER: _ClassVar[int]
    after_effect: bool
    def __init__(self, after_effect: bool = ...) -> None: ...

class LoseEffect(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AnswerEarly(_message.Message):
    __slots__ = ("delay",)
    DELAY_FIELD_NUMBER: _ClassVar[int]
    delay: _duration_pb2.Duration
    def __init__(self, delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DeliverTwice(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CreateFaultRequest(_message.Message):
    __slots__ = ("fault",)
    FAULT_FIELD_NUMBER: _ClassVar[int]
    fault: Fault
    def __init__(self, fault: _Optional[_Union[Fault, _Mapping]] = ...) -> None: ...

class ListFaultsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListFaultsResponse(_message.Message):
    __slots__ = ("faults",)
    FAULTS_FIELD_NUMBER: _ClassVar[int]
    faults: _containers.RepeatedCompositeFieldContainer[Fault]
    def __init__(self, faults: _Optional[_Iterable[_Union[Fault, _Mapping]]] = ...) -> None: ...

class DeleteFaultRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...
