"""The token bucket that holds a queue to its rate: `max_burst_size` tokens at most, refilled at the rate.

Every attempt takes a token, retries too; RunTask does not. The bucket starts full.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

from taskweir.domain.model import RateLimits
from taskweir.domain.times import DAY, LATEST, SECOND, Instant, Micros

_LONGEST_WAIT: Micros = 36_500 * DAY
"""For rates so small that the wait for a token cannot be reckoned with."""

_EPSILON = 1e-9
"""Forgives the rounding of a refill, so that a token due at a whole microsecond is there at that microsecond."""


def burst_for_rate(rate: float) -> int:
    """The burst production picks for a rate: 100 for 500 a second (recorded), 10 for 1 (documented earlier)."""
    return max(10, math.ceil(rate / 5))


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """`tokens` as of `at`; below one token nothing may be dispatched."""

    rate: float
    burst: int
    tokens: float
    at: Instant

    @classmethod
    def full(cls, limits: RateLimits, now: Instant) -> Self:
        burst = max(1, limits.max_burst_size)
        return cls(limits.max_dispatches_per_second, burst, float(burst), now)

    def resized(self, limits: RateLimits, now: Instant) -> "TokenBucket":
        """The bucket under changed limits: what was saved up stays, up to the new burst."""
        burst = max(1, limits.max_burst_size)
        tokens = min(self._tokens_at(now), float(burst))
        return TokenBucket(limits.max_dispatches_per_second, burst, tokens, now)

    def available(self, now: Instant) -> int:
        """Whole tokens that can be taken now."""
        return int(self._tokens_at(now) + _EPSILON)

    def take(self, count: int, now: Instant) -> "TokenBucket":
        """The bucket with `count` tokens fewer. Take no more than are available."""
        return TokenBucket(self.rate, self.burst, self._tokens_at(now) - count, now)

    def put_back(self) -> "TokenBucket":
        """The bucket with a token more, which was taken and not used."""
        return replace(self, tokens=min(self.tokens + 1, float(self.burst)))

    def rebased(self, now: Instant) -> "TokenBucket":
        """The bucket to go on with. When the clock went back, it counts from now with the tokens that it had;
        otherwise it would give none until the clock is where it was."""
        return self if now >= self.at else replace(self, at=now)

    def next_token_at(self, now: Instant) -> Instant | None:
        """The first microsecond at which a token is available, None for one past the year 9999."""
        missing = 1 - self._tokens_at(now) - _EPSILON
        if missing <= 0:
            return now
        at = now + math.ceil(min(missing * SECOND / self.rate, _LONGEST_WAIT))
        return at if at <= LATEST else None

    def _tokens_at(self, now: Instant) -> float:
        elapsed = max(0, now - self.at)
        return min(float(self.burst), self.tokens + elapsed * self.rate / SECOND)
