"""The envelope of refusals as Google's APIs had it before there were canonical codes."""

from collections.abc import Mapping
from typing import Any, Final

from taskweir.domain.errors import InvalidArgument, Refusal

_REASONS: Final[Mapping[int, str]] = {
    400: "invalid",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    405: "httpMethodNotAllowed",
    409: "conflict",
    429: "rateLimitExceeded",
    501: "notImplemented",
}
_OTHER_REASON: Final = "backendError"


class BadParameter(InvalidArgument):
    """What is wrong with one query parameter, told by its name; `reason` is `required` where it is missing."""

    def __init__(self, message: str, parameter: str, *, reason: str = "invalidParameter") -> None:
        super().__init__(message)
        self.parameter = parameter
        self.reason = reason


def old_envelope(refusal: Refusal, status: int, lists_errors: bool) -> Mapping[str, Any]:  # noqa: ARG001, FBT001
    """Always with the list."""
    one = {"domain": "global", "reason": _reason(refusal, status), "message": refusal.message}
    if isinstance(refusal, BadParameter):
        one |= {"locationType": "parameter", "location": refusal.parameter}
    return {"error": {"errors": [one], "code": status, "message": refusal.message}}


def _reason(refusal: Refusal, status: int) -> str:
    return refusal.reason if isinstance(refusal, BadParameter) else _REASONS.get(status, _OTHER_REASON)
