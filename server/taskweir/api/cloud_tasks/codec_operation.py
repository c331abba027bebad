"""Long-running operations of the batch calls."""

from typing import Any, Final

from google.longrunning import operations_proto_pb2
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.rpc import status_pb2

from taskweir.api.cloud_tasks.version import Version
from taskweir.api.convert import put_instant
from taskweir.api.status import rpc_status
from taskweir.api.true_names import true_name
from taskweir.domain.operation import BatchKind, Failure, Operation

_TYPE_URL: Final = "type.googleapis.com/"


def operation_message(operation: Operation, version: Version) -> operations_proto_pb2.Operation:
    """A finished operation, as every batch's is, with the version's messages in it."""
    message = operations_proto_pb2.Operation(name=str(operation.name), done=True)
    _pack(message.metadata, _metadata(operation, version))
    if operation.error is not None:
        message.error.CopyFrom(_status(operation.error, version))
    elif operation.kind is BatchKind.CREATE:
        _pack(message.response, _created(operation, version))
    else:
        message.response.Pack(Empty())
    return message


def _metadata(operation: Operation, version: Version) -> Message:
    calls = version.batches
    created = operation.kind is BatchKind.CREATE
    # Typed loosely, as in `Version`. Both kinds have states of the same names, with numbers of their own.
    metadata: Any = calls.BatchCreateTasksMetadata() if created else calls.BatchDeleteTasksMetadata()
    put_instant(metadata.start_time, operation.start_time)
    put_instant(metadata.end_time, operation.end_time)
    metadata.state = metadata.State.Value(operation.state.name)
    for index, failure in operation.failures.items():
        metadata.failed_requests[index].CopyFrom(_status(failure, version))
    message: Message = metadata
    return message


def _created(operation: Operation, version: Version) -> Message:
    response = version.batches.BatchCreateTasksResponse()
    add, put_task, full_views = response.tasks.add, version.put_task, operation.full_views
    for place, task in enumerate(operation.tasks):
        put_task(add(), task, full=place in full_views)
    message: Message = response
    return message


def _pack(field: AnyMessage, message: Message) -> None:
    """`Any.Pack` would write the stub's name."""
    field.type_url = _TYPE_URL + true_name(message.DESCRIPTOR.full_name)
    field.value = message.SerializeToString()


def _status(failure: Failure, version: Version) -> status_pb2.Status:
    return rpc_status(failure.code, version.reworded(failure.message), failure.details)
