"""Queues of the old taskqueue API."""

from dataclasses import dataclass
from typing import Final

from taskweir.api.taskqueue.timestamps import Unit, shown
from taskweir.domain.model import Acl, Queue
from taskweir.domain.times import Instant
from taskweir_pb.taskqueue.v1beta2 import taskqueue_pb2 as pb

_KIND: Final = "taskqueues#taskqueue"


@dataclass(frozen=True, slots=True)
class Stats:
    """What is in a queue: `oldest` is the earliest time at which a task was or will be available, None without one."""

    total: int
    oldest: Instant | None
    leased_last_minute: int
    leased_last_hour: int


def queue_message(queue: Queue, stats: Stats | None, unit: Unit) -> pb.TaskQueue:
    message = pb.TaskQueue(kind=_KIND, id=queue.name.id)
    if queue.retry_config.max_attempts > 0:
        message.max_leases = queue.retry_config.max_attempts
    if queue.acl is not None:
        _put_acl(message.acl, queue.acl)
    if stats is not None:
        _put_stats(message.stats, stats, unit)
    return message


def _put_acl(message: pb.TaskQueue.Acl, acl: Acl) -> None:
    message.SetInParent()
    message.consumer_emails.extend(acl.user_emails)
    message.producer_emails.extend(acl.writer_emails)


def _put_stats(message: pb.TaskQueue.Stats, stats: Stats, unit: Unit) -> None:
    message.total_tasks = stats.total
    if stats.oldest is not None:
        message.oldest_task = shown(stats.oldest, unit)
    message.leased_last_minute = stats.leased_last_minute
    message.leased_last_hour = stats.leased_last_hour
