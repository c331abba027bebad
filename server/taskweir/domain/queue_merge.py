"""An update's masked fields, laid over what a queue is."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import (
    AppEngineRouting,
    Authorization,
    HttpTarget,
    OAuthToken,
    OidcToken,
    Queue,
    RateLimits,
    RetryConfig,
    UriOverride,
)

NO_LIMITS: Final = RateLimits(0.0, 0, 0)
NO_RETRY: Final = RetryConfig(0, 0, 0, 0, 0)

TARGET_TYPE: Final = "target_type"
"""The path of what v2beta2 has one of: an HTTP target, or a routing override of App Engine tasks."""
SHOWN_OVERRIDE: Final = "target_type.app_engine_routing_override"
"""The path of that override, and what is below it, where it is shown: on a queue that has no HTTP target."""
_RATE: Final = "rate_limits.max_dispatches_per_second"
_BURST: Final = "rate_limits.max_burst_size"


def merged_draft(queue: Queue, draft: QueueDraft, mask: Sequence[str] | None) -> QueueDraft:
    """The queue as a draft, with the masked paths taken from the caller's, in their order; None stands for all but the
    type. Raises InvalidArgument."""
    if mask is None:
        return replace(draft, type=queue.type)
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
    gives_burst = _BURST in mask or "rate_limits" in mask
    return _with_burst_of_rate(merged) if _RATE in mask and not gives_burst else merged


def _with_burst_of_rate(merged: QueueDraft) -> QueueDraft:
    """A new rate has a burst of its own, unless one is given with it (documented)."""
    return replace(merged, rate_limits=replace(merged.rate_limits or NO_LIMITS, max_burst_size=0))


_Merge = Callable[[QueueDraft, QueueDraft, str], QueueDraft]


def _merge_rate_limits(into: QueueDraft, draft: QueueDraft, field: str) -> QueueDraft:
    given = draft.rate_limits or NO_LIMITS
    if not field:
        return replace(into, rate_limits=given)
    return replace(into, rate_limits=replace(into.rate_limits or NO_LIMITS, **{field: getattr(given, field)}))


def _merge_retry_config(into: QueueDraft, draft: QueueDraft, field: str) -> QueueDraft:
    given = draft.retry_config or NO_RETRY
    if not field:
        return replace(into, retry_config=given)
    return replace(
        into, retry_config=replace(into.retry_config or NO_RETRY, **{field: getattr(given, field)})
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


def _merge_target_type(into: QueueDraft, draft: QueueDraft, field: str) -> QueueDraft:
    """A queue that has both shows its HTTP target there. The override, which is not seen, goes only when an App Engine
    target is given instead. Raises InvalidArgument where the override alone is named, and not seen."""
    if field:
        if into.http_target is not None:
            raise InvalidArgument(
                "The queue has an HTTP target. To give it an App Engine target instead, clear its HTTP target too."
            )
        return _merge_routing(into, draft, field.partition(".")[2])
    if draft.http_target is not None:
        return replace(into, http_target=draft.http_target)
    if draft.type is not None or into.http_target is None:
        return replace(into, http_target=None, app_engine_routing_override=draft.app_engine_routing_override)
    return replace(into, http_target=None)


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
    TARGET_TYPE: _merge_target_type,
    "type": lambda into, *_: into,
    "task_ttl": lambda into, draft, _: replace(into, task_ttl=draft.task_ttl),
    "tombstone_ttl": lambda into, draft, _: replace(into, tombstone_ttl=draft.tombstone_ttl),
}
