"""How many there were lately."""

from taskweir.domain.recent_counts import RecentCounts
from taskweir.domain.times import HOUR, MINUTE, SECOND

NOW = 1_700_000_000 * SECOND


def test_what_was_counted_goes_out_with_its_stretch() -> None:
    """Of each key for itself."""
    counts = RecentCounts(MINUTE, SECOND)
    counts.add(1, 2, NOW + SECOND - 1)
    counts.add(1, 3, NOW + 30 * SECOND)
    counts.add(2, 4, NOW + 30 * SECOND)
    assert counts.total(1, NOW + MINUTE - 1) == 5
    assert counts.total(1, NOW + MINUTE) == 3
    assert counts.total(2, NOW + MINUTE) == 4
    assert counts.total(1, NOW + 90 * SECOND) == 0


def test_a_clock_that_is_set_back_has_counted_nothing_yet() -> None:
    """What is still to come does not count, and what is counted then does."""
    counts = RecentCounts(MINUTE, SECOND)
    counts.add(1, 5, NOW)
    counts.add(1, 2, NOW - HOUR)
    assert counts.total(1, NOW - HOUR) == 2


def test_counts_do_not_grow_with_the_keys_that_come_and_go() -> None:
    """Nor with time, nor when there is nothing to count."""
    counts = RecentCounts(HOUR, MINUTE)
    for n in range(5_000):
        now = NOW + n * MINUTE
        counts.add(n, 1, now)
        counts.add(-1, 1, now)
        counts.add(-2, 0, now)
    assert counts.total(-1, now) == 60
    assert len(counts._counts) <= 61
    assert all(len(of_stretch) == 2 for _, of_stretch in counts._counts)
