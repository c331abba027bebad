"""What every answer of the HTTP port must be."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

SLOW: Final = 5.0
"""Seconds in which everything is answered, on a machine that does other things too."""

_STATUSES: Final[Mapping[str, int]] = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
}
"""What may be refused, and with which HTTP status. 405 has no name of its own."""
_JSON: Final = ("application/json; charset=utf-8", "application/json")
_OWN_TYPES: Final = {"/healthz": "text/plain", "/metrics": "text/plain", "/openapi.json": "application/json"}
_TELLTALES: Final = ("Traceback", "aiohttp", "asyncio", "taskweir_pb", "<class '", "object at 0x", 'File "')


@dataclass(frozen=True, slots=True)
class Answer:
    """`path` is that of the request, without its query, and `waits` whether that gave the server a deadline."""

    path: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    waits: bool = False
    is_protobuf: bool = False


def faults(answer: Answer) -> Iterator[str]:
    """In a few words each, the same for the same fault. The headers' names are in lower case."""
    if answer.seconds > SLOW:
        yield f"took more than {SLOW:g} s"
    if answer.status >= 500 and not (answer.waits and answer.status == 504):
        yield f"a server's error, {answer.status}"
        return
    if answer.is_protobuf or answer.status == 204:
        return
    if answer.status >= 400:
        yield from _envelope(answer)
    elif answer.status == 200:
        yield from _content(answer)
    else:
        yield f"status {answer.status}"


def _envelope(answer: Answer) -> Iterator[str]:
    content = answer.headers.get("content-type", "")
    if content.lower() not in _JSON:
        yield f"a refusal as {content!r}"
        return
    error = _parsed(answer.body)
    error = error.get("error") if isinstance(error, dict) else None
    if not isinstance(error, dict):
        yield "a refusal without an envelope"
        return
    if (
        error.get("code") != answer.status
        or not isinstance(error.get("message"), str)
        or not error["message"]
    ):
        yield "an envelope with another code, or without a message"
        return
    if any(word in error["message"] for word in _TELLTALES):
        yield "a message that tells of what is inside"
    # What none of the old methods is asked for is refused as anywhere.
    if answer.path.startswith("/taskqueue/") and ("status" not in error or answer.status not in (404, 405)):
        yield from _old_envelope(error)
    elif answer.status == 405:
        if not answer.headers.get("allow"):
            yield "405 without Allow"
    elif _STATUSES.get(error.get("status", "")) != answer.status:
        yield f"status {error.get('status')} as {answer.status}"


def _old_envelope(error: Mapping[str, Any]) -> Iterator[str]:
    errors = error.get("errors")
    if not (
        isinstance(errors, list) and errors and all(one.get("reason") and one.get("domain") for one in errors)
    ):
        yield "an old envelope without reasons"


def _content(answer: Answer) -> Iterator[str]:
    content = answer.headers.get("content-type", "")
    own = _OWN_TYPES.get(answer.path)
    if own is not None:
        if not content.startswith(own):
            yield f"a page as {content!r}"
    elif content.startswith("text/event-stream"):
        return
    elif content.lower() not in _JSON:
        yield f"an answer as {content!r}"
    elif not isinstance(_parsed(answer.body), dict):
        yield "an answer that is no JSON object"


def _parsed(body: bytes) -> object:
    try:
        parsed: object = json.loads(body)
    except ValueError:
        return None
    return parsed
