"""The envelope of refusals over HTTP, as Google's APIs have it today."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from google.protobuf.json_format import MessageToDict

from taskweir.api.descriptors import descriptor_pool
from taskweir.api.status import rpc_status
from taskweir.domain.errors import Code, Refusal

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

_REASONS: Final[Mapping[Code, str]] = {
    Code.INVALID_ARGUMENT: "badRequest",
    Code.OUT_OF_RANGE: "badRequest",
    Code.FAILED_PRECONDITION: "failedPrecondition",
    Code.UNAUTHENTICATED: "authError",
    Code.PERMISSION_DENIED: "forbidden",
    Code.NOT_FOUND: "notFound",
    Code.ALREADY_EXISTS: "alreadyExists",
    Code.ABORTED: "aborted",
    Code.RESOURCE_EXHAUSTED: "rateLimitExceeded",
}
_OTHER_REASON: Final = "backendError"


class MethodNotAllowed(Refusal):
    """The path is served, but not for this HTTP method. gRPC has no code of its own for that."""

    code: ClassVar[Code] = Code.UNIMPLEMENTED

    def __init__(self, method: str, allowed: str) -> None:
        """`allowed` are the HTTP methods that are served there, as the header Allow lists them."""
        super().__init__(f"The method {method} is not served at this path; there are: {allowed}.")
        self.allowed = allowed


def http_status(refusal: Refusal) -> int:
    return 405 if isinstance(refusal, MethodNotAllowed) else _STATUSES[refusal.code]


def google_envelope(refusal: Refusal, status: int, lists_errors: bool) -> Mapping[str, Any]:  # noqa: FBT001
    """`details` is there only when there are any, as in production; `errors` is of the first format."""
    error: dict[str, Any] = {"code": status, "message": refusal.message}
    if lists_errors:
        error["errors"] = [{"message": refusal.message, "domain": "global", "reason": _reason(refusal)}]
    error["status"] = refusal.code.name
    if refusal.details:
        told = rpc_status(refusal.code, refusal.message, refusal.details)
        error["details"] = MessageToDict(told, descriptor_pool=descriptor_pool())["details"]
    return {"error": error}


def _reason(refusal: Refusal) -> str:
    """Google's general ones; which this API gives is recorded for a few only."""
    if isinstance(refusal, MethodNotAllowed):
        return "httpMethodNotAllowed"
    return _REASONS.get(refusal.code, _OTHER_REASON)
