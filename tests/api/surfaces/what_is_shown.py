"""What of a queue or a task each version shows in a way of its own, or has no place for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.api.surfaces.dialect import TTLS, Document

TARGET: Final = {"uri_override": {"host": "example.com"}, "http_method": "PUT"}


@dataclass(frozen=True)
class Shown:
    """A queue, or a task in it, as `writer` gives it in v2's terms; and what each version shows of it, in its own.

    Of the fields that any of them shows here, a version shows no others than these.
    """

    what: str
    writer: str
    queue: Mapping[str, Any] = field(default_factory=dict)
    task: Mapping[str, Any] | None = None
    v2: Mapping[str, Any] = field(default_factory=dict)
    v2beta3: Mapping[str, Any] = field(default_factory=dict)
    v2beta2: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> set[str]:
        return {*self.v2, *self.v2beta3, *self.v2beta2}

    def by(self, version: str, project: str) -> Any:
        return _in_project(getattr(self, version), project)


def _in_project(expected: Any, project: str) -> Any:
    if isinstance(expected, Mapping):
        return {key: _in_project(value, project) for key, value in expected.items()}
    return expected.replace("PROJECT", project) if isinstance(expected, str) else expected


def _limits(rate: float, burst: int, concurrent: int) -> Document:
    return {
        "max_dispatches_per_second": rate,
        "max_burst_size": burst,
        "max_concurrent_dispatches": concurrent,
    }


def _v2beta2_limits(rate: float, burst: int, concurrent: int) -> Document:
    return {
        "max_tasks_dispatched_per_second": rate,
        "max_burst_size": burst,
        "max_concurrent_tasks": concurrent,
    }


_PULL_RETRY: Final = {"min_backoff": "0s", "max_backoff": "0s"}
_ROUTING: Final = {"service": "worker", "host": "worker.PROJECT.appspot.com"}
_RETRY: Final = {"max_attempts": 3, "min_backoff": "1s", "max_backoff": "2s", "max_doublings": 1}
_DEFAULTS: Final = {"min_backoff": "0.100s", "max_backoff": "3600s", "max_doublings": 16}

TABLE: Final = [
    Shown(
        "a queue of no kind",
        "v2",
        v2beta3={"type": "PUSH"},
        v2beta2={"app_engine_http_target": {}},
    ),
    Shown(
        "a pull queue of v2beta2",
        "v2beta2",
        {"pull_target": {}},
        v2={
            "rate_limits": _limits(10_000.0, 10_000, -1),
            "retry_config": {"max_attempts": -1, **_PULL_RETRY},
        },
        v2beta3={
            "type": "PULL",
            "rate_limits": _limits(10_000.0, 10_000, -1),
            "retry_config": {"max_attempts": -1, **_PULL_RETRY},
        },
        v2beta2={
            "pull_target": {},
            "rate_limits": _v2beta2_limits(10_000.0, 10_000, -1),
            "retry_config": {"unlimited_attempts": True, **_PULL_RETRY},
        },
    ),
    Shown(
        "a pull queue of v2beta3",
        "v2beta3",
        {"type": "PULL"},
        v2beta3={"type": "PULL"},
        v2beta2={"pull_target": {}},
    ),
    Shown(
        "a routing override",
        "v2",
        {"app_engine_routing_override": {"service": "worker"}},
        v2={"app_engine_routing_override": _ROUTING},
        v2beta3={"app_engine_http_queue": {"app_engine_routing_override": _ROUTING}},
        v2beta2={"app_engine_http_target": {"app_engine_routing_override": _ROUTING}},
    ),
    Shown(
        "a routing override beside an HTTP target",
        "v2",
        {"app_engine_routing_override": {"service": "worker"}, "http_target": TARGET},
        v2={"app_engine_routing_override": _ROUTING, "http_target": TARGET},
        v2beta3={"app_engine_http_queue": {"app_engine_routing_override": _ROUTING}, "http_target": TARGET},
        v2beta2={"http_target": TARGET},
    ),
    Shown("times of tasks and names", "v2", v2beta3=TTLS, v2beta2=TTLS),
    Shown(
        "times of its own",
        "v2beta3",
        {"task_ttl": "864000s", "tombstone_ttl": "7200s"},
        v2beta3={"task_ttl": "864000s", "tombstone_ttl": "7200s"},
        v2beta2={"task_ttl": "864000s", "tombstone_ttl": "7200s"},
    ),
    Shown(
        "logging",
        "v2",
        {"stackdriver_logging_config": {"sampling_ratio": 0.5}},
        v2={"stackdriver_logging_config": {"sampling_ratio": 0.5}},
        v2beta3={"stackdriver_logging_config": {"sampling_ratio": 0.5}},
    ),
    Shown(
        "unlimited attempts",
        "v2beta3",
        {"retry_config": {"max_attempts": -1}},
        v2={"retry_config": {"max_attempts": -1, **_DEFAULTS}},
        v2beta3={"retry_config": {"max_attempts": -1, **_DEFAULTS}},
        v2beta2={"retry_config": {"unlimited_attempts": True, **_DEFAULTS}},
    ),
    Shown(
        "a burst of v2beta2",
        "v2beta2",
        {"rate_limits": {"max_burst_size": 7}},
        v2={"rate_limits": _limits(500.0, 7, 1_000)},
        v2beta3={"rate_limits": _limits(500.0, 7, 1_000)},
        v2beta2={"rate_limits": _v2beta2_limits(500.0, 7, 1_000)},
    ),
    Shown(
        "a task's deadline and retry config",
        "v2",
        task={
            "http_request": {"url": "http://127.0.0.1:9/"},
            "dispatch_deadline": "20s",
            "retry_config": _RETRY,
        },
        v2={"dispatch_deadline": "20s", "retry_config": _RETRY},
        v2beta3={"dispatch_deadline": "20s", "retry_config": _RETRY},
    ),
    Shown(
        "a pull task",
        "v2beta2",
        {"pull_target": {}},
        {"pull_message": {"tag": "red"}},
        v2beta3={"pull_message": {"tag": "red"}},
        v2beta2={"pull_message": {"tag": "red"}, "status": {}},
    ),
]
