"""The token bucket."""

import pytest

from taskweir.domain.model import RateLimits
from taskweir.domain.rate import TokenBucket, burst_for_rate
from taskweir.domain.slowdown import Slowdown
from taskweir.domain.times import DAY, HOUR, LATEST, SECOND

START = 1_700_000_000 * SECOND


def limits(rate: float, burst: int = 10) -> RateLimits:
    return RateLimits(rate, burst, 1_000)


def taken_over(bucket: TokenBucket, seconds: int) -> list[int]:
    """The times at which tokens come when each is taken the moment it is there."""
    now, times = START, []
    while True:
        now = bucket.next_token_at(now)
        if now > START + seconds * SECOND:
            return times
        bucket = bucket.take(1, now)
        times.append(now)


@pytest.mark.parametrize(
    ("rate", "burst"), [(500, 100), (100, 20), (50, 10), (1, 10), (0.1, 10), (499.5, 100)]
)
def test_burst_follows_the_rate(rate: float, burst: int) -> None:
    """100 for 500 a second is recorded, 10 for one a second documented."""
    assert burst_for_rate(rate) == burst


@pytest.mark.parametrize("rate", [500.0, 50.0, 7.3, 1.0, 0.5, 1 / 3, 0.01])
def test_tokens_come_at_the_rate_exactly(rate: float) -> None:
    """A full bucket gives its burst and then the rate, over an hour, to the token."""
    seconds = 3_600 if rate < 100 else 100
    times = taken_over(TokenBucket.full(limits(rate), START), seconds)
    assert len(times) == 10 + int(seconds * rate + 1e-6)
    assert times[:10] == [START] * 10


@pytest.mark.parametrize("rate", [500.0, 0.5, 1 / 3])
def test_no_stretch_of_time_has_more_than_burst_and_rate(rate: float) -> None:
    """Between any two tokens there are at least as many intervals as the bucket demands."""
    times = taken_over(TokenBucket.full(limits(rate, burst=5), START), 50 if rate > 100 else 3_000)
    for first in range(0, len(times) - 60, 7):
        for count in (6, 20, 60):
            elapsed = times[first + count - 1] - times[first]
            assert elapsed >= (count - 1 - 5) / rate * SECOND - 1


def test_a_token_is_there_at_the_microsecond_it_is_promised_for() -> None:
    """Waiting until next_token_at is enough, one microsecond less is not."""
    bucket = TokenBucket.full(limits(3.0, burst=1), START).take(1, START)
    at = bucket.next_token_at(START)
    assert bucket.available(at) == 1
    assert bucket.available(at - 1) == 0


def test_the_bucket_never_holds_more_than_its_burst() -> None:
    """An idle day saves up nothing."""
    bucket = TokenBucket.full(limits(100.0), START)
    assert bucket.available(START + 24 * HOUR) == 10


def test_a_clock_that_goes_back_makes_no_tokens_and_loses_none() -> None:
    """Time before the last look counts as no time."""
    bucket = TokenBucket.full(limits(1.0), START).take(4, START)
    back = START - HOUR
    assert bucket.available(back) == 6
    assert bucket.rebased(back).available(back) == 6
    assert bucket.take(1, back).available(back) == 5


def test_after_the_clock_went_back_tokens_come_at_the_rate_again() -> None:
    """They do not wait until the clock is where it was. Going on, nothing changes."""
    empty = TokenBucket.full(limits(1.0), START).take(10, START)
    back = START - HOUR
    rebased = empty.rebased(back)
    assert rebased.next_token_at(back) == back + SECOND
    assert rebased.available(back + 3 * SECOND) == 3
    assert empty.rebased(START + SECOND) == empty


def test_a_token_that_is_put_back_is_there_again() -> None:
    """But no more than the bucket holds, and whatever the time."""
    bucket = TokenBucket.full(limits(1.0), START)
    assert bucket.take(1, START).put_back() == bucket
    assert bucket.put_back() == bucket


def test_changed_limits_keep_what_was_saved_up_to_the_new_burst() -> None:
    """Raising the burst gives nothing away; lowering it cuts."""
    bucket = TokenBucket.full(limits(1.0), START).take(3, START)
    assert bucket.resized(limits(5.0, burst=20), START).available(START) == 7
    assert bucket.resized(limits(5.0, burst=2), START).available(START) == 2


@pytest.mark.parametrize(
    ("now", "at"), [(LATEST - SECOND, LATEST), (LATEST - SECOND + 1, None), (LATEST, None)]
)
def test_a_token_past_the_last_year_there_is_never_comes(now: int, at: int | None) -> None:
    """Its time could not be shown."""
    bucket = TokenBucket.full(limits(1.0, burst=1), now).take(1, now)
    assert bucket.next_token_at(now) == at


@pytest.mark.parametrize("rate", [5e-324, 1e-310, 1e-20])
def test_a_rate_of_next_to_nothing_waits_for_a_century_at_most(rate: float) -> None:
    """Its next token has no date that could be reckoned with."""
    bucket = TokenBucket.full(limits(rate, burst=1), START).take(1, START)
    assert START < bucket.next_token_at(START) <= START + 36_500 * 24 * HOUR


def test_a_slowed_bucket_is_refilled_by_the_factor_and_holds_as_much_less() -> None:
    """Tokens that it has no room for are lost; the room grows back with the rate."""
    slowed = TokenBucket.full(limits(100.0, burst=41), START).slowed(Slowdown(0.25, START), START)
    assert slowed.available(START) == 11
    empty = slowed.take(11, START)
    assert empty.next_token_at(START) == pytest.approx(START + SECOND / 25, abs=200)
    assert empty.available(START + 10 * SECOND) == 21
    assert empty.available(START + HOUR) == 41


def test_a_token_that_is_put_back_into_a_slowed_bucket_does_not_overfill_it() -> None:
    """What was forfeited meanwhile stays so."""
    slowed = TokenBucket.full(limits(1.0, burst=11), START).slowed(Slowdown(0.5, START), START)
    assert slowed.put_back() == slowed
    assert slowed.take(1, START).put_back() == slowed


def test_a_slow_down_that_is_over_costs_nothing_any_more() -> None:
    """The bucket is as one that was never slowed down."""
    slowed = TokenBucket.full(limits(1.0), START).slowed(Slowdown(0.5, START), START)
    assert slowed.take(1, START + 9 * SECOND).slowdown is not None
    assert slowed.take(10, START + HOUR) == TokenBucket(1.0, 10, 0.0, START + HOUR)
    assert slowed.slowed(Slowdown(1.0, START), START).slowdown is None


def test_changed_limits_keep_the_factor_above_the_new_rate_s_floor() -> None:
    """A hundredth of one in five seconds would be one in eight minutes."""
    slowed = TokenBucket.full(limits(500.0), START).slowed(Slowdown(0.05, START), START)
    assert slowed.resized(limits(100.0), START).factor_at(START) == 0.05
    assert slowed.resized(limits(0.2), START).factor_at(START) == 0.5
    assert slowed.resized(limits(0.1), START).slowdown is None


def test_a_slow_down_passes_though_the_clock_went_back_before_the_limits_changed() -> None:
    """Its recovery counts by the clock as it is now."""
    bucket = TokenBucket.full(RateLimits(10.0, 10, 1_000), 2 * DAY).slowed(Slowdown(0.1, 2 * DAY), 2 * DAY)
    changed = bucket.resized(RateLimits(20.0, 10, 1_000), DAY)
    assert changed.factor_at(DAY) == pytest.approx(0.1)
    assert changed.factor_at(DAY + 200 * SECOND) == 1
