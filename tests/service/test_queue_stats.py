"""The stats of queues."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.model import Queue, QueueType
from taskweir.domain.names import QueueName
from taskweir.domain.queue_rules import new_queue
from taskweir.domain.times import Instant
from taskweir.service.queue_stats import QueueStats, QueueStatsService
from taskweir.store.base import Store


@dataclass
class CountingStore:
    """Knows of two queues, and counts how often it is asked."""

    asked: list[str] = field(default_factory=list)

    async def task_counts(self) -> Mapping[int, int]:
        self.asked.append("counts")
        return {1: 5, 2: 6}

    async def earliest_schedule_times(self, queue_uids: Collection[int]) -> Mapping[int, Instant]:
        self.asked.append("times")
        return {1: 100, 2: 200}


class Known:
    """What is known of attempts, of congestion and of leases."""

    def answered_lately(self, queue_uid: int) -> int:
        return queue_uid * 10

    def in_flight(self, queue_uid: int) -> int:
        return queue_uid * 100

    def rate_factors(self) -> Mapping[int, float]:
        return {3: 0.25}

    def leased_lately(self, queue_uid: int) -> tuple[int, int]:
        return queue_uid * 1_000, 0


def queue(uid: int, **over: Any) -> Queue:
    made = new_queue(QueueName("p", "l", f"q{uid}"), QueueDraft("", **over))
    return Queue(made.name, made.rate_limits, made.retry_config, type=made.type, uid=uid)


async def test_stats_are_put_together_of_what_each_part_knows() -> None:
    """Of a pull queue leases are counted, of another one attempts; a queue without tasks has no oldest, and the rate
    of one that is slowed down is what it may go at."""
    store = CountingStore()
    service = QueueStatsService(cast("Store", store), Known(), Known(), Known())
    stats = await service.of([queue(1), queue(2, type=QueueType.PULL), queue(3)])
    assert stats == [
        QueueStats(5, 100, 10, 100, 500.0),
        QueueStats(6, 200, 2_000, 200, 10_000.0),
        QueueStats(0, None, 30, 300, 125.0),
    ]
    assert store.asked == ["counts", "times"]


async def test_no_queues_cost_nothing() -> None:
    """Nothing is asked of the store."""
    store = CountingStore()
    assert await QueueStatsService(cast("Store", store), Known(), Known(), Known()).of([]) == ()
    assert store.asked == []
