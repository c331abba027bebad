"""Times in error messages."""

import pytest

from taskweir.domain.pacific import pacific
from taskweir.domain.times import DAY, LATEST, SECOND


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (4_102_444_800 * SECOND, "2099-12-31T16:00:00-08:00"),  # recorded
        (1_719_792_000 * SECOND, "2024-06-30T17:00:00-07:00"),
        (1_719_792_000 * SECOND + 250_000, "2024-06-30T17:00:00.25-07:00"),
        (253_402_300_799 * SECOND + 999_999, "9999-12-31T15:59:59.999999-08:00"),
    ],
)
def test_times_are_shown_in_us_pacific_time(at: int, text: str) -> None:
    """With the offset that holds on that day, and a fraction if there is one."""
    assert pacific(at) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (LATEST + 1, "9999-12-31T15:59:59.999999-08:00"),
        (LATEST + 36_500 * DAY, "9999-12-31T15:59:59.999999-08:00"),
        (-62_135_596_800 * SECOND, "0001-01-01T16:07:02-07:52"),
        (-(1 << 63), "0001-01-01T16:07:02-07:52"),
    ],
)
def test_times_past_the_calendar_are_shown_at_its_ends(at: int, text: str) -> None:
    """As those in Pacific time, which is behind: the first day of the year 1 begins in no year there."""
    assert pacific(at) == text
