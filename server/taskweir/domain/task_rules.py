"""What a new task must satisfy, and what is filled in. Fields are checked in order of their numbers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from taskweir.domain import app_engine, http_request, limits
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.errors import InvalidArgument, NotFound, quoted
from taskweir.domain.header_rules import check_headers
from taskweir.domain.lease_filter import check_tag
from taskweir.domain.length_rules import check_length, check_token_lengths, token_parts
from taskweir.domain.model import (
    AppEngineRequest,
    HttpRequest,
    OAuthToken,
    Payload,
    PullMessage,
    QueueType,
    RetryConfig,
    Task,
)
from taskweir.domain.names import TaskName
from taskweir.domain.pacific import pacific
from taskweir.domain.queue_rules import pull_retry_config, retry_config
from taskweir.domain.routing_rules import checked_routing
from taskweir.domain.times import MILLISECOND, Instant, Micros

_TOO_LARGE: Final = "Task size too large"
_HEADER_OVERHEAD: Final = 6
"""Bytes that an entry of a map takes beside its key and value."""


def new_task(name: TaskName, draft: TaskDraft, now: Instant, *, strict: bool) -> Task:
    """A task as it will be stored. Raises InvalidArgument; in strict mode NotFound for an unlikely service account."""
    payload = _payload(name, draft.payload, strict=strict)
    return Task(
        name=name,
        payload=payload,
        schedule_time=_schedule_time(draft.schedule_time, now),
        create_time=now,
        dispatch_deadline=_dispatch_deadline(payload, draft.dispatch_deadline),
        retry_config=_retry_config(payload, draft.retry_config),
    )


def _payload(name: TaskName, payload: Payload | None, *, strict: bool) -> Payload:
    match payload:
        case HttpRequest():
            return _http_request(payload, strict=strict)
        case AppEngineRequest():
            return _app_engine_request(name, payload)
        case PullMessage():
            return _pull_message(payload)
        case None:
            raise InvalidArgument("Task.payload_type is not set.")


def _http_request(request: HttpRequest, *, strict: bool) -> HttpRequest:
    if not request.url:
        raise InvalidArgument("HttpRequest.url is required.")
    if not request.url.lower().startswith(("http://", "https://")):
        raise InvalidArgument("HttpTarget.url must start with 'http://' or 'https://'.")
    check_length("HttpRequest.url", request.url)
    check_headers("HttpRequest.headers", request.headers.items())
    if request.body and request.http_method not in http_request.METHODS_WITH_BODY:
        raise InvalidArgument("HttpRequest.body can only be set for the HTTP methods POST, PUT and PATCH.")
    if request.authorization is not None:
        _check_authorization(request, strict=strict)
    return HttpRequest(
        request.url,
        request.http_method,
        http_request.stored_http_headers(request.headers),
        request.body,
        request.authorization,
    )


def _check_authorization(request: HttpRequest, *, strict: bool) -> None:
    """Locally a token may go to an http:// target and for any account; production allows neither."""
    token = request.authorization
    assert token is not None
    if not token.service_account_email:
        raise InvalidArgument(f"{token_parts(token)[0]}.serviceAccountEmail is required.")
    check_token_lengths(token)
    if not strict:
        return
    if not request.url.lower().startswith("https://"):
        raise InvalidArgument(
            "HttpRequest.url must start with 'https://' for request with HttpRequest.authorization_header"
        )
    if not token.service_account_email.endswith(".gserviceaccount.com"):
        # Production's text for an account it does not know is not recorded; that it is NOT_FOUND is documented.
        raise NotFound(f"Service account {quoted(token.service_account_email)} does not exist.")


def _app_engine_request(name: TaskName, request: AppEngineRequest) -> AppEngineRequest:
    uri = request.relative_uri or "/"
    if not uri.startswith("/"):
        raise InvalidArgument("AppEngineHttpRequest.relativeUri must start with '/'.")
    if " " in uri:
        raise InvalidArgument("AppEngineHttpRequest.relativeUri cannot contain spaces.")
    check_length("AppEngineHttpRequest.relativeUri", uri)
    check_headers("AppEngineHttpRequest.headers", request.headers.items())
    if request.body and request.http_method not in app_engine.METHODS_WITH_BODY:
        raise InvalidArgument("AppEngineHttpRequest.body can only be set for the HTTP methods POST and PUT.")
    return replace(
        request,
        relative_uri=uri,
        headers=app_engine.stored_app_engine_headers(request.headers, request.body),
        routing=checked_routing(name.queue.project, request.routing),
    )


def _pull_message(message: PullMessage) -> PullMessage:
    """Its size is the documented one: payload and tag together, whatever else is stored."""
    check_tag(message.tag)
    if len(message.payload) + len(message.tag.encode()) > limits.MAX_PULL_MESSAGE_SIZE:
        raise InvalidArgument(_TOO_LARGE)
    return message


def _schedule_time(given: Instant | None, now: Instant) -> Instant:
    if given is None or given <= now:
        return now
    if given > now + limits.MAX_SCHEDULE_AHEAD:
        raise InvalidArgument(
            f"The Task.scheduleTime, {pacific(given)}, is too far in the future. "
            "Schedule time must be no more than 720h in the future."
        )
    return given


def _dispatch_deadline(payload: Payload, given: Micros | None) -> Micros | None:
    """Cut to milliseconds. An HTTP task's default is written out, an App Engine task's is not (recorded). A pull task
    has none: nobody waits for its worker."""
    if isinstance(payload, PullMessage):
        return None
    http = isinstance(payload, HttpRequest)
    if not given:
        return limits.DEFAULT_HTTP_DISPATCH_DEADLINE if http else None
    longest = limits.MAX_HTTP_DISPATCH_DEADLINE if http else limits.MAX_APP_ENGINE_DISPATCH_DEADLINE
    if not limits.MIN_DISPATCH_DEADLINE <= given <= longest:
        raise InvalidArgument(f"Task.dispatchDeadline must be between [15s, {'30m' if http else '24h15s'}].")
    return given // MILLISECOND * MILLISECOND


def _retry_config(payload: Payload, given: RetryConfig | None) -> RetryConfig | None:
    """A task's own retry config replaces the queue's whole; what it leaves out has the service's defaults, those of a
    queue of the task's kind."""
    if given is None:
        return None
    return (pull_retry_config if isinstance(payload, PullMessage) else retry_config)(given)


def check_fits(payload: Payload, queue_type: QueueType) -> None:
    """Raises InvalidArgument: pull queues have pull tasks alone, and push queues none."""
    if isinstance(payload, PullMessage):
        if queue_type is not QueueType.PULL:
            raise InvalidArgument("Task.pull_message can only be set for tasks in a pull queue.")
    elif queue_type is QueueType.PULL:
        raise InvalidArgument("Task.pull_message must be set for tasks in a pull queue.")


def check_size(size: int) -> None:
    """`size` is of the stored task, serialized, in bytes. Raises InvalidArgument."""
    if size > limits.MAX_TASK_SIZE:
        raise InvalidArgument(_TOO_LARGE)


def may_be_too_large(task: Task) -> bool:
    """Whether the exact size has to be looked at: a rough one, without serializing, is past half of the limit. Of a
    pull task it was looked at."""
    return 2 * _rough_size(task.payload) > limits.MAX_TASK_SIZE


def _rough_size(payload: Payload) -> int:
    """In bytes or characters, of the parts that can be large."""
    if isinstance(payload, PullMessage):
        return 0
    size = len(payload.body) + _rough_size_of_headers(payload.headers)
    if isinstance(payload, AppEngineRequest):
        return size + 2 * len(payload.routing.host)
    token = payload.authorization
    if token is not None:
        size += len(token.service_account_email)
        size += len(token.scope if isinstance(token, OAuthToken) else token.audience)
    return size


def _rough_size_of_headers(headers: Mapping[str, str]) -> int:
    size = _HEADER_OVERHEAD * len(headers)
    for name, value in headers.items():
        size += len(name) + len(value)
    return size
