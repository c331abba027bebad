from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetTaskqueueRequest(_message.Message):
    __slots__ = ("project", "taskqueue", "get_stats")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    TASKQUEUE_FIELD_NUMBER: _ClassVar[int]
    GET_STATS_FIELD_NUMBER: _ClassVar[int]
    project: str
    taskqueue: str
    get_stats: bool
    def __init__(self, project: _Optional[str] = ..., taskqueue: _Optional[str] = ..., get_stats: bool = ...) -> None: ...

class DeleteTaskRequest(_message.Message):
    __slots__ = ("project", "taskqueue", "task")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    TASKQUEUE_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    project: str
    taskqueue: str
    task: str
    def __init__(self, project: _Optional[str] = ..., taskqueue: _Optional[str] = ..., task: _Optional[str] = ...) -> None: ...

class GetTaskRequest(_message.Message):
    __slots__ = ("project", "taskqueue", "task")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    TASKQUEUE_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    project: str
    taskqueue: str
    task: str
    def __init__(self, project: _Optional[str] = ..., taskqueue: _Optional[str] = ..., task: _Optional[str] = ...) -> None: ...

class InsertTaskRequest(_message.Message):
    __slots__ = ("project", "taskqueue", "body")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    TASKQUEUE_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    project: str
    taskqueue: str
    body: Task
    def __init__(self, project: _Optional[str] = ..., taskqueue: _Optional[str] = ..., body: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class LeaseTasksRequest(_message.Message):
    __slots__ = ("project", "taskqueue", "num_tasks", "lease_secs", "group_by_tag", "tag")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    TASKQUEUE_FIELD_NUMBER: _ClassVar[int]
    NUM_TASKS_FIELD_NUMBER: _ClassVar[int]
    LEASE_SECS_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_TAG_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    project: str
    taskqueue: str
    num_tasks: int
    lease_secs: int
    group_by_tag: bool
    tag: str
    def __init__(self, project: _Optional[str] = ..., taskqueue: _Optional[str] = ..., num_tasks: _Optional[int] = ..., lease_secs: _Optional[int] = ..., group_by_tag: bool = ..., tag: _Optional[str] = ...) -> None: ...

class ListTasksRequest(_message.Message):
    __slots__ = ("project", "taskqueue")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    TASKQUEUE_FIELD_NUMBER: _ClassVar[int]
    project: str
    taskqueue: str
    def __init__(self, project: _Optional[str] = ..., taskqueue: _Optional[str] = ...) -> None: ...

class UpdateTaskRequest(_message.Message):
    __slots__ = ("project", "taskqueue", "task", "new_lease_seconds", "body")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    TASKQUEUE_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    NEW_LEASE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    project: str
    taskqueue: str
    task: str
    new_lease_seconds: int
    body: Task
    def __init__(self, project: _Optional[str] = ..., taskqueue: _Optional[str] = ..., task: _Optional[str] = ..., new_lease_seconds: _Optional[int] = ..., body: _Optional[_Union[Task, _Mapping]] = ...) -> None: ...

class Task(_message.Message):
    __slots__ = ("kind", "id", "queue_name", "payload_base64", "enqueue_timestamp", "lease_timestamp", "retry_count", "tag")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    QUEUE_NAME_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_BASE64_FIELD_NUMBER: _ClassVar[int]
    ENQUEUE_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    LEASE_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    RETRY_COUNT_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    kind: str
    id: str
    queue_name: str
    payload_base64: bytes
    enqueue_timestamp: int
    lease_timestamp: int
    retry_count: int
    tag: str
    def __init__(self, kind: _Optional[str] = ..., id: _Optional[str] = ..., queue_name: _Optional[str] = ..., payload_base64: _Optional[bytes] = ..., enqueue_timestamp: _Optional[int] = ..., lease_timestamp: _Optional[int] = ..., retry_count: _Optional[int] = ..., tag: _Optional[str] = ...) -> None: ...

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

class TaskQueue(_message.Message):
    __slots__ = ("kind", "id", "max_leases", "acl", "stats")
    class Acl(_message.Message):
        __slots__ = ("admin_emails", "consumer_emails", "producer_emails")
        ADMIN_EMAILS_FIELD_NUMBER: _ClassVar[int]
        CONSUMER_EMAILS_FIELD_NUMBER: _ClassVar[int]
        PRODUCER_EMAILS_FIELD_NUMBER: _ClassVar[int]
        admin_emails: _containers.RepeatedScalarFieldContainer[str]
        consumer_emails: _containers.RepeatedScalarFieldContainer[str]
        producer_emails: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, admin_emails: _Optional[_Iterable[str]] = ..., consumer_emails: _Optional[_Iterable[str]] = ..., producer_emails: _Optional[_Iterable[str]] = ...) -> None: ...
    class Stats(_message.Message):
        __slots__ = ("total_tasks", "oldest_task", "leased_last_minute", "leased_last_hour")
        TOTAL_TASKS_FIELD_NUMBER: _ClassVar[int]
        OLDEST_TASK_FIELD_NUMBER: _ClassVar[int]
        LEASED_LAST_MINUTE_FIELD_NUMBER: _ClassVar[int]
        LEASED_LAST_HOUR_FIELD_NUMBER: _ClassVar[int]
        total_tasks: int
        oldest_task: int
        leased_last_minute: int
        leased_last_hour: int
        def __init__(self, total_tasks: _Optional[int] = ..., oldest_task: _Optional[int] = ..., leased_last_minute: _Optional[int] = ..., leased_last_hour: _Optional[int] = ...) -> None: ...
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    MAX_LEASES_FIELD_NUMBER: _ClassVar[int]
    ACL_FIELD_NUMBER: _ClassVar[int]
    STATS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    id: str
    max_leases: int
    acl: TaskQueue.Acl
    stats: TaskQueue.Stats
    def __init__(self, kind: _Optional[str] = ..., id: _Optional[str] = ..., max_leases: _Optional[int] = ..., acl: _Optional[_Union[TaskQueue.Acl, _Mapping]] = ..., stats: _Optional[_Union[TaskQueue.Stats, _Mapping]] = ...) -> None: ...
