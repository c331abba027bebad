"""Queues of v2. Nothing in them tells a pull queue from another."""

from collections.abc import Sequence
from typing import Final

from taskweir.api.cloud_tasks.codec_queue import draft_with, put_shared_fields
from taskweir.api.cloud_tasks.codec_target import put_routing
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.model import Queue
from taskweir_pb.v2 import queue_pb2

OUTPUT_ONLY: Final = frozenset(
    {"name", "state", "purge_time", "rate_limits.max_burst_size", "app_engine_routing_override.host"}
)
"""Paths of Queue that an update does not set."""
_SETTABLE: Final = (
    "app_engine_routing_override",
    "rate_limits",
    "retry_config",
    "stackdriver_logging_config",
    "http_target",
)
_BURST: Final = "rate_limits.max_burst_size"


def queue_draft(message: queue_pb2.Queue, path: str = "queue") -> QueueDraft:
    """As `draft_with`; the burst is output only in v2."""
    has_override = message.HasField("app_engine_routing_override")
    return draft_with(message.app_engine_routing_override if has_override else None, 0, message, path)


def update_mask(paths: Sequence[str] | None) -> Sequence[str]:
    """The domain's mask for that of an update. What v2 cannot say stays as it is. Any update has the burst follow the
    rate again (documented)."""
    return _SETTABLE if paths is None else (*paths, _BURST)


def put_queue(message: queue_pb2.Queue, queue: Queue) -> None:
    put_shared_fields(message, queue)
    if queue.app_engine_routing_override is not None:
        put_routing(message.app_engine_routing_override, queue.app_engine_routing_override)
