from google.api import annotations_pb2 as _annotations_pb2
from taskweir_pb.v2 import cloudtasks_pb2 as _cloudtasks_pb2
from taskweir_pb.v2 import queue_pb2 as _queue_pb2
from taskweir_pb.v2 import task_pb2 as _task_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreatedTask(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: _task_pb2.Task
    def __init__(self, task: _Optional[_Union[_task_pb2.Task, _Mapping]] = ...) -> None: ...

class ConfigureQueueRequest(_message.Message):
    __slots__ = ("name", "rate_limits", "retry_config")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RATE_LIMITS_FIELD_NUMBER: _ClassVar[int]
    RETRY_CONFIG_FIELD_NUMBER: _ClassVar[int]
    name: str
    rate_limits: RateLimits
    retry_config: RetryConfig
    def __init__(self, name: _Optional[str] = ..., rate_limits: _Optional[_Union[RateLimits, _Mapping]] = ..., retry_config: _Optional[_Union[RetryConfig, _Mapping]] = ...) -> None: ...

class ConfiguredQueue(_message.Message):
    __slots__ = ("task_queue_config",)
    TASK_QUEUE_CONFIG_FIELD_NUMBER: _ClassVar[int]
    task_queue_config: TaskQueueConfig
    def __init__(self, task_queue_config: _Optional[_Union[TaskQueueConfig, _Mapping]] = ...) -> None: ...

class TaskQueueConfig(_message.Message):
    __slots__ = ("rate_limits", "retry_config")
    RATE_LIMITS_FIELD_NUMBER: _ClassVar[int]
    RETRY_CONFIG_FIELD_NUMBER: _ClassVar[int]
    rate_limits: RateLimits
    retry_config: RetryConfig
    def __init__(self, rate_limits: _Optional[_Union[RateLimits, _Mapping]] = ..., retry_config: _Optional[_Union[RetryConfig, _Mapping]] = ...) -> None: ...

class RateLimits(_message.Message):
    __slots__ = ("max_dispatches_per_second", "max_concurrent_dispatches")
    MAX_DISPATCHES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENT_DISPATCHES_FIELD_NUMBER: _ClassVar[int]
    max_dispatches_per_second: float
    max_concurrent_dispatches: int
    def __init__(self, max_dispatches_per_second: _Optional[float] = ..., max_concurrent_dispatches: _Optional[int] = ...) -> None: ...

class RetryConfig(_message.Message):
    __slots__ = ("max_attempts", "max_retry_seconds", "min_backoff_seconds", "max_backoff_seconds", "max_doublings")
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    MAX_RETRY_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MIN_BACKOFF_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MAX_BACKOFF_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MAX_DOUBLINGS_FIELD_NUMBER: _ClassVar[int]
    max_attempts: int
    max_retry_seconds: float
    min_backoff_seconds: float
    max_backoff_seconds: float
    max_doublings: int
    def __init__(self, max_attempts: _Optional[int] = ..., max_retry_seconds: _Optional[float] = ..., min_backoff_seconds: _Optional[float] = ..., max_backoff_seconds: _Optional[float] = ..., max_doublings: _Optional[int] = ...) -> None: ...
