"""Queues of v2beta3."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from taskweir.api.cloud_tasks.codec_fields import duration_field, enum_field
from taskweir.api.cloud_tasks.codec_queue import draft_with, put_shared_fields
from taskweir.api.cloud_tasks.codec_stats import put_ttls
from taskweir.api.cloud_tasks.codec_target import put_routing
from taskweir.api.convert import enum_number
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.field_paths import renamed
from taskweir.domain.model import Queue, QueueType
from taskweir_pb.v2beta3 import queue_pb2

OUTPUT_ONLY: Final = frozenset(
    {"name", "state", "purge_time", "stats", "app_engine_http_queue.app_engine_routing_override.host"}
)
"""Paths of Queue that an update does not set."""
NAMES: Final[Mapping[str, str]] = {
    "app_engine_http_queue": "app_engine_routing_override",
    "app_engine_http_queue.app_engine_routing_override": "app_engine_routing_override",
}
"""Of fields that v2 names otherwise."""
OWN_NAMES: Final[Mapping[str, str]] = {"Queue.appEngineRoutingOverride": "Queue.appEngineHttpQueue"}
"""For what refusals call them."""


def queue_draft(message: queue_pb2.Queue, path: str) -> QueueDraft:
    """As `draft_with`."""
    target = message.app_engine_http_queue
    has_override = target.HasField("app_engine_routing_override")
    override = target.app_engine_routing_override if has_override else None
    return replace(
        draft_with(override, message.rate_limits.max_burst_size, message, path),
        type=enum_field(QueueType, message, "type", path) if message.type else None,
        task_ttl=duration_field(message, "task_ttl", path),
        tombstone_ttl=duration_field(message, "tombstone_ttl", path),
    )


def update_mask(paths: Sequence[str] | None) -> Sequence[str] | None:
    """The domain's mask for that of an update."""
    return None if paths is None else [renamed(path, NAMES) for path in paths]


def put_queue(message: queue_pb2.Queue, queue: Queue) -> None:
    put_shared_fields(message, queue)
    if queue.app_engine_routing_override is not None:
        target = message.app_engine_http_queue
        put_routing(target.app_engine_routing_override, queue.app_engine_routing_override)
    message.type = enum_number(queue.type)
    put_ttls(message, queue)
