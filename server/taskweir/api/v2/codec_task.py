"""Tasks of v2."""

from typing import Final

from taskweir.api.convert import instant, invalid_value, micros, put_instant, put_micros
from taskweir.api.v2.codec_queue import put_retry_config, retry_config
from taskweir.api.v2.codec_target import (
    app_engine_request,
    http_request,
    put_app_engine_request,
    put_http_request,
)
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.model import AppEngineRequest, Attempt, HttpRequest, Payload, PullMessage, Task
from taskweir.domain.times import SECOND
from taskweir_pb.v2 import task_pb2

_VIEW: Final = "google.cloud.tasks.v2.Task.View"


def full_view(number: int, path: str = "response_view") -> bool:
    """Whether a view shows the body; an unspecified one does not. Raises InvalidArgument for an unknown one."""
    if number == task_pb2.Task.FULL:
        return True
    if number in (task_pb2.Task.BASIC, task_pb2.Task.VIEW_UNSPECIFIED):
        return False
    raise invalid_value(path, _VIEW, number)


def task_draft(message: task_pb2.Task, path: str = "task") -> TaskDraft:
    """What a caller sent; output-only fields are passed over. `path` names the message in the request. Raises
    InvalidArgument for values that a field cannot have on the wire."""
    return TaskDraft(
        name=message.name,
        payload=_payload(message, path),
        schedule_time=(
            instant(f"{path}.schedule_time", message.schedule_time)
            if message.HasField("schedule_time")
            else None
        ),
        dispatch_deadline=(
            micros(f"{path}.dispatch_deadline", message.dispatch_deadline)
            if message.HasField("dispatch_deadline")
            else None
        ),
        retry_config=(
            retry_config(message.retry_config, f"{path}.retry_config")
            if message.HasField("retry_config")
            else None
        ),
    )


def _payload(message: task_pb2.Task, path: str) -> Payload | None:
    match message.WhichOneof("message_type"):
        case "http_request":
            return http_request(message.http_request, f"{path}.http_request")
        case "app_engine_http_request":
            return app_engine_request(message.app_engine_http_request, f"{path}.app_engine_http_request")
    return None


def put_task(message: task_pb2.Task, task: Task, *, full: bool) -> None:
    """Write a task; the BASIC view leaves out the body and nothing else."""
    message.name = str(task.name)
    _put_payload(message, task.payload, full=full)
    put_instant(message.schedule_time, task.schedule_time)
    message.create_time.seconds = task.create_time // SECOND
    if task.dispatch_deadline is not None:
        put_micros(message.dispatch_deadline, task.dispatch_deadline)
    message.dispatch_count = task.dispatch_count
    message.response_count = task.response_count
    if task.first_dispatch_time is not None:
        put_instant(message.first_attempt.dispatch_time, task.first_dispatch_time)
    if task.last_attempt is not None:
        _put_attempt(message.last_attempt, task.last_attempt)
    message.view = task_pb2.Task.FULL if full else task_pb2.Task.BASIC
    if task.retry_config is not None:
        put_retry_config(message.retry_config, task.retry_config)


def _put_payload(message: task_pb2.Task, payload: Payload, *, full: bool) -> None:
    match payload:
        case HttpRequest():
            put_http_request(message.http_request, payload)
            if full:
                message.http_request.body = payload.body
        case AppEngineRequest():
            put_app_engine_request(message.app_engine_http_request, payload)
            if full:
                message.app_engine_http_request.body = payload.body
        case PullMessage():
            """v2 has no field for it."""


def _put_attempt(message: task_pb2.Attempt, attempt: Attempt) -> None:
    put_instant(message.schedule_time, attempt.schedule_time)
    put_instant(message.dispatch_time, attempt.dispatch_time)
    if attempt.response_time is not None:
        put_instant(message.response_time, attempt.response_time)
    if attempt.response_status is not None:
        message.response_status.code = attempt.response_status.code
        message.response_status.message = attempt.response_status.message


def task_message(task: Task, *, full: bool) -> task_pb2.Task:
    message = task_pb2.Task()
    put_task(message, task, full=full)
    return message


def stored_size(task: Task) -> int:
    """Bytes that production counts against its limit (measured on the live service): the whole task serialized, with
    defaults, without the view; of an App Engine routing the host alone."""
    message = task_message(task, full=True)
    message.ClearField("view")
    if message.HasField("app_engine_http_request"):
        routing = message.app_engine_http_request.app_engine_routing
        for part in ("service", "version", "instance"):
            routing.ClearField(part)
    return message.ByteSize()
