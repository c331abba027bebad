"""What a caller sent to make or change a queue or a task: not yet checked, nothing filled in.

In `rate_limits` and `retry_config` a zero counts as unset, as in production. A burst that is unset follows from the
rate.
"""

from taskweir.domain.model import AppEngineRouting, HttpTarget, Payload, QueueType, RateLimits, RetryConfig
from taskweir.domain.times import Instant, Micros
from taskweir.domain.value import value


@value
class QueueDraft:
    """Every settable field of a queue; None where it was not set. `name` is the caller's text. A queue's type is fixed
    when it is made, PUSH where it is not set."""

    name: str
    rate_limits: RateLimits | None = None
    retry_config: RetryConfig | None = None
    app_engine_routing_override: AppEngineRouting | None = None
    http_target: HttpTarget | None = None
    logging_sampling_ratio: float | None = None
    type: QueueType | None = None
    task_ttl: Micros | None = None
    tombstone_ttl: Micros | None = None


@value
class TaskDraft:
    """Every settable field of a task; `name` is the caller's text, empty to have an id made."""

    name: str = ""
    payload: Payload | None = None
    schedule_time: Instant | None = None
    dispatch_deadline: Micros | None = None
    retry_config: RetryConfig | None = None
