"""What a new or changed queue must satisfy, and what is filled in. Fields are checked in order of their numbers."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from taskweir.domain import limits
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.http_target_rules import checked_http_target
from taskweir.domain.model import (
    AppEngineRouting,
    HttpTarget,
    Queue,
    QueueSource,
    QueueState,
    QueueType,
    RateLimits,
    RetryConfig,
)
from taskweir.domain.names import QueueName
from taskweir.domain.queue_bounds import PRODUCTION, QueueBounds
from taskweir.domain.queue_merge import NO_LIMITS, NO_RETRY, merged_draft
from taskweir.domain.rate import burst_for_rate
from taskweir.domain.routing_rules import checked_routing
from taskweir.domain.times import SECOND, Micros

PULL_LIMITS: Final = RateLimits(10_000.0, 10_000, -1)
"""Of every pull queue: output only (documented for v2beta2, when there were pull queues)."""


def new_queue(name: QueueName, draft: QueueDraft, bounds: QueueBounds = PRODUCTION) -> Queue:
    """A RUNNING queue from what a caller sent. Raises InvalidArgument."""
    queue = _made(name, draft, bounds)
    _check_task_ttl(draft.task_ttl)
    _check_tombstone_ttl(draft.tombstone_ttl)
    return queue


def updated_queue(
    queue: Queue, draft: QueueDraft, mask: Sequence[str] | None, bounds: QueueBounds = PRODUCTION
) -> Queue:
    """The queue with the masked fields replaced, an unset one going back to its default. Raises InvalidArgument.

    `mask` holds snake_case paths of v2, and type, task_ttl, tombstone_ttl, rate_limits.max_burst_size, TARGET_TYPE and
    SHOWN_OVERRIDE; None stands for every settable field, and a mask that names nothing changes nothing. State, purge
    time and acl have methods of their own. The queue counts as made through the API from then on.
    """
    if mask is not None and not mask:
        return queue
    _check_type(queue, draft, mask)
    merged = merged_draft(queue, draft, mask)
    changed = _made(queue.name, merged, bounds, queue.rate_limits)
    # Only what changes: queue.yaml gives queues longer times than an update may.
    if merged.task_ttl != queue.task_ttl:
        _check_task_ttl(merged.task_ttl)
    if merged.tombstone_ttl != queue.tombstone_ttl:
        _check_tombstone_ttl(merged.tombstone_ttl)
    retry = changed.retry_config if mask is None else _with_zeros_kept(queue, changed.retry_config, mask)
    return replace(
        changed,
        retry_config=retry,
        state=queue.state,
        purge_time=queue.purge_time,
        acl=queue.acl,
        uid=queue.uid,
    )


def _with_zeros_kept(queue: Queue, changed: RetryConfig, mask: Sequence[str]) -> RetryConfig:
    """A zero counts as unset when it is sent; but queue.yaml can set one, and an update of something else leaves it."""
    if "retry_config" in mask:
        return changed
    kept = [
        name
        for name in RetryConfig.__annotations__
        if not getattr(queue.retry_config, name) and f"retry_config.{name}" not in mask
    ]
    return replace(changed, **dict.fromkeys(kept, 0))


def _check_type(queue: Queue, draft: QueueDraft, mask: Sequence[str] | None) -> None:
    """A queue's type is fixed when it is made (documented). An update that does not say one leaves it."""
    if (mask is None or "type" in mask) and draft.type not in (None, queue.type):
        raise InvalidArgument(f"Queue.type cannot be changed: it is {queue.type.name}.")


def _made(name: QueueName, draft: QueueDraft, bounds: QueueBounds, before: RateLimits = NO_LIMITS) -> Queue:
    pulls = draft.type is QueueType.PULL
    if pulls:
        _check_pull_target(draft)
    return Queue(
        name=name,
        app_engine_routing_override=_routing(name, draft.app_engine_routing_override),
        rate_limits=PULL_LIMITS if pulls else rate_limits(draft.rate_limits or NO_LIMITS, bounds, before),
        retry_config=(pull_retry_config if pulls else retry_config)(draft.retry_config or NO_RETRY),
        state=QueueState.RUNNING,
        type=draft.type or QueueType.PUSH,
        source=QueueSource.API,
        http_target=_http_target(draft.http_target),
        logging_sampling_ratio=_sampling_ratio(draft.logging_sampling_ratio),
        task_ttl=draft.task_ttl,
        tombstone_ttl=draft.tombstone_ttl,
    )


def rate_limits(given: RateLimits, bounds: QueueBounds, before: RateLimits) -> RateLimits:
    """A push queue's limits with defaults for what is zero, which for the burst follows from the rate.

    What the queue had `before` it may keep: it was given it when the bounds were wider.
    """
    rate = given.max_dispatches_per_second
    burst = given.max_burst_size
    concurrent = given.max_concurrent_dispatches
    if math.isnan(rate):
        raise InvalidArgument("RateLimits.maxDispatchesPerSecond must be a number.")
    _check_limit("maxDispatchesPerSecond", rate, bounds.dispatches, before.max_dispatches_per_second)
    _check_limit("maxBurstSize", burst, bounds.burst, before.max_burst_size)
    _check_limit("maxConcurrentDispatches", concurrent, bounds.concurrent, before.max_concurrent_dispatches)
    rate = rate or limits.DEFAULT_DISPATCHES_PER_SECOND
    return RateLimits(rate, burst or burst_for_rate(rate), concurrent or limits.DEFAULT_CONCURRENT_DISPATCHES)


def _check_limit(field: str, value: float, bound: int, before: float) -> None:
    if value < 0:
        raise InvalidArgument(f"RateLimits.{field} cannot be negative.")
    if value > bound and value != before:
        raise InvalidArgument(f"RateLimits.{field} must be less than or equal to {bound}.")


def retry_config(given: RetryConfig) -> RetryConfig:
    """A retry config with defaults for what is zero; `max_retry_duration` is cut to whole seconds."""
    _check_max_attempts(given.max_attempts)
    if given.max_retry_duration < 0:
        raise InvalidArgument("RetryConfig.maxRetryDuration cannot be negative.")
    if given.min_backoff < 0:
        raise InvalidArgument("RetryConfig.minBackoff cannot be negative.")
    if given.max_backoff < 0:
        raise InvalidArgument("RetryConfig.maxBackoff cannot be negative.")
    if given.max_doublings < 0:
        raise InvalidArgument("RetryConfig.maxDoublings cannot be negative.")
    filled = RetryConfig(
        max_attempts=given.max_attempts or limits.DEFAULT_MAX_ATTEMPTS,
        max_retry_duration=given.max_retry_duration // SECOND * SECOND,
        min_backoff=given.min_backoff or limits.DEFAULT_MIN_BACKOFF,
        max_backoff=given.max_backoff or limits.DEFAULT_MAX_BACKOFF,
        max_doublings=given.max_doublings or limits.DEFAULT_MAX_DOUBLINGS,
    )
    if filled.min_backoff > filled.max_backoff:
        raise InvalidArgument("RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.")
    return filled


def pull_retry_config(given: RetryConfig) -> RetryConfig:
    """The number of leases alone can be set, and is unlimited by default; all else is output only (documented). When a
    lease is over, the task can be leased again at once."""
    _check_max_attempts(given.max_attempts)
    return replace(NO_RETRY, max_attempts=given.max_attempts or -1)


def _check_max_attempts(count: int) -> None:
    if count < -1:
        raise InvalidArgument("RetryConfig.maxAttempts must be greater or equal to -1.")


def _check_pull_target(draft: QueueDraft) -> None:
    """A pull queue sends nothing, so that nothing of what it sends can be overridden."""
    for value, field in (
        (draft.app_engine_routing_override, "appEngineRoutingOverride"),
        (draft.http_target, "httpTarget"),
    ):
        if value is not None:
            raise InvalidArgument(f"Queue.{field} can only be set for a push queue.")


def _check_task_ttl(ttl: Micros | None) -> None:
    if ttl is not None and not limits.MIN_TASK_TTL <= ttl <= limits.MAX_TASK_TTL:
        raise InvalidArgument("Queue.taskTtl must be between [240h, 87600h].")


def _check_tombstone_ttl(ttl: Micros | None) -> None:
    if ttl is not None and not limits.MIN_TOMBSTONE_TTL <= ttl <= limits.MAX_TOMBSTONE_TTL:
        raise InvalidArgument("Queue.tombstoneTtl must be between [1h, 216h].")


def _routing(name: QueueName, routing: AppEngineRouting | None) -> AppEngineRouting | None:
    return None if routing is None else checked_routing(name.project, routing)


def _http_target(target: HttpTarget | None) -> HttpTarget | None:
    return None if target is None else checked_http_target(target)


def _sampling_ratio(ratio: float | None) -> float | None:
    if ratio is not None and not 0 <= ratio <= 1:
        raise InvalidArgument("StackdriverLoggingConfig.samplingRatio must be between 0 and 1.")
    return ratio
