"""Tasks as rows. A row read is a JSON array in the order of COLUMNS, its body in hexadecimal or left out: many rows
come as one JSON text, in one step of one statement, because every step gives up the interpreter's lock, and under
load getting it back costs more than all the rest."""

import json
from collections.abc import Sequence
from typing import Any, Final

from taskweir.domain.model import (
    AppEngineRequest,
    AppEngineRouting,
    Attempt,
    Authorization,
    HttpMethod,
    HttpRequest,
    OAuthToken,
    OidcToken,
    Payload,
    PullMessage,
    ResponseStatus,
    RetryConfig,
    Task,
)
from taskweir.domain.names import QueueName, TaskName
from taskweir.domain.told_ends import ToldEnds

Json = Any
"""What json.loads gives; its shape is what this package wrote."""

Row = Sequence[Any]

COLUMNS: Final = (
    "uid", "generation", "id", "schedule_time", "create_time", "dispatch_deadline", "dispatch_count",
    "response_count", "execution_count", "first_dispatch_time", "last_attempt", "retry_config", "payload", "body",
    "tag",
)  # fmt: skip

_READ: Final = (
    "uid, generation, id, schedule_time, create_time, dispatch_deadline, dispatch_count, response_count, "
    "execution_count, first_dispatch_time, json(last_attempt), json(retry_config), json(payload)"
)
ROW_WITH_BODY: Final = f"json_array({_READ}, hex(body))"
ROW_WITHOUT_BODY: Final = f"json_array({_READ})"

UID: Final = 0
GENERATION: Final = 1
ID: Final = 2
SCHEDULE_TIME: Final = 3
_PAYLOAD: Final = 12
_BODY: Final = 13

encode: Final = json.JSONEncoder(separators=(",", ":")).encode
decode: Final = json.JSONDecoder().decode
quoted: Final = json.encoder.encode_basestring_ascii


def row_of(task: Task, uid: int, generation: int) -> tuple[Any, ...]:
    """Values for every column, in order."""
    return (
        uid,
        generation,
        task.name.id,
        task.schedule_time,
        task.create_time,
        task.dispatch_deadline,
        task.dispatch_count,
        task.response_count,
        task.execution_count,
        task.first_dispatch_time,
        encode(attempt_json(task.last_attempt)) if task.last_attempt else None,
        encode(retry_json(task.retry_config)) if task.retry_config else None,
        payload_text(task.payload),
        body_of(task.payload),
        task.payload.tag if isinstance(task.payload, PullMessage) else None,
    )


def row_text(task: Task) -> str:
    """A task outside its table, in the shape in which rows are read; its generation is left open. Written out for the
    hundreds of tasks of a batch: by way of the encoder it takes three times as long."""
    attempt = encode(attempt_json(task.last_attempt)) if task.last_attempt else "null"
    retry = encode(retry_json(task.retry_config)) if task.retry_config else "null"
    body = f',"{body_of(task.payload).hex()}"' if task.has_body else ""
    return (
        f"[{task.uid},0,{quoted(task.name.id)},{task.schedule_time},{task.create_time},"
        f"{_number(task.dispatch_deadline)},{task.dispatch_count},{task.response_count},{task.execution_count},"
        f"{_number(task.first_dispatch_time)},{attempt},{retry},{payload_text(task.payload)}{body}]"
    )


def _number(value: int | None) -> int | str:
    return "null" if value is None else value


def task_of(row: Row, queue: QueueName, queue_uid: int) -> Task:
    """The task of a row that was read with or without its body."""
    has_body = len(row) > _BODY
    body = bytes.fromhex(row[_BODY]) if has_body else b""
    return Task(
        TaskName(queue, row[ID]),
        payload_of(row[_PAYLOAD], body),
        row[SCHEDULE_TIME],
        row[4],
        row[5],
        own_retry_of(row[11]),
        row[6],
        row[7],
        row[8],
        row[9],
        attempt_of(row[10]) if row[10] else None,
        has_body,
        row[UID],
        queue_uid,
    )


def tag_of(row: Row) -> str:
    """Of a pull task."""
    tag: str = row[_PAYLOAD]["tag"]
    return tag


def told_ends_of(row: Row) -> ToldEnds:
    """Of a pull task. They stand with its payload, where a task that was leased once does not pay for them."""
    return told_ends(row[_PAYLOAD].get("told"))


def told_ends(value: Json) -> ToldEnds:
    return ToldEnds(tuple((first, last) for first, last in value or ()))


def attempt_json(attempt: Attempt) -> Json:
    status = attempt.response_status
    return {
        "schedule": attempt.schedule_time,
        "dispatch": attempt.dispatch_time,
        "response": attempt.response_time,
        "status": None if status is None else [status.code, status.message],
        "previous": attempt.previous_response,
    }


def attempt_of(value: Json) -> Attempt:
    status = value["status"]
    return Attempt(
        schedule_time=value["schedule"],
        dispatch_time=value["dispatch"],
        response_time=value["response"],
        response_status=None if status is None else ResponseStatus(*status),
        previous_response=value["previous"],
    )


def retry_json(retry: RetryConfig) -> Json:
    return {
        "max_attempts": retry.max_attempts,
        "max_retry_duration": retry.max_retry_duration,
        "min_backoff": retry.min_backoff,
        "max_backoff": retry.max_backoff,
        "max_doublings": retry.max_doublings,
    }


def retry_of(value: Json) -> RetryConfig:
    return RetryConfig(**value)


def own_retry_of(value: Json | None) -> RetryConfig | None:
    """Of a task, which need not have one."""
    return None if value is None else retry_of(value)


def body_of(payload: Payload) -> bytes:
    return payload.payload if isinstance(payload, PullMessage) else payload.body


def payload_json(payload: Payload) -> Json:
    """The payload without its body."""
    match payload:
        case HttpRequest():
            value: dict[str, Json] = {
                "kind": "http",
                "url": payload.url,
                "method": int(payload.http_method),
                "headers": dict(payload.headers),
            }
            if payload.authorization is not None:
                value["authorization"] = authorization_json(payload.authorization)
            return value
        case AppEngineRequest():
            return {
                "kind": "app_engine",
                "uri": payload.relative_uri,
                "method": int(payload.http_method),
                "headers": dict(payload.headers),
                "routing": routing_json(payload.routing),
            }
        case PullMessage():
            return {"kind": "pull", "tag": payload.tag}


def payload_text(payload: Payload) -> str:
    """`payload_json`, encoded. Most payloads are such as this takes apart; the encoder takes four times as long, most
    of it to get ready, and that with the interpreter's lock held by the thread that writes."""
    if not isinstance(payload, HttpRequest) or payload.authorization is not None:
        return encode(payload_json(payload))
    headers = ",".join([f"{quoted(name)}:{quoted(value)}" for name, value in payload.headers.items()])
    return (
        f'{{"kind":"http","url":{quoted(payload.url)},"method":{int(payload.http_method)},'
        f'"headers":{{{headers}}}}}'
    )


def payload_of(value: Json, body: bytes) -> Payload:
    match value["kind"]:
        case "http":
            token = value.get("authorization")
            return HttpRequest(
                url=value["url"],
                http_method=HttpMethod(value["method"]),
                headers=value["headers"],
                body=body,
                authorization=None if token is None else authorization_of(token),
            )
        case "app_engine":
            return AppEngineRequest(
                relative_uri=value["uri"],
                http_method=HttpMethod(value["method"]),
                headers=value["headers"],
                body=body,
                routing=routing_of(value["routing"]),
            )
        case "pull":
            return PullMessage(payload=body, tag=value["tag"])
        case kind:
            raise ValueError(f"a stored payload of an unknown kind: {kind!r}")


def authorization_json(token: Authorization) -> Json:
    if isinstance(token, OAuthToken):
        return {"oauth": token.service_account_email, "scope": token.scope}
    return {"oidc": token.service_account_email, "audience": token.audience}


def authorization_of(value: Json) -> Authorization:
    if "oauth" in value:
        return OAuthToken(value["oauth"], value["scope"])
    return OidcToken(value["oidc"], value["audience"])


def routing_json(routing: AppEngineRouting) -> Json:
    return [routing.service, routing.version, routing.instance, routing.host]


def routing_of(value: Json) -> AppEngineRouting:
    return AppEngineRouting(*value)
