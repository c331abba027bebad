"""Tasks of v2beta2, with the names that it has of its own. They have no dispatch deadline here: the default holds."""

from collections.abc import Mapping
from typing import Final

from taskweir.api.cloud_tasks.codec_app_engine import app_engine_request_with, put_all_but_uri_and_body
from taskweir.api.cloud_tasks.codec_fields import instant_field
from taskweir.api.cloud_tasks.codec_target import http_request, put_http_request
from taskweir.api.cloud_tasks.codec_task import put_attempt, put_name_and_times, put_pull_message
from taskweir.api.convert import put_instant
from taskweir.api.v2beta2.codec_queue import put_retry_config, retry_config_field
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.model import AppEngineRequest, HttpRequest, Payload, PullMessage, Task
from taskweir_pb.v2beta2 import target_pb2, task_pb2

OWN_NAMES: Final[Mapping[str, str]] = {
    "AppEngineHttpRequest.relativeUri": "AppEngineHttpRequest.relativeUrl",
    "AppEngineHttpRequest.body": "AppEngineHttpRequest.payload",
}
"""For what refusals call them."""


def task_draft(message: task_pb2.Task, path: str) -> TaskDraft:
    """What a caller sent; output-only fields are passed over. `path` names the message in the request. Raises
    InvalidArgument for values that a field cannot have on the wire."""
    return TaskDraft(
        name=message.name,
        payload=_payload(message, path),
        schedule_time=instant_field(message, "schedule_time", path),
        retry_config=retry_config_field(message, path),
    )


def _payload(message: task_pb2.Task, path: str) -> Payload | None:
    match message.WhichOneof("payload_type"):
        case "http_request":
            return http_request(message.http_request, f"{path}.http_request")
        case "app_engine_http_request":
            request = message.app_engine_http_request
            return app_engine_request_with(
                request.relative_url, request.payload, request, f"{path}.app_engine_http_request"
            )
        case "pull_message":
            return PullMessage(message.pull_message.payload, message.pull_message.tag)
    return None


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
            put_pull_message(message.pull_message, payload, full=full)


def _put_app_engine_request(
    message: target_pb2.AppEngineHttpRequest, request: AppEngineRequest, *, full: bool
) -> None:
    put_all_but_uri_and_body(message, request)
    message.relative_url = request.relative_uri
    if full:
        message.payload = request.body
