"""The ends of a task's leases that were told before, so that what one holder was told never proves another's lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from taskweir.domain.errors import FailedPrecondition
from taskweir.domain.times import LATEST, Instant

Span: TypeAlias = tuple[Instant, Instant]
"""From the first instant to the last, both within."""

Spans: TypeAlias = tuple[Span, ...]

MOST_SPANS: Final = 64
"""That are kept of a task."""


@dataclass(frozen=True, slots=True)
class ToldEnds:
    """Spans of time, in order and apart, in which every end lies that was told of a task's leases, but for the end of
    the lease that there is.

    Two holders are never told the same end, wherever the clock goes: an end comes into a span as soon as another takes
    its place (`followed_by`), a span is widened and joined but never cut, and an end that is still to come is only
    taken from outside of all spans. An end that has come when it is told is within a span, and proves nothing, so that
    it does not matter who else was told the same.

    An end is as wanted where that is in no span, else the first instant behind the span. Each span is as short as the
    ends in it allow, so that a lease lasts no more microseconds longer than ends of the task were told before, but in
    two cases. What has come is joined to one span: a clock that is set back finds leases that last until it is past
    that. And of more than MOST_SPANS, those are joined which make up the shortest: a lease may last longer by about a
    thirtieth of the time over which the ends lie that are still to come, hence of the longest lease.
    """

    spans: Spans = ()

    def check_proves(self, end: Instant) -> None:
        """Raises FailedPrecondition for the end of a lease that nobody holds."""
        if _span_with(end, self.spans) is not None:
            raise FailedPrecondition("The lease of the task is over.")

    def followed_by(
        self, current: Instant | None, wanted: Instant, now: Instant
    ) -> tuple[Instant, "ToldEnds"]:
        """The end of the lease that follows the one that ends at `current`, None for the first; and what was told then.
        It is not before `wanted`, but where it would be past the year 9999."""
        if wanted == current and wanted > now:
            return wanted, self
        spans = self.spans if current is None else _with(self.spans, current, now)
        end = _free(spans, wanted, now) if wanted > now else wanted
        return end, ToldEnds(spans if end > now else _with(spans, end, now))


def _with(spans: Spans, end: Instant, now: Instant) -> Spans:
    wider = _joined(sorted((*spans, (end, end))), now)
    if len(wider) > MOST_SPANS:
        _join_the_shortest(wider)
    return tuple(wider)


def _joined(spans: Sequence[Span], now: Instant) -> list[Span]:
    """Spans with no time between them made one, and those which are over too."""
    joined = [spans[0]]
    for first, last in spans[1:]:
        before, end = joined[-1]
        if first <= end + 1 or last <= now:
            joined[-1] = before, max(end, last)
        else:
            joined.append((first, last))
    return joined


def _join_the_shortest(spans: list[Span]) -> None:
    at = min(range(len(spans) - 1), key=lambda n: spans[n + 1][1] - spans[n][0])
    spans[at : at + 2] = [(spans[at][0], spans[at + 1][1])]


def _free(spans: Spans, wanted: Instant, now: Instant) -> Instant:
    """Now, when there is nothing left of time."""
    span = _span_with(wanted, spans)
    if span is None:
        return wanted
    if span[1] < LATEST:
        return span[1] + 1
    return max(span[0] - 1, now)


def _span_with(end: Instant, spans: Spans) -> Span | None:
    return next((span for span in spans if span[0] <= end <= span[1]), None)
