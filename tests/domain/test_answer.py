"""What an attempt's outcome means for its task."""

import pytest

from taskweir.domain.answer import answer_of
from taskweir.domain.congestion import Signal
from taskweir.domain.model import AppEngineRequest, HttpRequest, Payload, ResponseStatus

HTTP = HttpRequest("http://t/")
APP_ENGINE = AppEngineRequest()


@pytest.mark.parametrize("payload", [HTTP, APP_ENGINE])
@pytest.mark.parametrize(
    ("http_status", "code", "name"),
    [
        (200, 0, "OK"),
        (204, 0, "OK"),
        (299, 0, "OK"),
        (301, 2, "UNKNOWN"),
        (302, 2, "UNKNOWN"),
        (304, 2, "UNKNOWN"),
        (400, 3, "INVALID_ARGUMENT"),
        (401, 16, "UNAUTHENTICATED"),
        (403, 7, "PERMISSION_DENIED"),
        (404, 5, "NOT_FOUND"),
        (405, 2, "UNKNOWN"),
        (409, 6, "ALREADY_EXISTS"),
        (429, 8, "RESOURCE_EXHAUSTED"),
        (499, 1, "CANCELLED"),
        (500, 13, "INTERNAL"),
        (501, 12, "UNIMPLEMENTED"),
        (502, 13, "INTERNAL"),
        (503, 14, "UNAVAILABLE"),
        (504, 4, "DEADLINE_EXCEEDED"),
        (599, 2, "UNKNOWN"),
    ],
)
def test_an_answered_attempt_has_the_status_production_shows(
    payload: Payload, http_status: int, code: int, name: str
) -> None:
    """2xx is success, all else failure; the next attempt is told the status itself."""
    answer = answer_of(payload, http_status)
    assert answer.status == ResponseStatus(code, f"{name}({code}): HTTP status code {http_status}")
    assert answer.succeeded is (200 <= http_status <= 299)
    assert answer.answered
    assert answer.below_500 is (http_status < 500)
    assert answer.previous_response == http_status
    assert answer.not_before is None


@pytest.mark.parametrize(("payload", "told"), [(HTTP, 504), (APP_ENGINE, 0)])
@pytest.mark.parametrize(
    ("timed_out", "unsent", "status"),
    [
        (True, False, ResponseStatus(4, "DEADLINE_EXCEEDED(4): HTTP status code 504")),
        (False, False, ResponseStatus(2, "UNKNOWN(2): HTTP status code 0")),
        (False, True, ResponseStatus(2, "UNKNOWN(2): HTTP status code 0 (the reason)")),
    ],
)
def test_an_unanswered_attempt_counts_as_no_response(
    payload: Payload, told: int, timed_out: bool, unsent: bool, status: ResponseStatus
) -> None:
    """The reason is shown only where no request was made at all, which production does not know."""
    answer = answer_of(payload, None, timed_out=timed_out, error="the reason", unsent=unsent)
    assert answer.status == status
    assert answer.previous_response == told
    assert (answer.succeeded, answer.answered, answer.below_500) == (False, False, False)


@pytest.mark.parametrize(
    ("http_status", "http", "app_engine"),
    [
        (200, Signal.FINE, Signal.FINE),
        (302, Signal.FINE, Signal.FINE),
        (404, Signal.FINE, Signal.FINE),
        (429, Signal.OVERLOADED, Signal.FINE),
        (499, Signal.FINE, Signal.FINE),
        (500, Signal.FAILING, Signal.FAILING),
        (503, Signal.OVERLOADED, Signal.OVERLOADED),
        (504, Signal.FAILING, Signal.FAILING),
    ],
)
def test_what_a_status_says_of_the_target_s_load(http_status: int, http: Signal, app_engine: Signal) -> None:
    """A 429 says so of an HTTP target only; what asks for a later attempt is heeded where the target is overloaded."""
    for payload, signal in ((HTTP, http), (APP_ENGINE, app_engine)):
        answer = answer_of(payload, http_status, not_before=123)
        assert answer.signal is signal
        assert answer.not_before == (123 if signal is Signal.OVERLOADED else None)


@pytest.mark.parametrize("payload", [HTTP, APP_ENGINE])
@pytest.mark.parametrize(
    ("timed_out", "unsent", "signal"),
    [(True, False, Signal.FAILING), (False, False, Signal.FAILING), (False, True, Signal.NONE)],
)
def test_no_answer_is_a_failure_but_for_what_was_never_sent(
    payload: Payload, timed_out: bool, unsent: bool, signal: Signal
) -> None:
    """And asks for no later attempt: an answer that was cut off is none."""
    answer = answer_of(payload, None, timed_out=timed_out, unsent=unsent, not_before=123)
    assert (answer.signal, answer.not_before) == (signal, None)
