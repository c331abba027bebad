"""The retry law and the token bucket once more, written down another way than the server has them."""

from collections.abc import Iterator
from dataclasses import dataclass

SECOND = 1_000_000


@dataclass(frozen=True)
class Retry:
    """Durations in microseconds; `max_attempts` -1 and `max_duration` 0 are unlimited."""

    max_attempts: int
    max_duration: int
    min_backoff: int
    max_backoff: int
    max_doublings: int

    def waits(self) -> Iterator[int]:
        """After the first failed attempt, the second, and so on: the interval doubles, then grows by what it was when
        it had doubled for the last time."""
        interval = self.min_backoff
        for _ in range(self.max_doublings):
            yield min(interval, self.max_backoff)
            interval *= 2
        step = interval
        while True:
            yield min(interval, self.max_backoff)
            interval += step

    def wait(self, failed: int) -> int:
        """After so many failed attempts."""
        waits = self.waits()
        for _ in range(failed - 1):
            next(waits)
        return next(waits)

    def gives_up(self, attempts: int, elapsed: int) -> bool:
        """Both limits must be reached, as far as they are set."""
        if self.max_attempts == -1 and not self.max_duration:
            return False
        out_of_attempts = self.max_attempts == -1 or attempts >= self.max_attempts
        return out_of_attempts and elapsed >= self.max_duration


def tokens(rate: float, burst: int, made_at: int, taken: list[int], at: int) -> float:
    """In a bucket that was full at `made_at`, just after those taken until `at`."""
    level, since = float(burst), made_at
    for time in sorted(taken):
        if time > at:
            break
        level = min(float(burst), level + (time - since) * rate / SECOND) - 1
        since = time
    return min(float(burst), level + (at - since) * rate / SECOND)
