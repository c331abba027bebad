"""The retry law."""

import pytest

from taskweir.domain.model import RetryConfig
from taskweir.domain.retry import backoff, next_attempt_at
from taskweir.domain.times import HOUR, LATEST, MILLISECOND, SECOND


def config(**over: int) -> RetryConfig:
    fields = {
        "max_attempts": 100,
        "max_retry_duration": 0,
        "min_backoff": 100 * MILLISECOND,
        "max_backoff": HOUR,
        "max_doublings": 16,
    }
    return RetryConfig(**{**fields, **over})


@pytest.mark.parametrize(
    ("min_backoff", "max_backoff", "max_doublings", "seconds"),
    [
        # the example of the RetryConfig documentation
        (10, 300, 3, [10, 20, 40, 80, 160, 240, 300, 300, 300]),
        # the examples of the queue.yaml documentation
        (
            10,
            200,
            0,
            [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200, 200],
        ),
        (10, 200, 3, [10, 20, 40, 80, 160, 200, 200]),
        (5, 5, 16, [5, 5, 5]),
        (7, 100, 1, [7, 14, 28, 42, 56, 70, 84, 98, 100]),
    ],
)
def test_backoff_doubles_then_grows_linearly_then_stays(
    min_backoff: int, max_backoff: int, max_doublings: int, seconds: list[int]
) -> None:
    """Each wait is that of the documented sequence."""
    retry = config(
        min_backoff=min_backoff * SECOND, max_backoff=max_backoff * SECOND, max_doublings=max_doublings
    )
    assert [backoff(retry, n) / SECOND for n in range(1, len(seconds) + 1)] == seconds


def test_default_backoff_reaches_an_hour_and_stays_there() -> None:
    """0.1 s doubled up to 3276.8 s, then an hour."""
    waits = [backoff(config(), n) for n in range(1, 101)]
    assert waits[:16] == [100 * MILLISECOND * 2**n for n in range(16)]
    assert set(waits[16:]) == {HOUR}


@pytest.mark.parametrize("doublings", [0, 1, 16, 2**31 - 1])
@pytest.mark.parametrize("attempts", [1, 2, 1_000, 2**31 - 1])
def test_backoff_of_extreme_settings_stays_within_bounds(doublings: int, attempts: int) -> None:
    """No overflow and no giant number, whatever a queue was given."""
    retry = config(min_backoff=1, max_backoff=315_576_000_000 * SECOND, max_doublings=doublings)
    assert 1 <= backoff(retry, attempts) <= retry.max_backoff


def test_a_backoff_of_zero_stays_zero() -> None:
    """A zero that was doubled is still zero."""
    assert backoff(config(min_backoff=0, max_backoff=10), 40) == 0


@pytest.mark.parametrize(
    ("max_attempts", "max_retry_duration", "attempts", "elapsed", "gives_up"),
    [
        (3, 0, 2, 10**6, False),
        (3, 0, 3, 0, True),
        (1, 0, 1, 0, True),
        (3, 60, 3, 59, False),  # attempts are used up, time is not
        (3, 60, 2, 61, False),  # time is used up, attempts are not
        (3, 60, 3, 60, True),
        (-1, 60, 1_000, 59, False),
        (-1, 60, 1, 60, True),
        (-1, 0, 10**6, 10**6, False),
    ],
)
def test_a_task_is_given_up_when_both_limits_are_reached(
    max_attempts: int, max_retry_duration: int, attempts: int, elapsed: int, gives_up: bool
) -> None:
    """A limit that is not set is left out of it."""
    retry = config(max_attempts=max_attempts, max_retry_duration=max_retry_duration * SECOND)
    now = 1_000 * HOUR
    at = next_attempt_at(retry, attempts, now - elapsed * SECOND, now)
    assert at == (None if gives_up else now + backoff(retry, attempts))


def test_no_attempt_is_scheduled_beyond_what_can_be_shown() -> None:
    """The largest backoff on the wire is ten thousand years."""
    retry = config(min_backoff=315_576_000_000 * SECOND, max_backoff=315_576_000_000 * SECOND)
    assert next_attempt_at(retry, 1, HOUR, HOUR) == LATEST


def test_a_wait_may_count_from_an_earlier_moment_but_not_end_before_now() -> None:
    """As after RunTask."""
    retry = config(min_backoff=10 * SECOND, max_backoff=10 * SECOND)
    now = 1_000 * HOUR
    assert next_attempt_at(retry, 1, now, now, since=now - 4 * SECOND) == now + 6 * SECOND
    assert next_attempt_at(retry, 1, now, now, since=now - HOUR) == now
