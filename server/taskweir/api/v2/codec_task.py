"""Tasks of v2, which knows no pull tasks: they are shown without their payload."""

from taskweir.api.cloud_tasks.codec_task import (
    draft_with,
    push_payload,
    put_push_payload,
    put_task_but_payload,
)
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.model import PullMessage, Task
from taskweir_pb.v2 import task_pb2


def task_draft(message: task_pb2.Task, path: str) -> TaskDraft:
    """As `draft_with`."""
    return draft_with(push_payload(message, message.WhichOneof("message_type"), path), message, path)


def put_task(message: task_pb2.Task, task: Task, *, full: bool) -> None:
    """Write a task; the BASIC view leaves out the body and nothing else."""
    put_task_but_payload(message, task, full=full)
    if not isinstance(task.payload, PullMessage):
        put_push_payload(message, task.payload, full=full)


def stored_size(task: Task) -> int:
    """Bytes that production counts against its limit (measured on the live service): the whole task serialized, with
    defaults, without the view; of an App Engine routing the host alone."""
    message = task_pb2.Task()
    put_task(message, task, full=True)
    message.ClearField("view")
    if message.HasField("app_engine_http_request"):
        routing = message.app_engine_http_request.app_engine_routing
        for part in ("service", "version", "instance"):
            routing.ClearField(part)
    return message.ByteSize()
