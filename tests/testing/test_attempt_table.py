"""Attempts as a table for people."""

from datetime import UTC, datetime, timedelta

import pytest

from taskweir.testing import Attempt, ClockState, Ending, Headers, Outcome
from taskweir.testing.attempt_table import attempt_table, clock_line

NOON = datetime(2026, 1, 1, 12, 0, 0, 123_456, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def attempt(**changes: object) -> Attempt:
    fields: dict[str, object] = {
        "task": "projects/p/locations/l/queues/mail/tasks/welcome",
        "number": 1,
        "forced": False,
        "schedule_time": NOON,
        "dispatch_time": NOON,
        "response_time": NOON,
        "outcome": Outcome.FAILED,
        "request_line": "POST /mail HTTP/1.1",
        "headers": Headers([]),
        "status": 503,
        "latency": timedelta(milliseconds=12),
        "body_start": b"",
        "error": "",
        "ending": None,
        "retry_time": NOON + SECOND,
    }
    return Attempt(**(fields | changes))  # type: ignore[arg-type]


def test_each_attempt_is_a_line() -> None:
    """Under the names of the columns."""
    last = attempt(number=2, outcome=Outcome.SUCCEEDED, status=204, ending=Ending.DONE, retry_time=None)
    assert attempt_table([attempt(), last], 100).splitlines() == [
        "dispatched (UTC)         queue/task    no.  request     answer        then",
        "2026-01-01 12:00:00.123  mail/welcome  1    POST /mail  503 in 12 ms  again at 2026-01-01 12:00:01.123",
        "2026-01-01 12:00:00.123  mail/welcome  2    POST /mail  204 in 12 ms  done",
    ]


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"forced": True}, "1 (run)"),
        ({"status": None, "outcome": Outcome.TIMED_OUT, "error": ""}, "TIMED_OUT in 12 ms"),
        ({"status": None, "outcome": Outcome.NO_ANSWER, "error": "refused"}, "NO_ANSWER: refused"),
        ({"retry_time": None, "ending": Ending.OUT_OF_ATTEMPTS}, "out of attempts"),
        ({"retry_time": None}, "was gone"),
        ({"request_line": "POST /" + "x" * 200}, "POST /" + "x" * 41 + "…"),
    ],
)
def test_what_came_of_it_is_said(changes: dict[str, object], shown: str) -> None:
    """In few words, and cut to a width."""
    assert shown in attempt_table([attempt(**changes)], 100)


def test_only_the_last_are_shown() -> None:
    """And how many are not."""
    attempts = [attempt(number=number) for number in (1, 2, 3)]
    above, _, *rows = attempt_table(attempts, 2).splitlines()
    assert above == "1 earlier attempts are not shown."
    assert [row.split()[3] for row in rows] == ["2", "3"]
    assert attempt_table([], 2) == "None."


def test_each_ending_has_its_words() -> None:
    """None is forgotten."""
    for ending in Ending:
        assert attempt_table([attempt(ending=ending)], 100)


def test_the_clock_is_told() -> None:
    """A test that waits for a time which does not come finds the reason here."""
    assert clock_line(ClockState(NOON, is_frozen=True, next_due=NOON + SECOND)) == (
        "The clock stands at 2026-01-01 12:00:00.123; the next task is due at 2026-01-01 12:00:01.123."
    )
    assert clock_line(ClockState(NOON, is_frozen=False, next_due=None)) == (
        "The clock goes with real time, at 2026-01-01 12:00:00.123; no task is scheduled."
    )
