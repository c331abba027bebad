"""The retry law: how long after a failed attempt the next one comes, and when a task is given up.

Source: the RetryConfig documentation of Cloud Tasks, whose example (10 s, 300 s, 3 doublings) gives
10, 20, 40, 80, 160, 240, 300, 300, …: the interval doubles, then grows by a constant, then stays.
"""

from taskweir.domain.model import RetryConfig
from taskweir.domain.times import LATEST, Instant, Micros

UNLIMITED_ATTEMPTS = -1


def next_attempt_at(
    retry: RetryConfig,
    attempts: int,
    first_attempt_at: Instant,
    now: Instant,
    *,
    since: Instant | None = None,
) -> Instant | None:
    """When to try again after `attempts` attempts, the last of which failed now; None to give up.

    The wait counts from `since`, by default now; the time is not before now, and not beyond what can be shown.
    """
    if _is_exhausted(retry, attempts, first_attempt_at, now):
        return None
    return min(max(now, (now if since is None else since) + backoff(retry, attempts)), LATEST)


def backoff(retry: RetryConfig, attempts: int) -> Micros:
    """The wait after the `attempts`-th failed attempt, 1 for the first."""
    doublings = min(attempts - 1, retry.max_doublings)
    linear_steps = attempts - doublings
    if retry.min_backoff and doublings > retry.max_backoff.bit_length():
        return retry.max_backoff  # without making a number of that many bits
    return min(retry.max_backoff, (retry.min_backoff << doublings) * linear_steps)


def _is_exhausted(retry: RetryConfig, attempts: int, first_attempt_at: Instant, now: Instant) -> bool:
    """A task is given up when both limits are reached; a limit that is not set is left out of it."""
    limited_by_attempts = retry.max_attempts != UNLIMITED_ATTEMPTS
    limited_by_time = retry.max_retry_duration > 0
    if not limited_by_attempts and not limited_by_time:
        return False
    attempts_reached = not limited_by_attempts or attempts >= retry.max_attempts
    time_reached = not limited_by_time or now - first_attempt_at >= retry.max_retry_duration
    return attempts_reached and time_reached
