"""What is measured when it is asked for, not when it happens."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric

from taskweir.domain.model import Queue, QueueState, QueueType
from taskweir.domain.times import SECOND, Instant
from taskweir.metrics.queue_labels import OTHER


@dataclass(frozen=True, slots=True)
class Backlog:
    """Tasks of each queue by its uid: how many there are, and the earliest schedule time."""

    counts: Mapping[int, int]
    earliest: Mapping[int, Instant]


@dataclass(frozen=True, slots=True)
class Reading:
    """One moment of the server; a collector, for one scrape.

    `queues` have their labels, which several may share: their figures are summed, of ages the highest counts, of rate
    factors the lowest. `backlog` is None when the store did not answer. `in_flight` is by uid too, and takes in queues
    that are gone; `rate_factors` are of queues that are slowed down.
    """

    now: Instant
    queues: Sequence[tuple[str, Queue]]
    backlog: Backlog | None
    in_flight: Mapping[int, int]
    rate_factors: Mapping[int, float]
    has_trouble: bool

    def collect(self) -> Iterator[Metric]:
        yield self._queues()
        yield _by_queue("taskweir_queue_paused", "1 while the queue is paused or disabled.", self._paused())
        yield _by_queue(
            "taskweir_queue_rate_factor",
            "The part of its configured rate at which congestion control lets a push queue go; 1 when it is not slowed"
            " down.",
            self._factors(),
        )
        if self.backlog is not None:
            yield _by_queue(
                "taskweir_queue_tasks", "Tasks in the queue, due or not.", self._sums(self.backlog.counts)
            )
            yield _by_queue(
                "taskweir_queue_oldest_due_age_seconds",
                "How long ago the earliest task in a queue that is not paused fell due, by the server's clock, whether"
                " or not an attempt of it is in flight; 0 when none is due.",
                self._ages(self.backlog.earliest),
            )
        yield _by_queue(
            "taskweir_attempts_in_flight",
            "Attempts that have begun and are not yet recorded.",
            self._in_flight(),
        )
        yield GaugeMetricFamily(
            "taskweir_store_trouble",
            "1 while nothing can be written to the data file.",
            int(self.has_trouble),
        )

    def _queues(self) -> Metric:
        states = Counter(queue.state for _, queue in self.queues)
        family = GaugeMetricFamily("taskweir_queues", "Queues, by state.", labels=("state",))
        for state in QueueState:
            family.add_metric((state.name.lower(),), states[state])
        return family

    def _paused(self) -> Mapping[str, float]:
        values: defaultdict[str, float] = defaultdict(float)
        for label, queue in self.queues:
            values[label] += queue.state is not QueueState.RUNNING
        return values

    def _factors(self) -> Mapping[str, float]:
        values: dict[str, float] = {}
        for label, queue in self.queues:
            if queue.type is QueueType.PUSH:
                values[label] = min(values.get(label, 1.0), self.rate_factors.get(queue.uid, 1.0))
        return values

    def _sums(self, counts: Mapping[int, int]) -> dict[str, float]:
        values: defaultdict[str, float] = defaultdict(float)
        for label, queue in self.queues:
            values[label] += counts.get(queue.uid, 0)
        return values

    def _in_flight(self) -> Mapping[str, float]:
        values = self._sums(self.in_flight)
        gone = self.in_flight.keys() - {queue.uid for _, queue in self.queues}
        if gone:
            values[OTHER] = values.get(OTHER, 0) + sum(self.in_flight[uid] for uid in gone)
        return values

    def _ages(self, earliest: Mapping[int, Instant]) -> Mapping[str, float]:
        values: defaultdict[str, float] = defaultdict(float)
        for label, queue in self.queues:
            if queue.state is QueueState.RUNNING:
                age = (self.now - earliest.get(queue.uid, self.now)) / SECOND
                values[label] = max(values[label], age)
        return values


def _by_queue(name: str, meaning: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=("queue",))
    for label, value in values.items():
        family.add_metric((label,), value)
    return family
