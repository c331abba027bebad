"""Times in error messages."""

import pytest

from taskweir.domain.pacific import pacific
from taskweir.domain.times import SECOND


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
