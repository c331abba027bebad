"""Long-running operations of v2's batch calls."""

from collections.abc import Mapping
from typing import Any, Final

from google.longrunning import operations_proto_pb2
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.rpc import status_pb2

from taskweir.api.convert import put_instant
from taskweir.api.status import rpc_status
from taskweir.api.v2.codec_task import put_task
from taskweir.domain.operation import BatchKind, Failure, Operation
from taskweir_pb.v2 import cloudtasks_pb2

_Metadata = cloudtasks_pb2.BatchCreateTasksMetadata | cloudtasks_pb2.BatchDeleteTasksMetadata

_METADATA: Final[Mapping[BatchKind, type[_Metadata]]] = {
    BatchKind.CREATE: cloudtasks_pb2.BatchCreateTasksMetadata,
    BatchKind.DELETE: cloudtasks_pb2.BatchDeleteTasksMetadata,
}
_TYPE_URL: Final = "type.googleapis.com/google.cloud.tasks.v2."
"""The stubs' messages have names of their own, which `Any.Pack` would write."""


def operation_message(operation: Operation) -> operations_proto_pb2.Operation:
    """A finished operation, as every batch's is."""
    message = operations_proto_pb2.Operation(
        name=str(operation.name), metadata=_packed(_metadata(operation)), done=True
    )
    if operation.error is not None:
        message.error.CopyFrom(_status(operation.error))
    elif operation.kind is BatchKind.CREATE:
        message.response.CopyFrom(_packed(_created(operation)))
    else:
        message.response.Pack(Empty())
    return message


def _metadata(operation: Operation) -> _Metadata:
    metadata = _METADATA[operation.kind]()
    put_instant(metadata.start_time, operation.start_time)
    put_instant(metadata.end_time, operation.end_time)
    # Both kinds have states of these names, with numbers of their own.
    state: Any = metadata.State.Value(operation.state.name)
    metadata.state = state
    for index, failure in operation.failures.items():
        metadata.failed_requests[index].CopyFrom(_status(failure))
    return metadata


def _created(operation: Operation) -> cloudtasks_pb2.BatchCreateTasksResponse:
    response = cloudtasks_pb2.BatchCreateTasksResponse()
    for place, task in enumerate(operation.tasks):
        put_task(response.tasks.add(), task, full=place in operation.full_views)
    return response


def _packed(message: Message) -> AnyMessage:
    return AnyMessage(type_url=_TYPE_URL + message.DESCRIPTOR.name, value=message.SerializeToString())


def _status(failure: Failure) -> status_pb2.Status:
    return rpc_status(failure.code, failure.message, failure.details)
