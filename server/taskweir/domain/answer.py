"""What an attempt's outcome means: success or not, its status, what the next attempt is told, and what it says of the
target's load."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from taskweir.domain.congestion import Signal
from taskweir.domain.errors import Code, quoted
from taskweir.domain.lifecycle import Answer
from taskweir.domain.model import AppEngineRequest, Payload, ResponseStatus
from taskweir.domain.times import Instant

NO_RESPONSE: Final = 0
"""The status code that production shows for an attempt that was not answered."""

TIMED_OUT: Final = 504
"""And for one whose deadline passed."""

_CODES: Final[Mapping[int, Code]] = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    # The public mapping of ABORTED is 409 too; which of the two production shows is not recorded.
    409: Code.ALREADY_EXISTS,
    429: Code.RESOURCE_EXHAUSTED,
    499: Code.CANCELLED,
    500: Code.INTERNAL,
    501: Code.UNIMPLEMENTED,
    502: Code.INTERNAL,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
}


def answer_of(
    payload: Payload,
    http_status: int | None,
    *,
    timed_out: bool = False,
    error: str = "",
    unsent: bool = False,
    not_before: Instant | None = None,
) -> Answer:
    """The answer for the retry law and for congestion control.

    `http_status` is None when no whole response came; `timed_out` says that the dispatch deadline passed first.
    `unsent` says that no request could be made at all: production has no such case, so only then `error` is added
    to its message. `not_before` is what Retry-After asked for; it counts where the target says that it is overloaded.
    """
    if http_status is None:
        return _unanswered(payload, error if unsent else "", timed_out=timed_out, unsent=unsent)
    answer = _answered(http_status, is_app_engine=isinstance(payload, AppEngineRequest))
    if not_before is not None and answer.signal is Signal.OVERLOADED:
        return replace(answer, not_before=not_before)
    return answer


@lru_cache(maxsize=256)
def _answered(http_status: int, *, is_app_engine: bool) -> Answer:
    """Kept, since attempts get the same few answers again and again."""
    return Answer(
        succeeded=200 <= http_status <= 299,
        answered=True,
        below_500=http_status < 500,
        status=_status(_code(http_status), http_status),
        previous_response=http_status,
        signal=_signal(http_status, is_app_engine=is_app_engine),
    )


def _signal(http_status: int, *, is_app_engine: bool) -> Signal:
    if http_status == 503 or (http_status == 429 and not is_app_engine):
        return Signal.OVERLOADED
    return Signal.FINE if http_status < 500 else Signal.FAILING


def _unanswered(payload: Payload, reason: str, *, timed_out: bool, unsent: bool) -> Answer:
    """The next attempt is told 504 at an HTTP target and 0 at an App Engine one, timed out or not."""
    if timed_out:
        status = _status(Code.DEADLINE_EXCEEDED, TIMED_OUT)
    else:
        status = _status(Code.UNKNOWN, NO_RESPONSE, reason)
    return Answer(
        succeeded=False,
        answered=False,
        below_500=False,
        status=status,
        previous_response=NO_RESPONSE if isinstance(payload, AppEngineRequest) else TIMED_OUT,
        signal=Signal.NONE if unsent else Signal.FAILING,
    )


def _code(http_status: int) -> Code:
    if 200 <= http_status <= 299:
        return Code.OK
    return _CODES.get(http_status, Code.UNKNOWN)


def _status(code: Code, http_status: int, reason: str = "") -> ResponseStatus:
    message = f"{code.name}({code.value}): HTTP status code {http_status}"
    return ResponseStatus(int(code), f"{message} ({quoted(reason)})" if reason else message)
