"""How many attempts each queue has in flight, and how many were answered in the last minute."""

from collections import Counter
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.history import Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Task
from taskweir.domain.recent_counts import RecentCounts
from taskweir.domain.times import MINUTE, SECOND, Instant, Micros
from taskweir.push.attempt import AttemptObserver

_ANSWERED: Final = (Outcome.SUCCEEDED, Outcome.FAILED)


class Executions:
    """A `push.attempt.AttemptObserver` that tells another one too. Answers are counted by the second."""

    def __init__(self, clock: Clock, then: AttemptObserver) -> None:
        self._clock = clock
        self._then = then
        self._in_flight: Counter[int] = Counter()
        self._answered = RecentCounts(MINUTE, SECOND)

    def answered_lately(self, queue_uid: int) -> int:
        """Attempts of the queue that got an answer, of whatever kind, in the last minute."""
        return self._answered.total(queue_uid, self._clock.now())

    def in_flight(self, queue_uid: int) -> int:
        return self._in_flight[queue_uid]

    def attempt_begun(self, task: Task, *, forced: bool) -> None:
        self._in_flight[task.queue_uid] += 1
        self._then.attempt_begun(task, forced=forced)

    def attempt_recorded(
        self, task: Task, outcome: Outcome, latency: Micros, ending: Ending | Instant | None
    ) -> None:
        if outcome in _ANSWERED:
            self._answered.add(task.queue_uid, 1, self._clock.now())
        self._then.attempt_recorded(task, outcome, latency, ending)

    def attempt_over(self, task: Task) -> None:
        left = self._in_flight[task.queue_uid] - 1
        if left:
            self._in_flight[task.queue_uid] = left
        else:
            del self._in_flight[task.queue_uid]
        self._then.attempt_over(task)
