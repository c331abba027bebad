"""Queues of v2beta2, with the names that it has of its own.

What a queue has beside its HTTP target has no place in `target_type`: an App Engine routing override then is not shown,
nor lost in an update that gives an HTTP target.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from taskweir.api.cloud_tasks.codec_fields import duration_field
from taskweir.api.cloud_tasks.codec_retry import put_backoff, retry_config_with
from taskweir.api.cloud_tasks.codec_stats import put_ttls
from taskweir.api.cloud_tasks.codec_target import http_target, put_http_target, put_routing, routing
from taskweir.api.convert import enum_number, put_instant
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.field_paths import renamed
from taskweir.domain.model import AppEngineRouting, Queue, QueueType, RateLimits, RetryConfig
from taskweir.domain.queue_merge import SHOWN_OVERRIDE, TARGET_TYPE
from taskweir_pb.v2beta2 import queue_pb2, task_pb2

OUTPUT_ONLY: Final = frozenset(
    {"name", "state", "purge_time", "stats", "app_engine_http_target.app_engine_routing_override.host"}
)
"""Paths of Queue that an update does not set."""
FILTER_NAMES: Final[Mapping[str, str]] = {
    "app_engine_http_target.app_engine_routing_override": "app_engine_routing_override",
    "rate_limits.max_tasks_dispatched_per_second": "rate_limits.max_dispatches_per_second",
    "rate_limits.max_concurrent_tasks": "rate_limits.max_concurrent_dispatches",
}
"""Of fields that v2 names otherwise."""
_MASK_NAMES: Final[Mapping[str, str]] = {
    **FILTER_NAMES,
    "app_engine_http_target": SHOWN_OVERRIDE,
    "app_engine_http_target.app_engine_routing_override": SHOWN_OVERRIDE,
    "pull_target": "type",
    "retry_config.unlimited_attempts": "retry_config.max_attempts",
}
OWN_NAMES: Final[Mapping[str, str]] = {
    "RateLimits.maxDispatchesPerSecond": "RateLimits.maxTasksDispatchedPerSecond",
    "RateLimits.maxConcurrentDispatches": "RateLimits.maxConcurrentTasks",
}
"""For what refusals call them."""
_SETTABLE: Final = ("type", TARGET_TYPE, "rate_limits", "retry_config", "task_ttl", "tombstone_ttl")
_TARGETS: Final = ("app_engine_http_target", "pull_target", "http_target")


def queue_draft(message: queue_pb2.Queue, path: str) -> QueueDraft:
    """What a caller sent; output-only fields are passed over. `path` names the message in the request. Raises
    InvalidArgument for values that a field cannot have on the wire."""
    kind = message.WhichOneof("target_type")
    return QueueDraft(
        name=message.name,
        rate_limits=_rate_limits(message.rate_limits) if message.HasField("rate_limits") else None,
        retry_config=retry_config_field(message, path),
        app_engine_routing_override=_override(message),
        http_target=(
            http_target(message.http_target, f"{path}.http_target") if kind == "http_target" else None
        ),
        type=None if kind is None else QueueType.PULL if kind == "pull_target" else QueueType.PUSH,
        task_ttl=duration_field(message, "task_ttl", path),
        tombstone_ttl=duration_field(message, "tombstone_ttl", path),
    )


def _rate_limits(message: queue_pb2.RateLimits) -> RateLimits:
    return RateLimits(
        message.max_tasks_dispatched_per_second, message.max_burst_size, message.max_concurrent_tasks
    )


def _override(message: queue_pb2.Queue) -> AppEngineRouting | None:
    target = message.app_engine_http_target
    if not target.HasField("app_engine_routing_override"):
        return None
    return routing(target.app_engine_routing_override)


def retry_config_field(message: queue_pb2.Queue | task_pb2.Task, path: str) -> RetryConfig | None:
    """None where it is not set. Raises InvalidArgument, also for a number of attempts that is set and not positive."""
    if not message.HasField("retry_config"):
        return None
    config = message.retry_config
    attempts = config.max_attempts
    match config.WhichOneof("num_attempts"):
        case "max_attempts" if attempts <= 0:
            raise InvalidArgument("RetryConfig.maxAttempts must be greater than 0.")
        case "unlimited_attempts":
            attempts = -1 if config.unlimited_attempts else 0
    return retry_config_with(attempts, config, f"{path}.retry_config")


def update_mask(paths: Sequence[str] | None) -> Sequence[str]:
    """The domain's mask for that of an update. What v2beta2 cannot say stays as it is."""
    if paths is None:
        return _SETTABLE
    names_target = any(path.partition(".")[0] in _TARGETS for path in paths)
    # What is shown depends on whether an HTTP target stays.
    mask = sorted((renamed(path, _MASK_NAMES) for path in paths), key=_is_in_target_type)
    return [*mask, "type"] if names_target else mask


def _is_in_target_type(path: str) -> bool:
    return path.startswith(TARGET_TYPE)


def put_queue(message: queue_pb2.Queue, queue: Queue) -> None:
    """Write a queue with every default. The oneof tells a pull queue from another, so that one of it is always set."""
    message.name = str(queue.name)
    _put_target(message, queue)
    limits = message.rate_limits
    limits.max_tasks_dispatched_per_second = queue.rate_limits.max_dispatches_per_second
    limits.max_burst_size = queue.rate_limits.max_burst_size
    limits.max_concurrent_tasks = queue.rate_limits.max_concurrent_dispatches
    put_retry_config(message.retry_config, queue.retry_config)
    message.state = enum_number(queue.state)
    if queue.purge_time is not None:
        put_instant(message.purge_time, queue.purge_time)
    put_ttls(message, queue)


def _put_target(message: queue_pb2.Queue, queue: Queue) -> None:
    if queue.type is QueueType.PULL:
        message.pull_target.SetInParent()
    elif queue.http_target is not None:
        put_http_target(message.http_target, queue.http_target)
    else:
        message.app_engine_http_target.SetInParent()
        if queue.app_engine_routing_override is not None:
            put_routing(
                message.app_engine_http_target.app_engine_routing_override, queue.app_engine_routing_override
            )


def put_retry_config(message: queue_pb2.RetryConfig, config: RetryConfig) -> None:
    if config.max_attempts < 0:
        message.unlimited_attempts = True
    else:
        message.max_attempts = config.max_attempts
    put_backoff(message, config)
