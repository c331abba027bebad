"""The nouns: queue, task, attempt and their parts. Plain frozen values, the superset of every API version.

Times are `Instant`s (microseconds since the epoch), durations `Micros`. Values are complete: defaults are filled in
when a queue or task is made, so no reader needs to know them.
"""

import enum
from collections.abc import Mapping
from dataclasses import field

from taskweir.domain.names import QueueName, TaskName
from taskweir.domain.times import Instant, Micros
from taskweir.domain.value import value


class QueueState(enum.IntEnum):
    """Numbers as on the wire, in every version."""

    RUNNING = 1
    PAUSED = 2
    DISABLED = 3


class QueueType(enum.IntEnum):
    """Numbers as in v2beta3."""

    PULL = 1
    PUSH = 2


class QueueSource(enum.IntEnum):
    """Who configured the queue last: the API or a queue.yaml file (whose burst size is kept until an API update)."""

    API = 1
    YAML = 2


class HttpMethod(enum.IntEnum):
    """Numbers as on the wire, in every version."""

    POST = 1
    GET = 2
    HEAD = 3
    PUT = 4
    DELETE = 5
    PATCH = 6
    OPTIONS = 7


class Scheme(enum.IntEnum):
    """Numbers as on the wire. UNSPECIFIED, explicitly given, means https."""

    UNSPECIFIED = 0
    HTTP = 1
    HTTPS = 2


class EnforceMode(enum.IntEnum):
    """When a URI override applies. Numbers as on the wire; UNSPECIFIED acts as ALWAYS."""

    UNSPECIFIED = 0
    IF_NOT_EXISTS = 1
    ALWAYS = 2


@value
class RateLimits:
    """Limits on dispatches: a rate per second, a burst (the token bucket's size), and attempts in flight."""

    max_dispatches_per_second: float
    max_burst_size: int
    max_concurrent_dispatches: int


@value
class RetryConfig:
    """When and how often a failed task is tried again.

    `max_attempts` counts the first attempt, -1 is unlimited. `max_retry_duration` 0 is unlimited.
    """

    max_attempts: int
    max_retry_duration: Micros
    min_backoff: Micros
    max_backoff: Micros
    max_doublings: int


@value
class AppEngineRouting:
    """Which App Engine service, version and instance; empty means the default. `host` is filled in by the server."""

    service: str = ""
    version: str = ""
    instance: str = ""
    host: str = ""


@value
class OAuthToken:
    service_account_email: str
    scope: str = ""


@value
class OidcToken:
    service_account_email: str
    audience: str = ""


Authorization = OAuthToken | OidcToken


@value
class UriOverride:
    """Parts of a URL that a queue puts in place of the task's. None keeps the task's part.

    `port` 0 and an empty `path` or `query` clear that part.
    """

    scheme: Scheme | None = None
    host: str | None = None
    port: int | None = None
    path: str | None = None
    query: str | None = None
    enforce_mode: EnforceMode = EnforceMode.UNSPECIFIED


@value
class HttpTarget:
    """What a queue overrides in the HTTP requests of its tasks, at dispatch; stored tasks stay as they are."""

    uri_override: UriOverride | None = None
    http_method: HttpMethod | None = None
    header_overrides: tuple[tuple[str, str], ...] = ()
    authorization: Authorization | None = None


@value
class Acl:
    """Who may use a pull queue through the old taskqueue API, as queue.yaml says: kept and shown, not enforced."""

    user_emails: tuple[str, ...] = ()
    writer_emails: tuple[str, ...] = ()


@value
class Queue:
    """A queue with every default written out.

    `uid` is the store's own number for it, never used again; 0 until stored. `tombstone_ttl` and `task_ttl` None
    mean the server's setting. `logging_sampling_ratio` None means no logging config was given.
    """

    name: QueueName
    rate_limits: RateLimits
    retry_config: RetryConfig
    state: QueueState = QueueState.RUNNING
    type: QueueType = QueueType.PUSH
    source: QueueSource = QueueSource.API
    app_engine_routing_override: AppEngineRouting | None = None
    http_target: HttpTarget | None = None
    logging_sampling_ratio: float | None = None
    purge_time: Instant | None = None
    task_ttl: Micros | None = None
    tombstone_ttl: Micros | None = None
    acl: Acl | None = None
    uid: int = 0


@value
class HttpRequest:
    """A task for any HTTP endpoint. Header names keep the caller's spelling."""

    url: str
    http_method: HttpMethod = HttpMethod.POST
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    authorization: Authorization | None = None


@value
class AppEngineRequest:
    """A task for an App Engine service; `relative_uri` is a path with an optional query."""

    relative_uri: str = "/"
    http_method: HttpMethod = HttpMethod.POST
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    routing: AppEngineRouting = AppEngineRouting()


@value
class PullMessage:
    """A task that workers lease; the payload is opaque."""

    payload: bytes = b""
    tag: str = ""


Payload = HttpRequest | AppEngineRequest | PullMessage


@value
class ResponseStatus:
    """The google.rpc.Status of an attempt: canonical code number and production's message."""

    code: int
    message: str = ""


@value
class Attempt:
    """One dispatch of a task. The response fields are None while it is in flight.

    `previous_response` is what the next attempt is told in its PreviousResponse header.
    """

    schedule_time: Instant
    dispatch_time: Instant
    response_time: Instant | None = None
    response_status: ResponseStatus | None = None
    previous_response: int | None = None


@value
class Task:
    """A task with every default written out. Of a pull task the schedule time is when it can be leased, or when its
    lease ends, and the dispatch count that of its leases.

    `uid` and `queue_uid` are the store's own numbers, 0 until stored; a uid is never used again while a process
    lives. `dispatch_count` counts attempts started, the one in flight included; `response_count` those that were
    answered; `execution_count` those that were answered with a status below 500. `dispatch_deadline` None means the
    target's own default. Without `has_body` the payload's bytes were not read from the store and are empty.
    """

    name: TaskName
    payload: Payload
    schedule_time: Instant
    create_time: Instant
    dispatch_deadline: Micros | None = None
    retry_config: RetryConfig | None = None
    dispatch_count: int = 0
    response_count: int = 0
    execution_count: int = 0
    first_dispatch_time: Instant | None = None
    last_attempt: Attempt | None = None
    has_body: bool = True
    uid: int = 0
    queue_uid: int = 0

    def stored_as(self, uid: int, queue_uid: int) -> "Task":
        """The task with the store's numbers. On the way of every CreateTask, where `replace` would cost more than
        all else that is done to the task."""
        return Task(
            self.name,
            self.payload,
            self.schedule_time,
            self.create_time,
            self.dispatch_deadline,
            self.retry_config,
            self.dispatch_count,
            self.response_count,
            self.execution_count,
            self.first_dispatch_time,
            self.last_attempt,
            self.has_body,
            uid,
            queue_uid,
        )

    @property
    def body_size(self) -> int:
        """Bytes of body that this value holds in memory."""
        payload = self.payload
        return len(payload.payload if isinstance(payload, PullMessage) else payload.body)
