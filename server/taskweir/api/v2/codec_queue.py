"""Queues of v2."""

from typing import Final

from taskweir.api.convert import enum_number, micros, put_instant, put_micros
from taskweir.api.v2.codec_target import http_target, put_http_target, put_routing, routing
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.model import Queue, RateLimits, RetryConfig
from taskweir_pb.v2 import queue_pb2

OUTPUT_ONLY: Final = frozenset(
    {"name", "state", "purge_time", "rate_limits.max_burst_size", "app_engine_routing_override.host"}
)
"""Paths of Queue that an update does not set."""


def queue_draft(message: queue_pb2.Queue, path: str = "queue") -> QueueDraft:
    """What a caller sent; output-only fields are passed over. `path` names the message in the request, here and
    below. Raises InvalidArgument for values that a field cannot have on the wire."""
    override = (
        message.app_engine_routing_override if message.HasField("app_engine_routing_override") else None
    )
    logging = message.stackdriver_logging_config if message.HasField("stackdriver_logging_config") else None
    return QueueDraft(
        name=message.name,
        rate_limits=_rate_limits(message.rate_limits) if message.HasField("rate_limits") else None,
        retry_config=(
            retry_config(message.retry_config, f"{path}.retry_config")
            if message.HasField("retry_config")
            else None
        ),
        app_engine_routing_override=None if override is None else routing(override),
        http_target=(
            http_target(message.http_target, f"{path}.http_target")
            if message.HasField("http_target")
            else None
        ),
        logging_sampling_ratio=None if logging is None else logging.sampling_ratio,
    )


def _rate_limits(message: queue_pb2.RateLimits) -> RateLimits:
    """The burst is output only in v2."""
    return RateLimits(message.max_dispatches_per_second, 0, message.max_concurrent_dispatches)


def retry_config(message: queue_pb2.RetryConfig, path: str) -> RetryConfig:
    """Of a queue or of a task."""
    return RetryConfig(
        max_attempts=message.max_attempts,
        max_retry_duration=micros(f"{path}.max_retry_duration", message.max_retry_duration),
        min_backoff=micros(f"{path}.min_backoff", message.min_backoff),
        max_backoff=micros(f"{path}.max_backoff", message.max_backoff),
        max_doublings=message.max_doublings,
    )


def put_queue(message: queue_pb2.Queue, queue: Queue) -> None:
    """Write a queue with every default."""
    message.name = str(queue.name)
    if queue.app_engine_routing_override is not None:
        put_routing(message.app_engine_routing_override, queue.app_engine_routing_override)
    limits = message.rate_limits
    limits.max_dispatches_per_second = queue.rate_limits.max_dispatches_per_second
    limits.max_burst_size = queue.rate_limits.max_burst_size
    limits.max_concurrent_dispatches = queue.rate_limits.max_concurrent_dispatches
    put_retry_config(message.retry_config, queue.retry_config)
    message.state = enum_number(queue.state)
    if queue.purge_time is not None:
        put_instant(message.purge_time, queue.purge_time)
    if queue.logging_sampling_ratio is not None:
        message.stackdriver_logging_config.sampling_ratio = queue.logging_sampling_ratio
    if queue.http_target is not None:
        put_http_target(message.http_target, queue.http_target)


def put_retry_config(message: queue_pb2.RetryConfig, config: RetryConfig) -> None:
    """An unlimited retry duration is left unset, as in production."""
    message.max_attempts = config.max_attempts
    if config.max_retry_duration:
        put_micros(message.max_retry_duration, config.max_retry_duration)
    put_micros(message.min_backoff, config.min_backoff)
    put_micros(message.max_backoff, config.max_backoff)
    message.max_doublings = config.max_doublings


def queue_message(queue: Queue) -> queue_pb2.Queue:
    message = queue_pb2.Queue()
    put_queue(message, queue)
    return message
