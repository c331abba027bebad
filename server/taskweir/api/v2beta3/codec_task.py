"""Tasks of v2beta3, which shows pull tasks and makes none."""

from taskweir.api.cloud_tasks.codec_task import (
    draft_with,
    push_payload,
    put_pull_message,
    put_push_payload,
    put_task_but_payload,
)
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import PullMessage, Task
from taskweir_pb.v2beta3 import task_pb2


def task_draft(message: task_pb2.Task, path: str) -> TaskDraft:
    """As `draft_with`."""
    kind = message.WhichOneof("payload_type")
    if kind == "pull_message":
        raise InvalidArgument("Task.pullMessage cannot be set through v2beta3.")
    return draft_with(push_payload(message, kind, path), message, path)


def put_task(message: task_pb2.Task, task: Task, *, full: bool) -> None:
    """Write a task; the BASIC view leaves out the body or payload and nothing else."""
    put_task_but_payload(message, task, full=full)
    if isinstance(task.payload, PullMessage):
        put_pull_message(message.pull_message, task.payload, full=full)
    else:
        put_push_payload(message, task.payload, full=full)
