"""A queue's settings as JSON: everything but its name and uid, which have columns of their own."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from taskweir.domain.model import (
    Acl,
    EnforceMode,
    HttpMethod,
    HttpTarget,
    Queue,
    QueueSource,
    QueueState,
    QueueType,
    RateLimits,
    Scheme,
    UriOverride,
)
from taskweir.domain.names import QueueName
from taskweir.store.sqlite.rows import (
    Json,
    authorization_json,
    authorization_of,
    decode,
    encode,
    retry_json,
    retry_of,
    routing_json,
    routing_of,
)

_PLAIN: Final = ("logging_sampling_ratio", "purge_time", "task_ttl", "tombstone_ttl")


def settings_of(queue: Queue) -> str:
    limits = queue.rate_limits
    routing, target = queue.app_engine_routing_override, queue.http_target
    value: dict[str, Json] = {name: getattr(queue, name) for name in _PLAIN}
    value["rate_limits"] = [
        limits.max_dispatches_per_second,
        limits.max_burst_size,
        limits.max_concurrent_dispatches,
    ]
    value["retry_config"] = retry_json(queue.retry_config)
    value["state"] = int(queue.state)
    value["type"] = int(queue.type)
    value["source"] = int(queue.source)
    value["app_engine_routing_override"] = None if routing is None else routing_json(routing)
    value["http_target"] = None if target is None else _target_json(target)
    if queue.acl is not None:
        value["acl"] = [queue.acl.user_emails, queue.acl.writer_emails]
    return encode(value)


def queue_of(name: QueueName, uid: int, settings: str) -> Queue:
    return Queue(name=name, uid=uid, **_parts_of(settings))


@lru_cache(maxsize=64)
def _parts_of(settings: str) -> Mapping[str, Any]:
    """All of a queue but its name and uid. Of thousands of queues most have the same settings, and share the values:
    10,000 are read in 50 ms instead of 130, and take 2.5 MiB less."""
    value = decode(settings)
    routing, target = value["app_engine_routing_override"], value["http_target"]
    acl = value.get("acl")  # only of queues that a queue.yaml gave one
    return {
        "rate_limits": RateLimits(*value["rate_limits"]),
        "retry_config": retry_of(value["retry_config"]),
        "state": QueueState(value["state"]),
        "type": QueueType(value["type"]),
        "source": QueueSource(value["source"]),
        "app_engine_routing_override": None if routing is None else routing_of(routing),
        "http_target": None if target is None else _target_of(target),
        "acl": None if acl is None else Acl(*map(tuple, acl)),
        **{name: value[name] for name in _PLAIN},
    }


def _target_json(target: HttpTarget) -> Json:
    uri, method, token = target.uri_override, target.http_method, target.authorization
    return {
        "uri_override": None if uri is None else _uri_json(uri),
        "http_method": None if method is None else int(method),
        "header_overrides": [list(pair) for pair in target.header_overrides],
        "authorization": None if token is None else authorization_json(token),
    }


def _target_of(value: Json) -> HttpTarget:
    uri, method, token = value["uri_override"], value["http_method"], value["authorization"]
    return HttpTarget(
        uri_override=None if uri is None else _uri_of(uri),
        http_method=None if method is None else HttpMethod(method),
        header_overrides=tuple((name, text) for name, text in value["header_overrides"]),
        authorization=None if token is None else authorization_of(token),
    )


def _uri_json(uri: UriOverride) -> Json:
    return {
        "scheme": None if uri.scheme is None else int(uri.scheme),
        "host": uri.host,
        "port": uri.port,
        "path": uri.path,
        "query": uri.query,
        "enforce_mode": int(uri.enforce_mode),
    }


def _uri_of(value: Json) -> UriOverride:
    return UriOverride(
        scheme=None if value["scheme"] is None else Scheme(value["scheme"]),
        host=value["host"],
        port=value["port"],
        path=value["path"],
        query=value["query"],
        enforce_mode=EnforceMode(value["enforce_mode"]),
    )
