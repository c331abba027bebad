"""The token bucket that holds a queue to its rate: `max_burst_size` tokens at most, refilled at the rate.

Every attempt takes a token, retries too; RunTask does not. The bucket starts full. While the queue is slowed down, it is
refilled by that part of the rate, and holds 1 + (burst - 1) · factor: a queue that is to go slowly must not send at once
what it saved up before, and where it goes fast again, a moment's delay must not cost it its tokens.
"""

import math
from dataclasses import dataclass, replace
from typing import Self

from taskweir.domain.congestion import least_factor
from taskweir.domain.model import RateLimits
from taskweir.domain.slowdown import Slowdown
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
    """`tokens` as of `at`; below one token nothing may be dispatched. `slowdown`, if there is one, began before `at`."""

    rate: float
    burst: int
    tokens: float
    at: Instant
    slowdown: Slowdown | None = None

    @classmethod
    def full(cls, limits: RateLimits, now: Instant) -> Self:
        burst = max(1, limits.max_burst_size)
        return cls(limits.max_dispatches_per_second, burst, float(burst), now)

    def resized(self, limits: RateLimits, now: Instant) -> "TokenBucket":
        """The bucket under changed limits: what was saved up stays, up to the new burst, and so does the factor that
        the queue is slowed down by."""
        if now < self.at:
            return self.rebased(now).resized(limits, now)
        burst = max(1, limits.max_burst_size)
        tokens = min(self._tokens_at(now), float(burst))
        bucket = TokenBucket(limits.max_dispatches_per_second, burst, tokens, now)
        return bucket if self.slowdown is None else bucket.slowed(self.slowdown, now)

    def slowed(self, slowdown: Slowdown, now: Instant) -> "TokenBucket":
        """The bucket of a queue that is slowed down since `slowdown.at`, though not below what `least_factor` says.
        Tokens that it has no room for any more are lost."""
        factor, least = slowdown.factor_at(now), least_factor(self.rate)
        if factor < least:
            factor, slowdown = least, Slowdown(least, now)
        tokens = min(self._tokens_at(now), 1 + (self.burst - 1) * factor)
        return TokenBucket(self.rate, self.burst, tokens, now, slowdown if factor < 1 else None)

    def factor_at(self, now: Instant) -> float:
        """The part of the configured rate that the queue may go at; 1 when it is not slowed down."""
        return 1.0 if self.slowdown is None else self.slowdown.factor_at(now)

    def available(self, now: Instant) -> int:
        """Whole tokens that can be taken now."""
        return int(self._tokens_at(now) + _EPSILON)

    def take(self, count: int, now: Instant) -> "TokenBucket":
        """The bucket with `count` tokens fewer. Take no more than are available."""
        return TokenBucket(self.rate, self.burst, self._tokens_at(now) - count, now, self._slowdown_at(now))

    def put_back(self) -> "TokenBucket":
        """The bucket with a token more, which was taken and not used."""
        return replace(self, tokens=min(self.tokens + 1, self._room_at(self.at)))

    def rebased(self, now: Instant) -> "TokenBucket":
        """The bucket to go on with. When the clock went back, it counts from now with the tokens that it had;
        otherwise it would give none until the clock is where it was. The same goes for a slow-down's recovery."""
        if now >= self.at:
            return self
        slowdown = self.slowdown and Slowdown(self.slowdown.factor_at(self.at), now)
        return replace(self, at=now, slowdown=slowdown)

    def next_token_at(self, now: Instant) -> Instant | None:
        """The first microsecond at which a token is available, None for one past the year 9999."""
        missing = 1 - self._tokens_at(now) - _EPSILON
        if missing <= 0:
            return now
        wait = missing * SECOND / self.rate
        if self.slowdown is not None:
            wait = self.slowdown.time_for(wait, now)
        at = now + math.ceil(min(wait, _LONGEST_WAIT))
        return at if at <= LATEST else None

    def _tokens_at(self, now: Instant) -> float:
        if self.slowdown is None:
            elapsed = max(0, now - self.at)
            return min(float(self.burst), self.tokens + elapsed * self.rate / SECOND)
        full_rate_time = self.slowdown.full_rate_time(self.at, max(now, self.at))
        return min(self._room_at(now), self.tokens + full_rate_time * self.rate / SECOND)

    def _room_at(self, now: Instant) -> float:
        return 1 + (self.burst - 1) * self.factor_at(now)

    def _slowdown_at(self, now: Instant) -> Slowdown | None:
        """None once it is over."""
        return self.slowdown if self.slowdown and self.slowdown.factor_at(now) < 1 else None
