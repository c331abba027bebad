"""What the versions call what v2 has too, so that requests and answers can be written once: as v2 names them.

A document is a message as a dict, by names of fields. A path is relative to a queue or a task.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

Document = dict[str, Any]

TTLS: Final = {"task_ttl": "2678400s", "tombstone_ttl": "3600s"}
"""What queues have by default, in JSON's form."""


@dataclass(frozen=True)
class Dialect:
    """`queue` and `task` have the version's paths for those of v2, `no_queue` and `no_task` what it has no place for."""

    version: str
    queue: Mapping[str, str] = field(default_factory=dict)
    task: Mapping[str, str] = field(default_factory=dict)
    no_queue: frozenset[str] = frozenset()
    no_task: frozenset[str] = frozenset()
    push_queue: Mapping[str, Any] = field(default_factory=dict)
    """What it shows of a push queue beyond v2, in JSON's form."""
    has_unlimited_attempts: bool = False
    """A field of its own says so."""
    told: Mapping[str, str] = field(default_factory=dict)
    """What refusals call fields, for what they call them in v2."""

    def request(self, document: Document) -> Document:
        """A request in the version's terms."""
        document = deepcopy(document)
        if isinstance(document.get("queue"), dict):
            document["queue"] = self.written(document["queue"], self.queue)
        if "task" in document:
            document["task"] = self.written(document["task"], self.task)
        if "requests" in document:
            document["requests"] = [self.request(request) for request in document["requests"]]
        return document

    def written(self, document: Document, names: Mapping[str, str]) -> Document:
        """A queue or a task in the version's terms; `names` are those of either."""
        for ours, theirs in names.items():
            _move(document, ours, theirs)
        retry = document.get("retry_config", {})
        if self.has_unlimited_attempts and retry.get("max_attempts") == -1:
            del retry["max_attempts"]
            retry["unlimited_attempts"] = True
        return document

    def read(self, document: Document, names: Mapping[str, str]) -> Document:
        """A queue or a task of the version in v2's terms; what v2 has not stays as it is."""
        document = deepcopy(document)
        for ours, theirs in names.items():
            _move(document, theirs, ours)
        if document.get("retry_config", {}).pop("unlimited_attempts", False):
            document["retry_config"]["max_attempts"] = -1
        return document

    def path(self, path: str) -> str:
        """Of a queue's field, in a mask or a filter."""
        for ours, theirs in self.queue.items():
            if path == ours or path.startswith(f"{ours}."):
                return theirs + path.removeprefix(ours)
        return path

    def shown_queue(self, document: Document) -> Document:
        """What the version shows of a push queue that v2 would show so. One of an HTTP target and an App Engine target
        alone can be in v2beta2's oneof, and one of them is."""
        shown = {**self.push_queue, **without(document, self.no_queue)}
        if "app_engine_http_target" in shown and "http_target" in shown:
            shown.pop("app_engine_routing_override", None)
            del shown["app_engine_http_target"]
        elif "app_engine_routing_override" in shown:
            shown.pop("app_engine_http_target", None)
        return shown

    def refusal(self, message: str) -> str:
        """In the version's terms, for what is told in v2."""
        for ours, theirs in self.told.items():
            message = message.replace(ours, theirs)
        return message

    def shown_task(self, document: Document) -> Document:
        """What the version shows of a task that v2 would show so."""
        return without(document, self.no_task)


def without(document: Document, names: frozenset[str]) -> Document:
    return {name: value for name, value in deepcopy(document).items() if name not in names}


def _move(document: Document, source: str, to: str) -> None:
    """What it alone was in goes with it."""
    *above, last = source.split(".")
    holders = [document]
    for name in above:
        holders.append(holders[-1].get(name, {}))
    if last not in holders[-1]:
        return
    value = holders[-1].pop(last)
    for name in reversed(above):
        if holders.pop() == {}:
            del holders[-1][name]
    *above, last = to.split(".")
    holder = document
    for name in above:
        holder = holder.setdefault(name, {})
    holder[last] = value


DIALECTS: Final = {
    dialect.version: dialect
    for dialect in (
        Dialect("v2"),
        Dialect(
            "v2beta3",
            queue={"app_engine_routing_override": "app_engine_http_queue.app_engine_routing_override"},
            push_queue={"type": "PUSH", **TTLS},
        ),
        Dialect(
            "v2beta2",
            queue={
                "app_engine_routing_override": "app_engine_http_target.app_engine_routing_override",
                "rate_limits.max_dispatches_per_second": "rate_limits.max_tasks_dispatched_per_second",
                "rate_limits.max_concurrent_dispatches": "rate_limits.max_concurrent_tasks",
            },
            task={
                "app_engine_http_request.relative_uri": "app_engine_http_request.relative_url",
                "app_engine_http_request.body": "app_engine_http_request.payload",
                "dispatch_count": "status.attempt_dispatch_count",
                "response_count": "status.attempt_response_count",
                "first_attempt": "status.first_attempt_status",
                "last_attempt": "status.last_attempt_status",
            },
            no_queue=frozenset({"stackdriver_logging_config"}),
            no_task=frozenset({"dispatch_deadline", "retry_config"}),
            push_queue={"app_engine_http_target": {}, **TTLS},
            has_unlimited_attempts=True,
            told={
                "RateLimits.maxDispatchesPerSecond": "RateLimits.maxTasksDispatchedPerSecond",
                "RateLimits.maxConcurrentDispatches": "RateLimits.maxConcurrentTasks",
                "AppEngineHttpRequest.relativeUri": "AppEngineHttpRequest.relativeUrl",
                "AppEngineHttpRequest.body": "AppEngineHttpRequest.payload",
            },
        ),
    )
}
