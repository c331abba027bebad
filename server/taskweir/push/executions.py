"""How many attempts each queue has in flight, and how many were answered in the last minute."""

from collections import Counter, deque
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.history import Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Task
from taskweir.domain.times import SECOND, Instant, Micros
from taskweir.push.attempt import AttemptObserver

_LATELY: Final = 60
"""Seconds."""
_ANSWERED: Final = (Outcome.SUCCEEDED, Outcome.FAILED)


class Executions:
    """A `push.attempt.AttemptObserver` that tells another one too.

    A second is what is told apart: there are as many counts of a queue as seconds in which it had an answer, of the
    last minute, so that queues that are gone leave nothing behind.
    """

    def __init__(self, clock: Clock, then: AttemptObserver) -> None:
        self._clock = clock
        self._then = then
        self._in_flight: Counter[int] = Counter()
        self._answered: deque[tuple[int, Counter[int]]] = deque()

    def answered_lately(self, queue_uid: int) -> int:
        """Attempts of the queue that got an answer, of whatever kind, in the last minute."""
        self._forget(self._clock.now() // SECOND)
        return sum(counts[queue_uid] for _, counts in self._answered)

    def in_flight(self, queue_uid: int) -> int:
        return self._in_flight[queue_uid]

    def attempt_begun(self, task: Task, *, forced: bool) -> None:
        self._in_flight[task.queue_uid] += 1
        self._then.attempt_begun(task, forced=forced)

    def attempt_recorded(
        self, task: Task, outcome: Outcome, latency: Micros, ending: Ending | Instant | None
    ) -> None:
        if outcome in _ANSWERED:
            self._answered_now()[task.queue_uid] += 1
        self._then.attempt_recorded(task, outcome, latency, ending)

    def attempt_over(self, task: Task) -> None:
        left = self._in_flight[task.queue_uid] - 1
        if left:
            self._in_flight[task.queue_uid] = left
        else:
            del self._in_flight[task.queue_uid]
        self._then.attempt_over(task)

    def _answered_now(self) -> Counter[int]:
        second = self._clock.now() // SECOND
        if not self._answered or self._answered[-1][0] != second:
            self._forget(second)
            self._answered.append((second, Counter()))
        return self._answered[-1][1]

    def _forget(self, second: int) -> None:
        """What is a minute old, and what is ahead of a clock that was set back."""
        while self._answered and self._answered[0][0] <= second - _LATELY:
            self._answered.popleft()
        while self._answered and self._answered[-1][0] > second:
            self._answered.pop()
