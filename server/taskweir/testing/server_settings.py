"""Settings of a server, as keyword arguments."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypedDict


class ServerSettings(TypedDict, total=False):
    """Those of `taskweir serve`, which describes them. Durations may be text as there, such as `"10m"`."""

    queues: Sequence[str]
    """Queues to have at start: full names, or ids under `project` and `location`."""
    config: str | Path
    project: str
    location: str
    queue_yaml: str | Path
    data: str | Path
    durability: Literal["full", "normal", "off"]
    task_tombstone: str | timedelta
    queue_tombstone: str | timedelta
    task_retention: str | timedelta
    history_size: int
    history_retention: str | timedelta
    lease_rate: int
    """Of each queue in a second; 0 for any number."""
    relax_limits: bool
    drain_timeout: str | timedelta
    strict: bool
    app_engine_host: str
    app_engine: Sequence[str]
    """Services and where they listen, such as `"worker=http://127.0.0.1:8081"`."""
    functions_url: str
    target_map: Sequence[str]
    allow_target: Sequence[str]
    deny_target: Sequence[str]
    congestion: bool
    allow_origin: Sequence[str]
    taskqueue_timestamps: Literal["micros", "seconds"]
    ca_file: str | Path
    insecure_targets: bool
    openid_issuer: str
    token_key: str | Path
    tokens_follow_clock: bool
    max_connections: int
    idle_timeout: str | timedelta
    hard_reset_on_purge_queue: bool
    log_level: Literal["debug", "info", "warning", "error"]
    log_format: Literal["text", "json"]
    host: str
    port: int
    http_port: int
    grpc_transport: Literal["taskweir", "grpcio"]


_LISTS: Final = {
    "queues": "queue",
    "allow_origin": "allow-origin",
    "app_engine": "app-engine",
    "target_map": "target-map",
    "allow_target": "allow-target",
    "deny_target": "deny-target",
}
"""Settings that are lists, and the flag that each of their items is given by."""

_FOR_OTHERS: Final = ("tls_cert", "tls_key", "auth_token_file")
"""Settings that a server for tests never has, not even by a config file that it shares with another."""

_DEFAULTS: Final[ServerSettings] = {
    "port": 0,
    "http_port": 0,
    "data": ":memory:",
    # A handler that hangs on purpose must not hold up the end of a test.
    "drain_timeout": "0s",
    "log_level": "warning",
}


def serve_flags(settings: ServerSettings) -> list[str]:
    """The flags of `taskweir serve`, with the control API. Raises TypeError for a setting that there is not, or not for
    tests, and for a text where a list belongs."""
    for name in filter(settings.__contains__, _FOR_OTHERS):
        raise TypeError(
            f"{name} is for a server that others reach; one for tests is beside them: see connect()"
        )
    unknown = [name for name in settings if name not in ServerSettings.__annotations__]
    if unknown:
        raise TypeError(f"there is no setting {unknown[0]!r}")
    given: Mapping[str, Any] = {**_DEFAULTS, **settings}
    never = [f"--{name.replace('_', '-')}=" for name in _FOR_OTHERS]
    return ["--control=on", *never, *(flag for name, value in given.items() for flag in _flags(name, value))]


def _flags(name: str, value: object) -> Iterable[str]:
    if name in _LISTS:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise TypeError(f"{name} is a list of names, not {value!r}")
        return [f"--{_LISTS[name]}={item}" for item in value]
    return [f"--{name.replace('_', '-')}={_text(value)}"]


def _text(value: object) -> str:
    if isinstance(value, timedelta):
        return f"{value // timedelta(microseconds=1)}us"
    return str(value).lower() if isinstance(value, bool) else str(value)
