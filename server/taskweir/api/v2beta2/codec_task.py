"""Tasks of v2beta2, with the names that it has of its own. They have no dispatch deadline here: the default holds."""

from taskweir.api.cloud_tasks.codec_fields import instant_field
from taskweir.api.cloud_tasks.codec_target import (
    http_method,
    http_request,
    put_http_request,
    put_routing,
    routing,
)
from taskweir.api.cloud_tasks.codec_task import put_attempt, put_name_and_times
from taskweir.api.convert import enum_number, put_instant
from taskweir.api.v2beta2.codec_queue import put_retry_config, retry_config
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.model import AppEngineRequest, HttpMethod, HttpRequest, Payload, PullMessage, Task
from taskweir_pb.v2beta2 import target_pb2, task_pb2


def task_draft(message: task_pb2.Task, path: str) -> TaskDraft:
    """What a caller sent; output-only fields are passed over. `path` names the message in the request. Raises
    InvalidArgument for values that a field cannot have on the wire."""
    return TaskDraft(
        name=message.name,
        payload=_payload(message, path),
        schedule_time=instant_field(message, "schedule_time", path),
        retry_config=(
            retry_config(message.retry_config, f"{path}.retry_config")
            if message.HasField("retry_config")
            else None
        ),
    )


def _payload(message: task_pb2.Task, path: str) -> Payload | None:
    match message.WhichOneof("payload_type"):
        case "http_request":
            return http_request(message.http_request, f"{path}.http_request")
        case "app_engine_http_request":
            return _app_engine_request(message.app_engine_http_request, f"{path}.app_engine_http_request")
        case "pull_message":
            return PullMessage(message.pull_message.payload, message.pull_message.tag)
    return None


def _app_engine_request(message: target_pb2.AppEngineHttpRequest, path: str) -> AppEngineRequest:
    return AppEngineRequest(
        relative_uri=message.relative_url,
        http_method=http_method(message, path) or HttpMethod.POST,
        headers=dict(message.headers),
        body=message.payload,
        routing=routing(message.app_engine_routing),
    )


def put_task(message: task_pb2.Task, task: Task, *, full: bool) -> None:
    """Write a task; the BASIC view leaves out the body or payload and nothing else."""
    put_name_and_times(message, task, full=full)
    _put_payload(message, task.payload, full=full)
    status = message.status
    status.attempt_dispatch_count = task.dispatch_count
    status.attempt_response_count = task.response_count
    if task.first_dispatch_time is not None:
        put_instant(status.first_attempt_status.dispatch_time, task.first_dispatch_time)
    if task.last_attempt is not None:
        put_attempt(status.last_attempt_status, task.last_attempt)
    if task.retry_config is not None:
        put_retry_config(message.retry_config, task.retry_config)


def _put_payload(message: task_pb2.Task, payload: Payload, *, full: bool) -> None:
    match payload:
        case HttpRequest():
            put_http_request(message.http_request, payload, full=full)
        case AppEngineRequest():
            _put_app_engine_request(message.app_engine_http_request, payload, full=full)
        case PullMessage():
            message.pull_message.tag = payload.tag
            if full:
                message.pull_message.payload = payload.payload


def _put_app_engine_request(
    message: target_pb2.AppEngineHttpRequest, request: AppEngineRequest, *, full: bool
) -> None:
    message.http_method = enum_number(request.http_method)
    put_routing(message.app_engine_routing, request.routing)
    message.relative_url = request.relative_uri
    message.headers.update(request.headers)
    if full:
        message.payload = request.body
