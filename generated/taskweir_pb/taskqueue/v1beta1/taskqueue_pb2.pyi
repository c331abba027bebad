from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from taskweir_pb.taskqueue.v1beta2 import taskqueue_pb2 as _taskqueue_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LeaseTasksRequest(_message.Message):
    __slots__ = ("project", "taskqueue", "num_tasks", "lease_secs")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    TASKQUEUE_FIELD_NUMBER: _ClassVar[int]
    NUM_TASKS_FIELD_NUMBER: _ClassVar[int]
    LEASE_SECS_FIELD_NUMBER: _ClassVar[int]
    project: str
    taskqueue: str
    num_tasks: int
    lease_secs: int
    def __init__(self, project: _Optional[str] = ..., taskqueue: _Optional[str] = ..., num_tasks: _Optional[int] = ..., lease_secs: _Optional[int] = ...) -> None: ...

class Task(_message.Message):
    __slots__ = ("kind", "id", "queue_name", "payload_base64", "enqueue_timestamp", "lease_timestamp")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    QUEUE_NAME_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_BASE64_FIELD_NUMBER: _ClassVar[int]
    ENQUEUE_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    LEASE_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    kind: str
    id: str
    queue_name: str
    payload_base64: bytes
    enqueue_timestamp: int
    lease_timestamp: int
    def __init__(self, kind: _Optional[str] = ..., id: _Optional[str] = ..., queue_name: _Optional[str] = ..., payload_base64: _Optional[bytes] = ..., enqueue_timestamp: _Optional[int] = ..., lease_timestamp: _Optional[int] = ...) -> None: ...

class Tasks(_message.Message):
    __slots__ = ("kind", "items")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    items: _containers.RepeatedCompositeFieldContainer[Task]
    def __init__(self, kind: _Optional[str] = ..., items: _Optional[_Iterable[_Union[Task, _Mapping]]] = ...) -> None: ...

class Tasks2(_message.Message):
    __slots__ = ("kind", "items")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    items: _containers.RepeatedCompositeFieldContainer[Task]
    def __init__(self, kind: _Optional[str] = ..., items: _Optional[_Iterable[_Union[Task, _Mapping]]] = ...) -> None: ...
