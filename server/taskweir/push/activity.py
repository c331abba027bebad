"""What is going on in the queues."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from taskweir.domain.names import QueueName
from taskweir.domain.scope import Scope
from taskweir.domain.times import Instant
from taskweir.push.window import QueueWindow


@dataclass(frozen=True, slots=True)
class QueueActivity:
    """`in_flight` takes in runs that wait for a slot; `begun` counts attempts since the start. Whether a task is due is
    known for sure only by the store. `next_due` is when one can next be dispatched, None when only attempts that end
    can tell."""

    name: QueueName
    uid: int
    in_flight: int
    begun: int
    may_have_due: bool
    next_due: Instant | None


@dataclass(frozen=True, slots=True)
class Activity:
    """What there is to know of it, besides the queues' windows: how many runs wait, the uids of queues of which
    something is tried again later, and whether the worker can do nothing more now."""

    runs: Mapping[QueueWindow, int]
    stuck: Collection[int]
    at_rest: bool
    now: Instant

    def of(self, windows: Iterable[QueueWindow], scope: Scope) -> Iterator[QueueActivity]:
        """Of the queues that are not idle, as far as is known; one that is gone may have attempts in flight."""
        for window in windows:
            in_flight = window.in_flight + self.runs.get(window, 0)
            may_have_due = window.may_have_due(self.now) or (self._is_stuck(window) and window.runs)
            if (in_flight or may_have_due) and scope.covers(Scope.of(window.queue.name)):
                uid, at = window.queue.uid, self._next_due(window)
                yield QueueActivity(window.queue.name, uid, in_flight, window.begun, may_have_due, at)

    def _next_due(self, window: QueueWindow) -> Instant | None:
        if self._is_stuck(window) or window.is_asking:
            at: Instant | None = self.now
        else:
            at = window.next_look(self.now)
        # At rest, what could go now stands in line for what others hold.
        return None if at is not None and at <= self.now and self.at_rest else at

    def _is_stuck(self, window: QueueWindow) -> bool:
        return not window.is_gone and window.queue.uid in self.stuck


def slowed_queues(windows: Iterable[QueueWindow], now: Instant) -> dict[int, float]:
    """What part of its rate each queue that is slowed down may go at, by uid."""
    factors = {window.queue.uid: window.rate_factor(now) for window in windows if window.bucket.slowdown}
    return {uid: factor for uid, factor in factors.items() if factor < 1}
