"""Settings of queues as Firebase has them: v2's, with durations in seconds."""

from typing import Final

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import Queue, RateLimits, RetryConfig
from taskweir.domain.times import DAY, SECOND, Micros
from taskweir_pb.firebase.v1 import task_queues_pb2

SETTINGS: Final = ("rate_limits", "retry_config")
"""What a draft sets."""
_MAX_ATTEMPTS: Final = 3
"""Of a Firebase function, where it does not say. Its other defaults are those of Cloud Tasks."""
_LONGEST: Final[Micros] = 36_500 * DAY


def queue_draft(message: task_queues_pb2.ConfigureQueueRequest) -> QueueDraft:
    """Raises InvalidArgument."""
    limits = message.rate_limits
    return QueueDraft(
        name=message.name,
        rate_limits=RateLimits(limits.max_dispatches_per_second, 0, limits.max_concurrent_dispatches),
        retry_config=_retry_config(message.retry_config),
    )


def _retry_config(message: task_queues_pb2.RetryConfig) -> RetryConfig:
    return RetryConfig(
        max_attempts=message.max_attempts or _MAX_ATTEMPTS,
        max_retry_duration=_micros("max_retry_seconds", message.max_retry_seconds),
        min_backoff=_micros("min_backoff_seconds", message.min_backoff_seconds),
        max_backoff=_micros("max_backoff_seconds", message.max_backoff_seconds),
        max_doublings=message.max_doublings,
    )


def _micros(field: str, seconds: float) -> Micros:
    if not 0 <= seconds <= _LONGEST / SECOND:
        raise InvalidArgument(f"retry_config.{field} must be from 0 to {_LONGEST // SECOND}.")
    return round(seconds * SECOND)


def queue_config(queue: Queue) -> task_queues_pb2.TaskQueueConfig:
    """With every default."""
    limits, retry = queue.rate_limits, queue.retry_config
    return task_queues_pb2.TaskQueueConfig(
        rate_limits=task_queues_pb2.RateLimits(
            max_dispatches_per_second=limits.max_dispatches_per_second,
            max_concurrent_dispatches=limits.max_concurrent_dispatches,
        ),
        retry_config=task_queues_pb2.RetryConfig(
            max_attempts=retry.max_attempts,
            max_retry_seconds=retry.max_retry_duration / SECOND,
            min_backoff_seconds=retry.min_backoff / SECOND,
            max_backoff_seconds=retry.max_backoff / SECOND,
            max_doublings=retry.max_doublings,
        ),
    )
