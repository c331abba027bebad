"""Answers of REST: messages as JSON, refusals in Google's envelope."""

import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from taskweir.api.descriptors import descriptor_pool
from taskweir.api.status import rpc_status
from taskweir.domain.errors import Code, Refusal

_HEADERS: Final = {"Content-Type": "application/json; charset=UTF-8"}

_STATUSES: Final[Mapping[Code, int]] = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}
"""The canonical mapping, of google/rpc/code.proto."""


def json_response(body: bytes) -> web.Response:
    return web.Response(body=body, headers=_HEADERS)


def json_of(message: Message, *, enums_as_numbers: bool) -> bytes:
    """On one line; what an Any holds is looked up under its true name."""
    content = MessageToDict(
        message, use_integers_for_enums=enums_as_numbers, descriptor_pool=descriptor_pool()
    )
    return _encoded(content)


def error_response(refusal: Refusal) -> web.Response:
    return web.Response(status=_STATUSES[refusal.code], body=error_json(refusal), headers=_HEADERS)


def error_json(refusal: Refusal) -> bytes:
    """The envelope. `details` is there only when there are any, as in production."""
    error: dict[str, Any] = {
        "code": _STATUSES[refusal.code],
        "message": refusal.message,
        "status": refusal.code.name,
    }
    if refusal.details:
        status = rpc_status(refusal.code, refusal.message, refusal.details)
        error["details"] = MessageToDict(status, descriptor_pool=descriptor_pool())["details"]
    return _encoded({"error": error})


def _encoded(content: Mapping[str, Any]) -> bytes:
    """Refusals quote what clients sent, which may hold what UTF-8 cannot."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
