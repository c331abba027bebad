"""All that is measured of one server, and how it is asked for."""

import asyncio
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from taskweir.clock import Clock
from taskweir.domain.errors import Refusal
from taskweir.domain.model import Queue
from taskweir.domain.times import Instant
from taskweir.metrics.attempts import AttemptMetrics
from taskweir.metrics.build import Build
from taskweir.metrics.calls import CallMetrics
from taskweir.metrics.commits import CommitMetrics
from taskweir.metrics.queue_labels import QueueLabels
from taskweir.metrics.reading import Backlog, Reading
from taskweir.store.base import Store


class Metrics:
    """A `store.base.Listener`, which must be told of the queues that were there before it.

    In a registry of its own: several servers in one process do not mix, nor with what that process measures.
    """

    def __init__(self) -> None:
        self._labels = QueueLabels()
        self.calls = CallMetrics()
        self.attempts = AttemptMetrics(self._labels)
        self.commits = CommitMetrics()
        self._registry = CollectorRegistry()
        for collector in (Build(), self.calls, self.attempts, self.commits):
            self._registry.register(collector)
        ProcessCollector(registry=self._registry)

    async def scrape(self, store: Store, clock: Clock, rate_factors: Mapping[int, float]) -> bytes:
        """Everything as it is now, in Prometheus' text format. What the store does not answer is left out.
        `rate_factors` are of the queues that are slowed down, by uid."""
        backlog = await _backlog(store)
        reading = Reading(
            now=clock.now(),
            queues=self._labels.all(),
            backlog=backlog,
            in_flight=self.attempts.in_flight(),
            rate_factors=rate_factors,
            has_trouble=store.trouble is not None,
        )
        # Thousands of lines take many milliseconds, in which the loop would stand still.
        return await asyncio.to_thread(lambda: generate_latest(self._registry) + generate_latest(reading))

    # What the store tells.

    def queue_changed(self, queue: Queue) -> None:
        self._labels.put(queue)

    def queue_gone(self, queue_uid: int) -> None:
        label = self._labels.drop(queue_uid)
        if label is not None:
            self.attempts.forget(label)

    def task_due(self, queue_uid: int, at: Instant) -> None:
        """Counted when it is dispatched."""

    def run_requested(self, queue_uid: int, task_uid: int) -> None:
        """Counted as a call."""

    def last_lease_ends(self, at: Instant) -> None:
        """Not measured."""

    def history_grew(self) -> None:
        """Not measured."""


async def _backlog(store: Store) -> Backlog | None:
    try:
        return Backlog(await store.task_counts(), await store.earliest_schedule_times())
    except Refusal:
        return None
