"""How many of something there were lately, for the stats of queues."""

from collections import Counter, deque

from taskweir.domain.times import Instant, Micros


class RecentCounts:
    """Counts by key, of the last `over` microseconds. Exact to a `stretch` of them: there are as many counts of a key as
    stretches in which it had any, so that keys that are gone leave nothing behind."""

    def __init__(self, over: Micros, stretch: Micros) -> None:
        self._over = over
        self._stretch = stretch
        self._counts: deque[tuple[Instant, Counter[int]]] = deque()

    def add(self, key: int, count: int, now: Instant) -> None:
        if not count:
            return
        begin = now // self._stretch * self._stretch
        if not self._counts or self._counts[-1][0] != begin:
            self._forget(now)
            self._counts.append((begin, Counter()))
        self._counts[-1][1][key] += count

    def total(self, key: int, now: Instant) -> int:
        self._forget(now)
        return sum(counts[key] for _, counts in self._counts)

    def _forget(self, now: Instant) -> None:
        """What is too long ago, and what is ahead of a clock that was set back: it would count for longer."""
        while self._counts and self._counts[0][0] <= now - self._over:
            self._counts.popleft()
        while self._counts and self._counts[-1][0] > now:
            self._counts.pop()
