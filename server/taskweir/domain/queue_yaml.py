"""What a queue.yaml makes of the queues of its project (documentation: "Using queue.yaml versus queue management")."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from taskweir.domain import limits
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import (
    AppEngineRouting,
    Queue,
    QueueSource,
    QueueState,
    QueueType,
    RateLimits,
    RetryConfig,
)
from taskweir.domain.names import LocationName, QueueName
from taskweir.domain.queue_entry import LONGEST, QueueEntry, QueueYaml, RetryParameters
from taskweir.domain.queue_merge import NO_RETRY
from taskweir.domain.queue_rules import PULL_LIMITS
from taskweir.domain.retry import UNLIMITED_ATTEMPTS
from taskweir.domain.routing_rules import checked_routing
from taskweir.domain.times import DAY, Micros

DEFAULT_QUEUE: Final = "default"
_DEFAULT_RATE: Final = 5.0
_DEFAULT_BUCKET_SIZE: Final = 5
_TOMBSTONE_TTL: Final[Micros] = 9 * DAY


def uploaded(
    queues: Sequence[Queue],
    file: QueueYaml,
    parent: LocationName,
    *,
    with_default: bool = True,
    spared: Collection[QueueName] = (),
) -> Sequence[Queue]:
    """The queues of a location that the file makes or changes, of all that are there: those it lists, those it
    disables by leaving them out, but for the `spared`, and the queue `default`, which there always is.

    Raises InvalidArgument for a queue that the file gives another type than it has.
    """
    present = {queue.name: queue for queue in queues}
    listed = [
        _listed(present.get(parent.queue(entry.name)), entry, parent, file.path) for entry in file.entries
    ]
    default = parent.queue(DEFAULT_QUEUE)
    kept = {queue.name for queue in listed} | {default, *spared}
    left_out = [replace(queue, state=QueueState.DISABLED) for queue in queues if queue.name not in kept]
    if (
        with_default
        and default not in present
        and DEFAULT_QUEUE not in {entry.name for entry in file.entries}
    ):
        listed.append(configured(None, QueueEntry(DEFAULT_QUEUE, line=0), default))
    return [*listed, *left_out]


def _listed(present: Queue | None, entry: QueueEntry, parent: LocationName, path: str) -> Queue:
    if present is not None and present.type is not entry.mode:
        raise InvalidArgument(
            f"{path}:{entry.line}: queue {entry.name} is a {present.type.name.lower()} queue: its mode cannot be changed"
        )
    return configured(present, entry, parent.queue(entry.name))


def configured(present: Queue | None, entry: QueueEntry, name: QueueName) -> Queue:
    """The queue as the entry describes it. What a queue.yaml cannot express stays as it is."""
    queue = present or Queue(name, PULL_LIMITS, _pull_retry(entry.retry_parameters))
    is_pull = entry.mode is QueueType.PULL
    return replace(
        queue,
        rate_limits=PULL_LIMITS if is_pull else _rate_limits(entry),
        retry_config=_pull_retry(entry.retry_parameters) if is_pull else _push_retry(entry.retry_parameters),
        state=_state(present, entry),
        type=entry.mode,
        source=QueueSource.YAML,
        app_engine_routing_override=_routing(name, entry.target),
        task_ttl=LONGEST,
        tombstone_ttl=_TOMBSTONE_TTL,
        acl=entry.acl,
    )


def _rate_limits(entry: QueueEntry) -> RateLimits:
    """A rate of 0 is told by the state: no bucket fills at it, and should the queue be resumed, it needs another."""
    return RateLimits(
        entry.rate or _DEFAULT_RATE,
        entry.bucket_size or _DEFAULT_BUCKET_SIZE,
        entry.max_concurrent_requests or limits.DEFAULT_CONCURRENT_DISPATCHES,
    )


def _state(present: Queue | None, entry: QueueEntry) -> QueueState:
    """A rate of 0 makes a queue DISABLED and not PAUSED, so that the file that stopped it can start it again: what an
    operator paused, no upload resumes."""
    if present is not None and present.state is QueueState.PAUSED:
        return QueueState.PAUSED
    return QueueState.DISABLED if entry.rate == 0 else QueueState.RUNNING


def _push_retry(given: RetryParameters) -> RetryConfig:
    """The first attempt is no retry, but it counts as an attempt."""
    limit = given.task_retry_limit
    low, high = _backoff(given)
    return RetryConfig(
        max_attempts=UNLIMITED_ATTEMPTS if limit is None else limit + 1,
        max_retry_duration=given.task_age_limit or 0,
        min_backoff=low,
        max_backoff=high,
        max_doublings=limits.DEFAULT_MAX_DOUBLINGS if given.max_doublings is None else given.max_doublings,
    )


def _backoff(given: RetryParameters) -> tuple[Micros, Micros]:
    """Of the two, the one that is not given makes way."""
    low, high = given.min_backoff_seconds, given.max_backoff_seconds
    if low is None:
        high = limits.DEFAULT_MAX_BACKOFF if high is None else high
        return min(limits.DEFAULT_MIN_BACKOFF, high), high
    return low, max(limits.DEFAULT_MAX_BACKOFF, low) if high is None else high


def _pull_retry(given: RetryParameters) -> RetryConfig:
    """Leases are all that is limited; one is needed to have the task at all."""
    limit = given.task_retry_limit
    return replace(NO_RETRY, max_attempts=UNLIMITED_ATTEMPTS if limit is None else max(1, limit))


def _routing(name: QueueName, target: AppEngineRouting | None) -> AppEngineRouting | None:
    return None if target is None else checked_routing(name.project, target)
