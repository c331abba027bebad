"""Tasks of the old taskqueue API, in both of its editions."""

from collections.abc import Sequence
from typing import Final, TypeAlias

from taskweir.api.taskqueue.address import Address
from taskweir.api.taskqueue.parameters import required_field
from taskweir.api.taskqueue.timestamps import Unit, read, shown
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.model import PullMessage, Task
from taskweir.domain.times import SECOND
from taskweir_pb.taskqueue.v1beta1 import taskqueue_pb2 as pb_v1beta1
from taskweir_pb.taskqueue.v1beta2 import taskqueue_pb2 as pb

_TaskMessage: TypeAlias = pb.Task | pb_v1beta1.Task

_TASK: Final = "taskqueues#task"
_LEASED: Final = "taskqueue#tasks"
"""As it always was, without the s of the others: clients compare it."""
_LISTED: Final = "taskqueues#tasks"


def task_draft(body: pb.Task, address: Address) -> TaskDraft:
    """The task to insert. Raises InvalidArgument where there is no payload, another queue is named, or the time is out of
    range."""
    if not body.HasField("payload_base64"):
        raise required_field("payloadBase64")
    if body.queue_name:
        address.check(body.queue_name)
    return TaskDraft(
        name=address.task(body.id) if body.id else "",
        payload=PullMessage(body.payload_base64, body.tag),
        schedule_time=read(body.lease_timestamp) if body.lease_timestamp else None,
    )


def task_message(task: Task, address: Address, unit: Unit) -> pb.Task:
    message = pb.Task(retry_count=task.dispatch_count)
    _put_common(message, task, address, unit)
    assert isinstance(task.payload, PullMessage)
    message.tag = task.payload.tag
    return message


def task_message_v1beta1(task: Task, address: Address, unit: Unit) -> pb_v1beta1.Task:
    message = pb_v1beta1.Task()
    _put_common(message, task, address, unit)
    return message


def _put_common(message: _TaskMessage, task: Task, address: Address, unit: Unit) -> None:
    """A task that was never leased has the lease timestamp 0, as documented, even where an insert gave another one:
    that is when it can be leased first, and no lease."""
    assert isinstance(task.payload, PullMessage)
    message.kind = _TASK
    message.id = task.name.id
    message.queue_name = str(address)
    if task.has_body:
        message.payload_base64 = task.payload.payload
    message.enqueue_timestamp = shown(task.create_time // SECOND * SECOND, unit)
    message.lease_timestamp = shown(task.schedule_time, unit) if task.dispatch_count else 0


def leased(tasks: Sequence[Task], address: Address, unit: Unit) -> pb.Tasks:
    return pb.Tasks(kind=_LEASED, items=[task_message(task, address, unit) for task in tasks])


def listed(tasks: Sequence[Task], address: Address, unit: Unit) -> pb.Tasks2:
    return pb.Tasks2(kind=_LISTED, items=[task_message(task, address, unit) for task in tasks])


def leased_v1beta1(tasks: Sequence[Task], address: Address, unit: Unit) -> pb_v1beta1.Tasks:
    return pb_v1beta1.Tasks(kind=_LEASED, items=[task_message_v1beta1(task, address, unit) for task in tasks])


def listed_v1beta1(tasks: Sequence[Task], address: Address, unit: Unit) -> pb_v1beta1.Tasks2:
    return pb_v1beta1.Tasks2(
        kind=_LISTED, items=[task_message_v1beta1(task, address, unit) for task in tasks]
    )
