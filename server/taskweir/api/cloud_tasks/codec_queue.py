"""What queues have in v2 and v2beta3 alike."""

from typing import TypeAlias

from taskweir.api.cloud_tasks.codec_retry import put_retry_config, retry_config_field
from taskweir.api.cloud_tasks.codec_target import http_target, put_http_target, routing
from taskweir.api.convert import enum_number, put_instant
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.model import Queue, RateLimits
from taskweir_pb.v2 import queue_pb2 as v2
from taskweir_pb.v2 import target_pb2 as v2_target
from taskweir_pb.v2beta3 import queue_pb2 as v2beta3
from taskweir_pb.v2beta3 import target_pb2 as v2beta3_target

_Queue: TypeAlias = v2.Queue | v2beta3.Queue
_AppEngineRouting: TypeAlias = v2_target.AppEngineRouting | v2beta3_target.AppEngineRouting


def draft_with(override: _AppEngineRouting | None, burst: int, message: _Queue, path: str) -> QueueDraft:
    """What a caller sent; output-only fields are passed over. `path` names the message in the request. Raises
    InvalidArgument for values that a field cannot have on the wire."""
    logging = message.stackdriver_logging_config if message.HasField("stackdriver_logging_config") else None
    return QueueDraft(
        name=message.name,
        rate_limits=_rate_limits(message, burst) if message.HasField("rate_limits") else None,
        retry_config=retry_config_field(message, path),
        app_engine_routing_override=None if override is None else routing(override),
        http_target=(
            http_target(message.http_target, f"{path}.http_target")
            if message.HasField("http_target")
            else None
        ),
        logging_sampling_ratio=None if logging is None else logging.sampling_ratio,
    )


def _rate_limits(message: _Queue, burst: int) -> RateLimits:
    limits = message.rate_limits
    return RateLimits(limits.max_dispatches_per_second, burst, limits.max_concurrent_dispatches)


def put_shared_fields(message: _Queue, queue: Queue) -> None:
    """Write them, with every default."""
    message.name = str(queue.name)
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
