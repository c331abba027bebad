"""Observations counted by size."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class Histogram:
    """Counts observations up to each of some ascending bounds, and those past the last.

    Observed on the event loop, read on any thread. Of our own, since this is on the way of every call and attempt:
    prometheus_client's takes four times as long, and in a program that has its multiprocess mode on, where a test may
    well start a server, it would write to that program's files.
    """

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        """The sum of what was observed."""

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """For each bound, as it is written in the label `le`, how many were not above it; +Inf comes last."""
        # The copy is one step of the interpreter, so the buckets agree with each other while others are counted.
        cumulative = accumulate(tuple(self._counts))
        return list(zip((*map(str, self._bounds), "+Inf"), cumulative, strict=True))
