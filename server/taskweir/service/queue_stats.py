"""What queues hold and do at the moment, for those who ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from taskweir.domain.model import Queue, QueueType
from taskweir.domain.times import Instant
from taskweir.store.base import Store


class Executions(Protocol):
    """What the worker knows of attempts, by the uids of their queues."""

    def answered_lately(self, queue_uid: int) -> int:
        """How many got an answer, of whatever kind, in the last minute."""
        ...

    def in_flight(self, queue_uid: int) -> int: ...


class Slowed(Protocol):
    """What the worker knows of congestion."""

    def rate_factors(self) -> Mapping[int, float]:
        """What part of its rate each queue that is slowed down may go at, by uid."""
        ...


class Leases(Protocol):
    """What is known of leases; `service.leases.LeaseService` is one."""

    def leased_lately(self, queue_uid: int) -> tuple[int, int]:
        """How many tasks were leased in the last minute, and in the last hour."""
        ...


@dataclass(frozen=True, slots=True)
class QueueStats:
    """`oldest_arrival` is the earliest schedule time of a task, None where there is no task. `executed_last_minute`
    counts attempts that were answered, or leases; `execution_rate` is how many the queue may begin a second."""

    tasks: int
    oldest_arrival: Instant | None
    executed_last_minute: int
    in_flight: int
    execution_rate: float


@dataclass(frozen=True, slots=True)
class QueueStatsService:
    store: Store
    executions: Executions
    slowed: Slowed
    leases: Leases

    async def of(self, queues: Sequence[Queue]) -> Sequence[QueueStats]:
        """Of each of these queues. What the store counts is asked for once, however many there are."""
        if not queues:
            return ()
        counts = await self.store.task_counts()
        earliest = await self.store.earliest_schedule_times([queue.uid for queue in queues])
        factors = self.slowed.rate_factors()
        return [
            QueueStats(
                tasks=counts.get(queue.uid, 0),
                oldest_arrival=earliest.get(queue.uid),
                executed_last_minute=self._executed(queue),
                in_flight=self.executions.in_flight(queue.uid),
                execution_rate=queue.rate_limits.max_dispatches_per_second * factors.get(queue.uid, 1.0),
            )
            for queue in queues
        ]

    def _executed(self, queue: Queue) -> int:
        if queue.type is QueueType.PULL:
            return self.leases.leased_lately(queue.uid)[0]
        return self.executions.answered_lately(queue.uid)
