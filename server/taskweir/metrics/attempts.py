"""Attempts: how they ended, how long they took, how late they began, and how many there are."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from taskweir.domain.history import Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Task
from taskweir.domain.times import SECOND, Instant, Micros
from taskweir.metrics.histogram import Histogram
from taskweir.metrics.queue_labels import QueueLabels

_SECONDS: Final = (
    0.001,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    600.0,
    3600.0,
)
_RETRY: Final = "retry"
_GONE: Final = "gone"
_ENDINGS: Final = {ending: ending.name.lower() for ending in (Ending.DONE, Ending.OUT_OF_ATTEMPTS)}


class _Counts:
    """Of one value of the label `queue`, from its first attempt on. All of them begin at 0: a counter that is first
    seen at 1 has not grown, as Prometheus counts, and an alert would miss it."""

    __slots__ = ("outcomes", "then")

    def __init__(self) -> None:
        self.outcomes = dict.fromkeys(Outcome, 0)
        self.then = dict.fromkeys((*_ENDINGS.values(), _RETRY, _GONE), 0)


class AttemptMetrics:
    """A collector, and a `push.attempt.AttemptObserver`."""

    def __init__(self, labels: QueueLabels) -> None:
        self._labels = labels
        self._counts: dict[str, _Counts] = {}
        self._in_flight: Counter[int] = Counter()
        self._latency = Histogram(_SECONDS)
        self._lateness = Histogram(_SECONDS)

    def attempt_begun(self, task: Task, *, forced: bool) -> None:
        """RunTask's attempts are due when they are asked for, so they are not among the lateness."""
        self._in_flight[task.queue_uid] += 1
        attempt = task.last_attempt
        if attempt is not None and not forced:
            self._lateness.observe((attempt.dispatch_time - attempt.schedule_time) / SECOND)

    def attempt_recorded(
        self, task: Task, outcome: Outcome, latency: Micros, ending: Ending | Instant | None
    ) -> None:
        label = self._labels.of(task.queue_uid)
        counts = self._counts.get(label)
        if counts is None:
            counts = self._counts[label] = _Counts()
        counts.outcomes[outcome] += 1
        counts.then[_then(ending)] += 1
        self._latency.observe(latency / SECOND)

    def attempt_over(self, task: Task) -> None:
        left = self._in_flight[task.queue_uid] - 1
        if left:
            self._in_flight[task.queue_uid] = left
        else:
            del self._in_flight[task.queue_uid]  # So that queues that are gone leave nothing behind.

    def in_flight(self) -> Mapping[int, int]:
        """How many attempts are in flight, by the uid of their queue."""
        return self._in_flight.copy()

    def forget(self, label: str) -> None:
        """The queue that had this label is gone."""
        self._counts.pop(label, None)

    def collect(self) -> Iterator[Metric]:
        outcomes = CounterMetricFamily(
            "taskweir_attempts",
            "Attempts that have ended, by queue and what became of the request.",
            labels=("queue", "outcome"),
        )
        then = CounterMetricFamily(
            "taskweir_attempt_effects",
            "Attempts that have ended, by queue and what became of the task: done, retry, out_of_attempts,"
            " or gone before the attempt ended.",
            labels=("queue", "then"),
        )
        for label, counts in list(self._counts.items()):
            for outcome, count in counts.outcomes.items():
                outcomes.add_metric((label, outcome.name.lower()), count)
            for effect, count in counts.then.items():
                then.add_metric((label, effect), count)
        yield outcomes
        yield then
        yield HistogramMetricFamily(
            "taskweir_attempt_latency_seconds",
            "From the beginning of an attempt's request to the end of its answer, in real time.",
            buckets=self._latency.buckets(),
            sum_value=self._latency.total,
        )
        yield HistogramMetricFamily(
            "taskweir_dispatch_lateness_seconds",
            "From a task's schedule time to its dispatch by the server's clock, waiting for the queue's rate and"
            " concurrency included.",
            buckets=self._lateness.buckets(),
            sum_value=self._lateness.total,
        )


def _then(ending: Ending | Instant | None) -> str:
    if ending is None:
        return _GONE
    return _ENDINGS[ending] if isinstance(ending, Ending) else _RETRY
