"""Requests that no honest client sends: every field of every request, filled with what it was not made for."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from google.cloud.location.locations_pb2 import GetLocationRequest, ListLocationsRequest
from google.iam.v1.iam_policy_pb2 import GetIamPolicyRequest, SetIamPolicyRequest, TestIamPermissionsRequest
from google.longrunning.operations_proto_pb2 import GetOperationRequest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from tests.api.answers import HTTP, PARENT, QUEUE, TAKEN, new_queue, new_task
from tests.api.raw_calls import CLOUD_TASKS, LOCATIONS, OPERATIONS

from taskweir_pb.v2 import cloudtasks_pb2 as pb

_INTEGERS: Final = (0, 1, -1, 2**31 - 1, -(2**31))
_LONG_INTEGERS: Final = (*_INTEGERS, 2**63 - 1, -(2**63))
_DOUBLES: Final = (0.0, -0.0, -1.0, 1e308, 5e-324, float("nan"), float("inf"), float("-inf"))
_TEXTS: Final = (
    "",
    " ",
    "/",
    "a" * 10_000,
    "😀" * 10_000,
    "%" * 10_000,
    "\x00",
    "\r\nX-Evil: 1",
    "\ufeff\u202e",
    "projects/" + "a" * 10_000,
    f"{QUEUE}/tasks/" + "a" * 10_000,
    "http://[",
    "{0}%s",
)
_BYTES: Final = (b"", b"\x00", b"\xff\xfe", b"x" * 2_000_000)
_NUMBERS_OF_ENUMS: Final = (0, 1, 99, -1)

_VALUES: Final[dict[int, tuple[Any, ...]]] = {
    FieldDescriptor.TYPE_INT32: _INTEGERS,
    FieldDescriptor.TYPE_INT64: _LONG_INTEGERS,
    FieldDescriptor.TYPE_DOUBLE: _DOUBLES,
    FieldDescriptor.TYPE_STRING: _TEXTS,
    FieldDescriptor.TYPE_BYTES: _BYTES,
    FieldDescriptor.TYPE_ENUM: _NUMBERS_OF_ENUMS,
    FieldDescriptor.TYPE_BOOL: (True,),
}

HONEST: Final[dict[str, Message]] = {
    f"{CLOUD_TASKS}/ListQueues": pb.ListQueuesRequest(parent=PARENT),
    f"{CLOUD_TASKS}/GetQueue": pb.GetQueueRequest(name=QUEUE),
    f"{CLOUD_TASKS}/CreateQueue": new_queue(),
    f"{CLOUD_TASKS}/UpdateQueue": pb.UpdateQueueRequest(queue={"name": QUEUE}),
    f"{CLOUD_TASKS}/DeleteQueue": pb.DeleteQueueRequest(name=QUEUE),
    f"{CLOUD_TASKS}/PurgeQueue": pb.PurgeQueueRequest(name=QUEUE),
    f"{CLOUD_TASKS}/PauseQueue": pb.PauseQueueRequest(name=QUEUE),
    f"{CLOUD_TASKS}/ResumeQueue": pb.ResumeQueueRequest(name=QUEUE),
    f"{CLOUD_TASKS}/GetIamPolicy": GetIamPolicyRequest(resource=QUEUE),
    f"{CLOUD_TASKS}/SetIamPolicy": SetIamPolicyRequest(resource=QUEUE),
    f"{CLOUD_TASKS}/TestIamPermissions": TestIamPermissionsRequest(resource=QUEUE),
    f"{CLOUD_TASKS}/ListTasks": pb.ListTasksRequest(parent=QUEUE),
    f"{CLOUD_TASKS}/GetTask": pb.GetTaskRequest(name=TAKEN),
    f"{CLOUD_TASKS}/CreateTask": new_task(http_request=HTTP),
    f"{CLOUD_TASKS}/DeleteTask": pb.DeleteTaskRequest(name=TAKEN),
    f"{CLOUD_TASKS}/RunTask": pb.RunTaskRequest(name=TAKEN),
    f"{CLOUD_TASKS}/BatchCreateTasks": pb.BatchCreateTasksRequest(
        parent=QUEUE, requests=[new_task(http_request=HTTP)]
    ),
    f"{CLOUD_TASKS}/BatchDeleteTasks": pb.BatchDeleteTasksRequest(parent=QUEUE, names=[TAKEN]),
    f"{CLOUD_TASKS}/GetCmekConfig": pb.GetCmekConfigRequest(name=f"{PARENT}/cmekConfig"),
    f"{CLOUD_TASKS}/UpdateCmekConfig": pb.UpdateCmekConfigRequest(
        cmek_config={"name": f"{PARENT}/cmekConfig"}
    ),
    f"{OPERATIONS}/GetOperation": GetOperationRequest(name=f"{PARENT}/operations/o"),
    f"{LOCATIONS}/ListLocations": ListLocationsRequest(name="projects/p"),
    f"{LOCATIONS}/GetLocation": GetLocationRequest(name=PARENT),
}
"""For each method a request that is served."""


def hostile_requests(honest: Message) -> Iterator[tuple[str, Message]]:
    """The honest request with one field changed, for each field and each value; and what was changed."""
    for path, change in _changes(honest):
        request = type(honest)()
        request.CopyFrom(honest)
        change(request)
        yield path, request


def _changes(message: Message) -> Iterator[tuple[str, Callable[[Any], None]]]:
    for field in message.DESCRIPTOR.fields:
        name = field.name
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            for value in _VALUES[field.type]:
                yield f"{name}={str(value)[:30]!r}", _setter(field, value)
            continue
        yield f"{name} cleared", lambda request, name=name: request.ClearField(name)
        if _is_map(field):
            for text in _TEXTS:
                yield f"{name}[{text[:30]!r}]", lambda m, n=name, t=text: getattr(m, n).update({t: t})
        elif field.is_repeated:
            element = next(iter(getattr(message, name)), None) or GetMessageClass(field.message_type)()
            for path, change in _changes(element):
                yield (
                    f"{name}.{path}",
                    lambda m, n=name, c=change: c((getattr(m, n) or [getattr(m, n).add()])[0]),
                )
        else:
            yield f"{name} present", lambda request, name=name: getattr(request, name).SetInParent()
            for path, change in _changes(getattr(message, name)):
                yield f"{name}.{path}", lambda m, n=name, c=change: c(getattr(m, n))


def _setter(field: FieldDescriptor, value: Any) -> Callable[[Any], None]:
    name = field.name
    if field.is_repeated:
        return lambda message: getattr(message, name).append(value)
    return lambda message: setattr(message, name, value)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type.GetOptions().map_entry
