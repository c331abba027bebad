"""A queue below its configured rate, on its way back there.

    factor(t) = min(1, factor · 2^((t - at) / 10 s))

Recovery is exponential, so that it takes as long from 1 to 2 a second as from 250 to 500: a target that was overloaded
meets at each step a load that is larger by the same part. From 1/100 it takes 66 s. What the queue may send meanwhile
is the integral of its rate, which has a closed form, and so has its inverse: nobody has to look at the clock in steps.
"""

import math
from dataclasses import dataclass
from typing import Final

from taskweir.domain.times import SECOND, Instant, Micros

DOUBLES_IN: Final[Micros] = 10 * SECOND

_E_FOLD: Final = DOUBLES_IN / math.log(2)
"""The time in which the factor grows by e, in microseconds: that of the formulas below."""


@dataclass(frozen=True, slots=True)
class Slowdown:
    """`factor`, above 0 and at most 1, is the part of its rate that the queue may go at `at`. Time before `at` counts
    as none."""

    factor: float
    at: Instant

    def factor_at(self, now: Instant) -> float:
        """From `factor` to 1."""
        elapsed = max(0, now - self.at)
        if elapsed >= self._recovery():
            return 1.0
        return min(1.0, self.factor * math.exp(elapsed / _E_FOLD))

    def held(self, now: Instant) -> "Slowdown":
        """The same without what the queue has recovered so far."""
        return Slowdown(self.factor, max(now, self.at))

    def full_rate_time(self, begin: Instant, end: Instant) -> float:
        """The integral of the factor between two times: the microseconds in which the full rate lets as much through."""
        first, last = max(0, begin - self.at), max(0, end - self.at)
        recovery = self._recovery()
        if first >= recovery:
            return float(last - first)
        grown = self.factor_at(begin) * _E_FOLD * math.expm1((min(last, recovery) - first) / _E_FOLD)
        return grown + max(0.0, last - recovery)

    def time_for(self, full_rate_time: float, begin: Instant) -> float:
        """The inverse: how many microseconds from `begin` on it takes to let so much through."""
        factor = self.factor_at(begin)
        until_recovered = max(0.0, self._recovery() - max(0, begin - self.at))
        while_slow = (1 - factor) * _E_FOLD
        if full_rate_time >= while_slow:
            return until_recovered + full_rate_time - while_slow
        return _E_FOLD * math.log1p(full_rate_time / _E_FOLD / factor)

    def _recovery(self) -> float:
        return -_E_FOLD * math.log(self.factor)
