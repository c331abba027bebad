"""The header Retry-After."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taskweir.domain.retry_after import LONGEST_WAIT, wait_asked_for
from taskweir.domain.times import DAY, HOUR, SECOND, Instant, Micros

NOW: Instant = round(datetime(1994, 11, 6, 8, 0, tzinfo=UTC).timestamp()) * SECOND


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("0", 0),
        ("120", 120 * SECOND),
        ("007", 7 * SECOND),
        ("86400", DAY),
        ("86401", DAY),
        ("99999999999999999999", DAY),
        ("9" * 5_000, DAY),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("1e3", None),
        ("1_000", None),
        ("5, 10", None),
        ("5s", None),
        ("²", None),
        ("٣", None),
        ("soon", None),
    ],
)
def test_seconds_are_whole_and_a_day_at_most(header: str, wait: Micros | None) -> None:
    """Anything else is not heeded; the server's clock has no part in it."""
    assert wait_asked_for(header, NOW) == wait


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 2_977 * SECOND),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 2_977 * SECOND),
        ("Sun Nov  6 08:49:37 1994", 2_977 * SECOND),
        ("Sun, 06 Nov 1994 09:00:00 GMT", HOUR),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ("Sun, 06 Nov 1994 07:59:59 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("Sun, 06 Nov 1994 25:49:37 GMT", None),
        ("Sun, 31 Feb 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", None),
        ("06", 6 * SECOND),
        ("Sun, 06 Nov", None),
        ("GMT", None),
    ],
)
def test_a_date_is_what_is_left_until_then_in_real_time(header: str, wait: Micros | None) -> None:
    """In each form of HTTP; one that is past asks for nothing."""
    assert wait_asked_for(header, NOW) == wait


@given(st.text(st.characters(max_codepoint=255)), st.integers(0, 4_000_000_000 * SECOND))
@example("Mon, 1 Jan 2024 00:00:00 +99999999999999999999", NOW)
@example("1 1 1 1 1 1 1", NOW)
@example("Sun, 06 Nov 1994 08:49:37 +2500", NOW)
@example("Sun, 06 Nov 0000 08:49:37 GMT", NOW)
@example("00:00:00 Jan", NOW)
@example(",", NOW)
def test_no_value_does_more_than_ask_for_a_wait(header: str, now: Instant) -> None:
    """Whatever a target sends."""
    wait = wait_asked_for(header, now)
    assert wait is None or 0 <= wait <= LONGEST_WAIT


DATE_PARTS = [
    "Sun,",
    "Sunday,",
    "06",
    "6",
    "06-Nov-94",
    "Nov",
    "1994",
    "94",
    "-1",
    "08:49:37",
    "8.5.1",
    "GMT",
    "+0100",
    "-9999",
    "EST",
    "(x)",
    "",
    "9" * 30,
]


@given(st.lists(st.sampled_from(DATE_PARTS), max_size=9).map(" ".join))
def test_no_near_date_does_either(header: str) -> None:
    """Made of what dates are made of."""
    wait = wait_asked_for(header, NOW)
    assert wait is None or 0 <= wait <= LONGEST_WAIT
