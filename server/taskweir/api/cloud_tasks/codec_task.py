"""What tasks have in v2 and v2beta3 alike, and some in v2beta2 too."""

from typing import TypeAlias

from google.protobuf.message import Message

from taskweir.api.cloud_tasks.codec_app_engine import app_engine_request, put_app_engine_request
from taskweir.api.cloud_tasks.codec_fields import duration_field, instant_field, unknown_enum
from taskweir.api.cloud_tasks.codec_retry import put_retry_config, retry_config_field
from taskweir.api.cloud_tasks.codec_target import http_request, put_http_request
from taskweir.api.convert import put_instant, put_micros
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.model import AppEngineRequest, Attempt, HttpRequest, Payload, PullMessage, Task
from taskweir.domain.times import SECOND
from taskweir_pb.v2 import task_pb2 as v2
from taskweir_pb.v2beta2 import target_pb2 as v2beta2_target
from taskweir_pb.v2beta2 import task_pb2 as v2beta2
from taskweir_pb.v2beta3 import target_pb2 as v2beta3_target
from taskweir_pb.v2beta3 import task_pb2 as v2beta3

_Task: TypeAlias = v2.Task | v2beta3.Task
_AnyTask: TypeAlias = _Task | v2beta2.Task
_PullMessage: TypeAlias = v2beta3_target.PullMessage | v2beta2_target.PullMessage
_Attempt: TypeAlias = v2.Attempt | v2beta3.Attempt | v2beta2.AttemptStatus

_BASIC, _FULL = v2.Task.BASIC, v2.Task.FULL
"""The same numbers in every version."""


def full_view(request: Message, path: str = "") -> bool:
    """Whether a request's response_view shows the body; an unspecified one does not. `path` is what the request lies in,
    if in anything. Raises InvalidArgument for an unknown view."""
    number: int = request.response_view  # type: ignore[attr-defined]  # every request that comes here has one
    if number == _FULL:
        return True
    if number in (_BASIC, v2.Task.VIEW_UNSPECIFIED):
        return False
    raise unknown_enum(request, "response_view", f"{path}response_view")


def draft_with(payload: Payload | None, message: _Task, path: str) -> TaskDraft:
    """What a caller sent, but for the payload; output-only fields are passed over. Raises InvalidArgument for values
    that a field cannot have on the wire. `path` names the message in the request, here and below."""
    return TaskDraft(
        name=message.name,
        payload=payload,
        schedule_time=instant_field(message, "schedule_time", path),
        dispatch_deadline=duration_field(message, "dispatch_deadline", path),
        retry_config=retry_config_field(message, path),
    )


def push_payload(message: _Task, kind: str | None, path: str) -> HttpRequest | AppEngineRequest | None:
    """`kind` is the name of the payload that is set."""
    match kind:
        case "http_request":
            return http_request(message.http_request, f"{path}.http_request")
        case "app_engine_http_request":
            return app_engine_request(message.app_engine_http_request, f"{path}.app_engine_http_request")
    return None


def put_task_but_payload(message: _Task, task: Task, *, full: bool) -> None:
    put_name_and_times(message, task, full=full)
    if task.dispatch_deadline is not None:
        put_micros(message.dispatch_deadline, task.dispatch_deadline)
    message.dispatch_count = task.dispatch_count
    message.response_count = task.response_count
    if task.first_dispatch_time is not None:
        put_instant(message.first_attempt.dispatch_time, task.first_dispatch_time)
    if task.last_attempt is not None:
        put_attempt(message.last_attempt, task.last_attempt)
    if task.retry_config is not None:
        put_retry_config(message.retry_config, task.retry_config)


def put_name_and_times(message: _AnyTask, task: Task, *, full: bool) -> None:
    message.name = str(task.name)
    put_instant(message.schedule_time, task.schedule_time)
    message.create_time.seconds = task.create_time // SECOND
    message.view = _FULL if full else _BASIC


def put_push_payload(message: _Task, payload: HttpRequest | AppEngineRequest, *, full: bool) -> None:
    if isinstance(payload, HttpRequest):
        put_http_request(message.http_request, payload, full=full)
    else:
        put_app_engine_request(message.app_engine_http_request, payload, full=full)


def put_pull_message(message: _PullMessage, pull: PullMessage, *, full: bool) -> None:
    message.tag = pull.tag
    if full:
        message.payload = pull.payload


def put_attempt(message: _Attempt, attempt: Attempt) -> None:
    put_instant(message.schedule_time, attempt.schedule_time)
    put_instant(message.dispatch_time, attempt.dispatch_time)
    if attempt.response_time is not None:
        put_instant(message.response_time, attempt.response_time)
    if attempt.response_status is not None:
        message.response_status.code = attempt.response_status.code
        message.response_status.message = attempt.response_status.message
