"""Stats of queues, and their times: what the betas have beyond v2."""

from typing import TypeAlias

from taskweir.api.convert import put_instant, put_micros
from taskweir.domain.model import Queue
from taskweir.service.queue_stats import QueueStats
from taskweir_pb.v2beta2 import queue_pb2 as v2beta2
from taskweir_pb.v2beta3 import queue_pb2 as v2beta3

_Queue: TypeAlias = v2beta3.Queue | v2beta2.Queue


def put_ttls(message: _Queue, queue: Queue) -> None:
    if queue.task_ttl is not None:
        put_micros(message.task_ttl, queue.task_ttl)
    if queue.tombstone_ttl is not None:
        put_micros(message.tombstone_ttl, queue.tombstone_ttl)


def put_stats(message: _Queue, stats: QueueStats) -> None:
    message.stats.tasks_count = stats.tasks
    if stats.oldest_arrival is not None:
        put_instant(message.stats.oldest_estimated_arrival_time, stats.oldest_arrival)
    message.stats.executed_last_minute_count = stats.executed_last_minute
    message.stats.concurrent_dispatches_count = stats.in_flight
    message.stats.effective_execution_rate = stats.execution_rate
