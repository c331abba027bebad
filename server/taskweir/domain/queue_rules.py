"""What a new or changed queue must satisfy, and what is filled in. Fields are checked in order of their numbers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from taskweir.domain import limits
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.header_rules import check_headers
from taskweir.domain.model import (
    AppEngineRouting,
    Authorization,
    HttpTarget,
    OAuthToken,
    OidcToken,
    Queue,
    QueueSource,
    QueueState,
    RateLimits,
    RetryConfig,
    UriOverride,
)
from taskweir.domain.names import QueueName
from taskweir.domain.rate import burst_for_rate
from taskweir.domain.routing_rules import checked_routing
from taskweir.domain.times import SECOND
from taskweir.domain.uri_override import host_and_port

_NO_LIMITS: Final = RateLimits(0.0, 0, 0)
_NO_RETRY: Final = RetryConfig(0, 0, 0, 0, 0)
_MAX_PORT: Final = 65_535


def new_queue(name: QueueName, draft: QueueDraft) -> Queue:
    """A RUNNING queue from what a caller sent. Raises InvalidArgument."""
    return Queue(
        name=name,
        app_engine_routing_override=_routing(name, draft.app_engine_routing_override),
        rate_limits=rate_limits(draft.rate_limits or _NO_LIMITS),
        retry_config=retry_config(draft.retry_config or _NO_RETRY),
        state=QueueState.RUNNING,
        type=draft.type,
        source=QueueSource.API,
        http_target=_http_target(draft.http_target),
        logging_sampling_ratio=_sampling_ratio(draft.logging_sampling_ratio),
        task_ttl=draft.task_ttl,
        tombstone_ttl=draft.tombstone_ttl,
    )


def updated_queue(queue: Queue, draft: QueueDraft, mask: Sequence[str] | None) -> Queue:
    """The queue with the masked fields replaced, an unset one going back to its default. Raises InvalidArgument.

    `mask` holds snake_case paths of v2 (and task_ttl, tombstone_ttl); None stands for every settable field.
    State and purge time are kept: they have methods of their own. The burst size follows the rate again, as after
    every update through v2.
    """
    merged = draft if mask is None else _merged(queue, draft, mask)
    changed = new_queue(queue.name, merged)
    return replace(
        changed,
        state=queue.state,
        type=queue.type,
        purge_time=queue.purge_time,
        uid=queue.uid,
        task_ttl=merged.task_ttl,
        tombstone_ttl=merged.tombstone_ttl,
    )


def rate_limits(given: RateLimits) -> RateLimits:
    """Limits with defaults for what is zero. The burst is the service's choice: a given one is ignored."""
    rate = given.max_dispatches_per_second
    concurrent = given.max_concurrent_dispatches
    if math.isnan(rate):
        raise InvalidArgument("RateLimits.maxDispatchesPerSecond must be a number.")
    if rate < 0:
        raise InvalidArgument("RateLimits.maxDispatchesPerSecond cannot be negative.")
    if rate > limits.MAX_DISPATCHES_PER_SECOND:
        raise InvalidArgument("RateLimits.maxDispatchesPerSecond must be less than or equal to 500.")
    if concurrent < 0:
        raise InvalidArgument("RateLimits.maxConcurrentDispatches cannot be negative.")
    if concurrent > limits.MAX_CONCURRENT_DISPATCHES:
        raise InvalidArgument("RateLimits.maxConcurrentDispatches must be less than or equal to 5000.")
    rate = rate or limits.DEFAULT_DISPATCHES_PER_SECOND
    return RateLimits(rate, burst_for_rate(rate), concurrent or limits.DEFAULT_CONCURRENT_DISPATCHES)


def retry_config(given: RetryConfig) -> RetryConfig:
    """A retry config with defaults for what is zero; `max_retry_duration` is cut to whole seconds."""
    if given.max_attempts < -1:
        raise InvalidArgument("RetryConfig.maxAttempts must be greater or equal to -1.")
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


def _routing(name: QueueName, routing: AppEngineRouting | None) -> AppEngineRouting | None:
    return None if routing is None else checked_routing(name.project, routing)


def _http_target(target: HttpTarget | None) -> HttpTarget | None:
    if target is None:
        return None
    if target.uri_override is not None:
        _check_uri_override(target.uri_override)
    check_headers("HttpTarget.headerOverrides", target.header_overrides)
    if target.authorization is not None:
        _check_queue_authorization(target)
    return target


def _check_uri_override(override: UriOverride) -> None:
    if override.host is not None and not override.host:
        raise InvalidArgument("UriOverride.host cannot be empty.")
    if override.host is not None and any(c in "/?#@\\" or c <= " " or c == "\x7f" for c in override.host):
        raise InvalidArgument("UriOverride.host must be a host name.")
    port = host_and_port(override.host or "")[1]
    if port and not (port.isdecimal() and int(port[:6]) <= _MAX_PORT):
        raise InvalidArgument("UriOverride.host must be a host name.")
    if override.port is not None and not 0 <= override.port <= _MAX_PORT:
        raise InvalidArgument(f"UriOverride.port must be between 0 and {_MAX_PORT}.")
    for part in ("host", "path", "query"):
        _check_length(f"UriOverride.{part}", getattr(override, part) or "")


def _check_queue_authorization(target: HttpTarget) -> None:
    """Unlike in a task, both parts of a queue's token are required (documented)."""
    token = target.authorization
    assert token is not None
    kind, part, value = (
        ("OAuthToken", "scope", token.scope)
        if isinstance(token, OAuthToken)
        else ("OidcToken", "audience", token.audience)
    )
    if not token.service_account_email:
        raise InvalidArgument(f"{kind}.serviceAccountEmail is required.")
    if not value:
        raise InvalidArgument(f"{kind}.{part} is required.")
    _check_length(f"{kind}.serviceAccountEmail", token.service_account_email)
    _check_length(f"{kind}.{part}", value)


def _check_length(field: str, text: str) -> None:
    """Each is a part of a URL or as short as one; without a bound a queue could outgrow what a client receives."""
    if len(text) > limits.MAX_URL_LENGTH:
        raise InvalidArgument(f"{field} must be at most {limits.MAX_URL_LENGTH} characters.")


def _sampling_ratio(ratio: float | None) -> float | None:
    if ratio is not None and not 0 <= ratio <= 1:
        raise InvalidArgument("StackdriverLoggingConfig.samplingRatio must be between 0 and 1.")
    return ratio


def _merged(queue: Queue, draft: QueueDraft, mask: Sequence[str]) -> QueueDraft:
    """The queue as a draft, with the masked paths taken from the caller's."""
    merged = QueueDraft(
        name=draft.name,
        rate_limits=queue.rate_limits,
        retry_config=queue.retry_config,
        app_engine_routing_override=queue.app_engine_routing_override,
        http_target=queue.http_target,
        logging_sampling_ratio=queue.logging_sampling_ratio,
        type=queue.type,
        task_ttl=queue.task_ttl,
        tombstone_ttl=queue.tombstone_ttl,
    )
    for path in mask:
        field, _, rest = path.partition(".")
        merged = _MERGE[field](merged, draft, rest)
    return merged


_Merge = Callable[[QueueDraft, QueueDraft, str], QueueDraft]


def _merge_rate_limits(into: QueueDraft, draft: QueueDraft, field: str) -> QueueDraft:
    given = draft.rate_limits or _NO_LIMITS
    if not field:
        return replace(into, rate_limits=given)
    return replace(
        into, rate_limits=replace(into.rate_limits or _NO_LIMITS, **{field: getattr(given, field)})
    )


def _merge_retry_config(into: QueueDraft, draft: QueueDraft, field: str) -> QueueDraft:
    given = draft.retry_config or _NO_RETRY
    if not field:
        return replace(into, retry_config=given)
    return replace(
        into, retry_config=replace(into.retry_config or _NO_RETRY, **{field: getattr(given, field)})
    )


def _merge_routing(into: QueueDraft, draft: QueueDraft, field: str) -> QueueDraft:
    given = draft.app_engine_routing_override
    if not field or (given is None and into.app_engine_routing_override is None):
        return replace(into, app_engine_routing_override=given)
    given = given or AppEngineRouting()
    kept = into.app_engine_routing_override or AppEngineRouting()
    return replace(into, app_engine_routing_override=replace(kept, **{field: getattr(given, field)}))


def _merge_http_target(into: QueueDraft, draft: QueueDraft, field: str) -> QueueDraft:
    given = draft.http_target
    if not field or (given is None and into.http_target is None):
        return replace(into, http_target=given)
    given, kept = given or HttpTarget(), into.http_target or HttpTarget()
    head, _, rest = field.partition(".")
    if head == "uri_override" and rest:
        return replace(into, http_target=replace(kept, uri_override=_merge_uri_override(kept, given, rest)))
    if head in _TOKENS:
        return replace(into, http_target=_merge_token(kept, given, _TOKENS[head], rest))
    return replace(into, http_target=replace(kept, **{head: getattr(given, head)}))


def _merge_token(into: HttpTarget, given: HttpTarget, kind: type[Authorization], field: str) -> HttpTarget:
    """A queue has one token at most: setting one kind replaces the other, clearing one kind leaves the other."""
    mine, theirs = (t.authorization if isinstance(t.authorization, kind) else None for t in (into, given))
    if theirs is None and mine is None:
        return into
    if not field:
        return replace(into, authorization=theirs)
    merged = replace(mine or kind(""), **{field: getattr(theirs or kind(""), field)})
    return replace(into, authorization=None if merged == kind("") else merged)


def _merge_uri_override(into: HttpTarget, given: HttpTarget, field: str) -> UriOverride:
    name = _URI_OVERRIDE_FIELDS[field.partition(".")[0]]
    value = getattr(given.uri_override or UriOverride(), name)
    return replace(into.uri_override or UriOverride(), **{name: value})


_TOKENS: Final[dict[str, type[Authorization]]] = {"oauth_token": OAuthToken, "oidc_token": OidcToken}

_URI_OVERRIDE_FIELDS: Final = {
    "scheme": "scheme",
    "host": "host",
    "port": "port",
    "path_override": "path",
    "query_override": "query",
    "uri_override_enforce_mode": "enforce_mode",
}

_MERGE: Final[dict[str, _Merge]] = {
    "app_engine_routing_override": _merge_routing,
    "rate_limits": _merge_rate_limits,
    "retry_config": _merge_retry_config,
    "stackdriver_logging_config": lambda into, draft, _: replace(
        into, logging_sampling_ratio=draft.logging_sampling_ratio
    ),
    "http_target": _merge_http_target,
    "task_ttl": lambda into, draft, _: replace(into, task_ttl=draft.task_ttl),
    "tombstone_ttl": lambda into, draft, _: replace(into, tombstone_ttl=draft.tombstone_ttl),
}
