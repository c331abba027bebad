import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.api import resource_pb2 as _resource_pb2
from google.cloud.location import locations_pb2 as _locations_pb2
from taskweir_pb.v2beta2 import cloudtasks_pb2 as _cloudtasks_pb2
from taskweir_pb.v2beta2 import task_pb2 as _task_pb2
from google.longrunning import operations_pb2 as _operations_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListLocationsRequest(_message.Message):
    __slots__ = ("name", "filter", "page_size", "page_token", "extra_location_types")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXTRA_LOCATION_TYPES_FIELD_NUMBER: _ClassVar[int]
    name: str
    filter: str
    page_size: int
    page_token: str
    extra_location_types: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., filter: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., extra_location_types: _Optional[_Iterable[str]] = ...) -> None: ...

class BufferTaskRequest(_message.Message):
    __slots__ = ("queue", "task_id", "body")
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    queue: str
    task_id: str
    body: _httpbody_pb2.HttpBody
    def __init__(self, queue: _Optional[str] = ..., task_id: _Optional[str] = ..., body: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ...) -> None: ...

class BufferTaskResponse(_message.Message):
    __slots__ = ("task",)
    TASK_FIELD_NUMBER: _ClassVar[int]
    task: _task_pb2.Task
    def __init__(self, task: _Optional[_Union[_task_pb2.Task, _Mapping]] = ...) -> None: ...

class BatchCreateTasksRequest(_message.Message):
    __slots__ = ("parent", "requests", "request_id")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    parent: str
    requests: _containers.RepeatedCompositeFieldContainer[_cloudtasks_pb2.CreateTaskRequest]
    request_id: str
    def __init__(self, parent: _Optional[str] = ..., requests: _Optional[_Iterable[_Union[_cloudtasks_pb2.CreateTaskRequest, _Mapping]]] = ..., request_id: _Optional[str] = ...) -> None: ...

class BatchDeleteTasksRequest(_message.Message):
    __slots__ = ("parent", "names", "request_id")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    parent: str
    names: _containers.RepeatedScalarFieldContainer[str]
    request_id: str
    def __init__(self, parent: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ..., request_id: _Optional[str] = ...) -> None: ...

class BatchDeleteTasksMetadata(_message.Message):
    __slots__ = ("start_time", "end_time", "state", "failed_requests")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[BatchDeleteTasksMetadata.State]
        RUNNING: _ClassVar[BatchDeleteTasksMetadata.State]
        SUCCEEDED: _ClassVar[BatchDeleteTasksMetadata.State]
        PARTIALLY_SUCCEEDED: _ClassVar[BatchDeleteTasksMetadata.State]
        FAILED: _ClassVar[BatchDeleteTasksMetadata.State]
    STATE_UNSPECIFIED: BatchDeleteTasksMetadata.State
    RUNNING: BatchDeleteTasksMetadata.State
    SUCCEEDED: BatchDeleteTasksMetadata.State
    PARTIALLY_SUCCEEDED: BatchDeleteTasksMetadata.State
    FAILED: BatchDeleteTasksMetadata.State
    class FailedRequestsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: _status_pb2.Status
        def __init__(self, key: _Optional[int] = ..., value: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FAILED_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    state: BatchDeleteTasksMetadata.State
    failed_requests: _containers.MessageMap[int, _status_pb2.Status]
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[BatchDeleteTasksMetadata.State, str]] = ..., failed_requests: _Optional[_Mapping[int, _status_pb2.Status]] = ...) -> None: ...

class UpdateCmekConfigRequest(_message.Message):
    __slots__ = ("cmek_config", "update_mask")
    CMEK_CONFIG_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    cmek_config: CmekConfig
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, cmek_config: _Optional[_Union[CmekConfig, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class GetCmekConfigRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class BatchCreateTasksResponse(_message.Message):
    __slots__ = ("tasks",)
    TASKS_FIELD_NUMBER: _ClassVar[int]
    tasks: _containers.RepeatedCompositeFieldContainer[_task_pb2.Task]
    def __init__(self, tasks: _Optional[_Iterable[_Union[_task_pb2.Task, _Mapping]]] = ...) -> None: ...

class BatchCreateTasksMetadata(_message.Message):
    __slots__ = ("start_time", "end_time", "state", "failed_requests")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[BatchCreateTasksMetadata.State]
        RUNNING: _ClassVar[BatchCreateTasksMetadata.State]
        SUCCEEDED: _ClassVar[BatchCreateTasksMetadata.State]
        FAILED: _ClassVar[BatchCreateTasksMetadata.State]
        CANCELLED: _ClassVar[BatchCreateTasksMetadata.State]
        PARTIALLY_SUCCEEDED: _ClassVar[BatchCreateTasksMetadata.State]
    STATE_UNSPECIFIED: BatchCreateTasksMetadata.State
    RUNNING: BatchCreateTasksMetadata.State
    SUCCEEDED: BatchCreateTasksMetadata.State
    FAILED: BatchCreateTasksMetadata.State
    CANCELLED: BatchCreateTasksMetadata.State
    PARTIALLY_SUCCEEDED: BatchCreateTasksMetadata.State
    class FailedRequestsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: _status_pb2.Status
        def __init__(self, key: _Optional[int] = ..., value: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FAILED_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    state: BatchCreateTasksMetadata.State
    failed_requests: _containers.MessageMap[int, _status_pb2.Status]
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[BatchCreateTasksMetadata.State, str]] = ..., failed_requests: _Optional[_Mapping[int, _status_pb2.Status]] = ...) -> None: ...

class CmekConfig(_message.Message):
    __slots__ = ("name", "kms_key")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KMS_KEY_FIELD_NUMBER: _ClassVar[int]
    name: str
    kms_key: str
    def __init__(self, name: _Optional[str] = ..., kms_key: _Optional[str] = ...) -> None: ...
