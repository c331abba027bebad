"""How many tasks were leased lately, for the statistics of pull queues."""

from collections import deque
from typing import Final

from taskweir.domain.times import HOUR, MINUTE, SECOND, Instant, Micros

_FULL_AT: Final = 1_000
"""Queues; from then on those of which nothing was leased for an hour are dropped."""


class _Tally:
    """Counts of equal stretches of time, as many as make up `over`; exact to a stretch."""

    __slots__ = ("_counts", "_over", "_stretch")

    def __init__(self, over: Micros, stretch: Micros) -> None:
        self._over = over
        self._stretch = stretch
        self._counts: deque[tuple[Instant, int]] = deque()

    def add(self, count: int, now: Instant) -> None:
        self._forget(now)
        begin = now // self._stretch * self._stretch
        if self._counts and self._counts[-1][0] == begin:
            count += self._counts.pop()[1]
        self._counts.append((begin, count))

    def total(self, now: Instant) -> int:
        self._forget(now)
        return sum(count for _, count in self._counts)

    def _forget(self, now: Instant) -> None:
        """What is too long ago; and what is still to come, when the clock was set back."""
        while self._counts and self._counts[0][0] <= now - self._over:
            self._counts.popleft()
        while self._counts and self._counts[-1][0] > now:
            self._counts.pop()


class LeaseCounts:
    """By queue, for the last minute and the last hour. Forgets with the process."""

    def __init__(self) -> None:
        self._tallies: dict[int, tuple[_Tally, _Tally]] = {}
        self._full_at = _FULL_AT

    def add(self, queue_uid: int, count: int, now: Instant) -> None:
        if not count:
            return
        tallies = self._tallies.get(queue_uid)
        if tallies is None:
            tallies = self._tallies[queue_uid] = (_Tally(MINUTE, SECOND), _Tally(HOUR, MINUTE))
        for tally in tallies:
            tally.add(count, now)
        if len(self._tallies) >= self._full_at:
            self._drop_idle(now)

    def _drop_idle(self, now: Instant) -> None:
        self._tallies = {uid: tallies for uid, tallies in self._tallies.items() if tallies[1].total(now)}
        self._full_at = max(_FULL_AT, 2 * len(self._tallies))

    def lately(self, queue_uid: int, now: Instant) -> tuple[int, int]:
        """How many in the last minute, and in the last hour."""
        tallies = self._tallies.get(queue_uid)
        return (0, 0) if tallies is None else (tallies[0].total(now), tallies[1].total(now))
