"""How often a queue can be leased from: a token bucket each, as large as the tokens of a second."""

from typing import Final

from taskweir.domain.errors import ResourceExhausted
from taskweir.domain.model import RateLimits
from taskweir.domain.rate import TokenBucket
from taskweir.domain.times import Instant

_FULL_AT: Final = 1_000
"""Buckets; from then on those that have filled up again are dropped, which changes nothing."""


class LeaseQuota:
    """Holds the buckets of the queues that were leased from lately."""

    def __init__(self) -> None:
        self._buckets: dict[int, TokenBucket] = {}
        self._full_at = _FULL_AT

    def take(self, queue_uid: int, rate: int, now: Instant) -> None:
        """Count a call; a `rate` of 0 allows any number. Raises ResourceExhausted. Production's text is not recorded."""
        if rate == 0:
            return
        bucket = self._buckets.get(queue_uid)
        if bucket is None:
            bucket = TokenBucket.full(RateLimits(rate, rate, 0), now)
        bucket = bucket.rebased(now)
        if bucket.available(now) < 1:
            raise ResourceExhausted(
                f"Too many LeaseTasks calls: a queue takes {rate} a second (--lease-rate). Try again later, "
                "with exponential backoff."
            )
        self._buckets[queue_uid] = bucket.take(1, now)
        if len(self._buckets) >= self._full_at:
            self._drop_full(now)

    def _drop_full(self, now: Instant) -> None:
        self._buckets = {
            uid: bucket for uid, bucket in self._buckets.items() if bucket.available(now) < bucket.burst
        }
        self._full_at = max(_FULL_AT, 2 * len(self._buckets))
