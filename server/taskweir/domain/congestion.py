"""Congestion control: what answers say of a target, and how far that slows its queue down.

Production says when it does so (429 or 503 from an HTTP target, 503 from an App Engine one, or a high error rate), that
it is temporary, and no figures (documentation of HttpRequest, AppEngineHttpRequest and Queue.rate_limits). The law is
ours, in the manner of TCP's (DCTCP): the rate falls by the part of the answers that ask for it, and recovers with time.

Answers are counted in windows of 1 s. In each, of n answers, of which o are overload answers and e are failures of any
kind below:

    share  = max(o / max(n, 5),  2e / n - 1 where n is 10 at least)
    factor = the factor at the window's beginning · (1 - share / 2)

at once with each answer, growing back all the while as a `slowdown.Slowdown` does. So a window halves the rate at most,
however many answers it has; a target that takes C a second, and answers within one, is sent about 1.15 C after some ten
seconds; and a single 503, with a share of 1/5 at most, costs a queue less than 0.1 s, which is the least backoff by
default, at whatever rate and with the burst that goes with it: of a larger one, a tenth of what is saved up is lost. For the same reason a queue of less than about one a second is hardly slowed: its tasks' own backoff
does more.

Failures are overload answers, other 5xx, timeouts and no answer at all: more than half of them is a high error rate. A
4xx is none (nor a 3xx): it is about the one request, and production says of an App Engine target's 429 that it does not
slow the queue. What was never sent says nothing of the target.

An answer to an attempt that began before the last window that slowed the queue was opened is not counted: it was sent
at the rate that is being mended already. So what was in flight counts once, however late its answers come. But while
such answers are bad the queue does not recover: else it would between the answers of a target that takes ten seconds
for each, and be as good as never slowed.
"""

import enum
from typing import Final

from taskweir.domain.slowdown import Slowdown
from taskweir.domain.times import SECOND, Instant, Micros

WINDOW: Final[Micros] = SECOND
_FEWEST_ANSWERS: Final = 5
"""That an overload answer is set against: one alone is little evidence."""
_FEWEST_FOR_ERRORS: Final = 10
"""Answers below which there is no telling an error rate."""

LEAST_FACTOR: Final = 1 / 100
LEAST_RATE: Final = 0.1
"""A second. With less, it would take minutes to notice that the target is well again."""


class Signal(enum.Enum):
    """What an attempt says of its target's load."""

    NONE = enum.auto()
    """Nothing: no request was sent."""
    FINE = enum.auto()
    FAILING = enum.auto()
    OVERLOADED = enum.auto()


def least_factor(rate: float) -> float:
    """No queue of this rate is slowed down further: to 1/100, but not below one in ten seconds, nor one whose rate is
    that anyway."""
    return min(1.0, max(LEAST_FACTOR, LEAST_RATE / rate))


class Congestion:
    """The answers of one queue's present window. In memory only: a restart begins without."""

    __slots__ = ("_answers", "_base", "_failures", "_opened", "_overloads", "_share", "_since")

    def __init__(self) -> None:
        self._opened: Instant = -WINDOW
        self._since: Instant = 0
        """Attempts that began earlier are not counted."""
        self._base = 1.0
        """The factor when the window was opened."""
        self._answers = self._failures = self._overloads = 0
        self._share = 0.0

    def heard(
        self, signal: Signal, begun: Instant, now: Instant, slowdown: Slowdown | None
    ) -> Slowdown | None:
        """Count the answer to an attempt that began at `begun`. The slow-down that follows from it, which may be less
        than `slowdown`, the present one; None when that goes on as it is."""
        if signal is Signal.NONE:
            return None
        if not self._counts(begun, now, slowdown):
            if signal is Signal.FINE or slowdown is None or slowdown.factor_at(now) >= 1:
                return None
            return slowdown.held(now)
        self._answers += 1
        if signal is not Signal.FINE:
            self._failures += 1
            self._overloads += signal is Signal.OVERLOADED
        elif not self._failures:
            return None
        share = self._bad_share()
        if share == self._share:
            return None
        self._share = share
        return Slowdown(self._base * (1 - share / 2), self._opened)

    def _counts(self, begun: Instant, now: Instant, slowdown: Slowdown | None) -> bool:
        """Whether the answer is to be counted, in a new window if the last one is over: also by a clock that was set
        back."""
        if self._opened <= now < self._opened + WINDOW:
            return begun >= self._since
        since = self._opened if self._share else self._since
        if begun < since <= now:
            return False
        self._since = min(since, now)
        self._opened = now
        self._base = 1.0 if slowdown is None else slowdown.factor_at(now)
        self._answers = self._failures = self._overloads = 0
        self._share = 0.0
        return True

    def _bad_share(self) -> float:
        share = self._overloads / max(self._answers, _FEWEST_ANSWERS)
        if self._answers >= _FEWEST_FOR_ERRORS:
            return max(share, 2 * self._failures / self._answers - 1)
        return share
