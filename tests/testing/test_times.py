"""Times and spans as tests give them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from taskweir.testing.times import duration, moment, timestamp

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        NOON,
        datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2))),
        "2026-01-01T12:00:00Z",
        "2026-01-01T14:00:00+02:00",
    ],
)
def test_a_time_comes_back_in_utc(given: datetime | str) -> None:
    """Whatever its zone was."""
    assert moment(timestamp(given)) == NOON
    assert moment(timestamp(given)).tzinfo is UTC


@pytest.mark.parametrize("given", [datetime(2026, 1, 1), "2026-01-01T12:00:00"])  # noqa: DTZ001 - that is the point
def test_a_time_without_a_zone_is_refused(given: datetime | str) -> None:
    """It would mean another time on another machine."""
    with pytest.raises(ValueError, match="has no time zone"):
        timestamp(given)


def test_a_number_counts_seconds() -> None:
    """Also parts of one."""
    assert duration(1.5) == duration(timedelta(milliseconds=1500))
