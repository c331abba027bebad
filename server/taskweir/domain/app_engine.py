"""Tasks for App Engine targets: the headers they are stored with, where they go, and the request of an attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from taskweir.domain.dispatch_headers import (
    dispatch_headers,
    previous_response,
    sendable,
    without,
    without_reserved,
)
from taskweir.domain.model import AppEngineRequest, AppEngineRouting, HttpMethod, Task
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import MINUTE, Micros

USER_AGENT: Final = "AppEngine-Google; (+http://code.google.com/appengine)"
METHODS_WITH_BODY: Final = frozenset({HttpMethod.POST, HttpMethod.PUT})
DEFAULT_CONTENT_TYPE: Final = "application/octet-stream"

DEFAULT_DEADLINE: Final[Micros] = 10 * MINUTE
"""Of a service with automatic scaling; which scaling a service has is not known here."""

NO_HOST: Final = "there is no App Engine host to send to: set APP_ENGINE_EMULATOR_HOST"


@dataclass(frozen=True, slots=True)
class AppEngineHost:
    """Where this server's App Engine application listens; an empty `authority` (host and port) when it has none.

    Services, versions and instances are labels in the Host header only: names such as worker.127.0.0.1 do not
    resolve, so the connection goes to `authority` itself.
    """

    scheme: str = "http"
    authority: str = ""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """From `http://localhost:8080` or `localhost:8080`; empty text is no host, None is not an address."""
        text = text.strip()
        if not text:
            return cls()
        try:
            url = urlsplit(text if "://" in text else f"http://{text}")
            url.port  # noqa: B018 - raises for a port out of range
        except ValueError:
            return None
        is_address = url.scheme in ("http", "https") and url.hostname and "@" not in url.netloc
        has_more = url.path not in ("", "/") or url.query or url.fragment
        if not is_address or has_more or any(c <= " " or c > "~" for c in url.netloc):
            return None
        return cls(url.scheme, url.netloc)

    def with_labels(self, routing: AppEngineRouting) -> str:
        """The Host of a routing: [[instance.] version.] service. host; -dot- joins labels where TLS is spoken."""
        labels = [routing.instance, routing.version, routing.service, self.authority]
        return ("-dot-" if self.scheme == "https" else ".").join(label for label in labels if label)


def stored_app_engine_headers(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The headers a created task shows: the caller's, and what the service adds to them.

    The caller's User-Agent is kept, with the service's own after it. With a body there are Content-Length and a
    Content-Type, the caller's in any spelling or the default.
    """
    given = without_reserved(headers.items())
    agents = [value for name, value in given if name.lower() == "user-agent"]
    stored = dict(without(given, "user-agent"))
    stored["User-Agent"] = " ".join([*agents, USER_AGENT])
    if body:
        stored["Content-Length"] = str(len(body))
        if not any(name.lower() == "content-type" for name in stored):
            stored["Content-Type"] = DEFAULT_CONTENT_TYPE
    return stored


def app_engine_request(
    task: Task, payload: AppEngineRequest, override: AppEngineRouting | None, app_engine: AppEngineHost
) -> OutgoingRequest:
    """An attempt's request; the queue's routing, when it has one, replaces the task's whole."""
    return OutgoingRequest(
        task=task.name,
        method=payload.http_method.name,
        url=f"{app_engine.scheme}://{app_engine.authority}{payload.relative_uri}",
        host=app_engine.with_labels(override or payload.routing),
        headers=_headers(task, payload),
        body=payload.body if payload.http_method in METHODS_WITH_BODY else b"",
        deadline=task.dispatch_deadline or DEFAULT_DEADLINE,
        unsendable="" if app_engine.authority else NO_HOST,
    )


def _headers(task: Task, payload: AppEngineRequest) -> list[tuple[str, str]]:
    """Here every response counts as an execution, 5xx too (recorded)."""
    retry_reason = "App Error" if previous_response(task) else "Instance Unavailable"
    return [
        *dispatch_headers("X-AppEngine-", task, task.response_count, retry_reason),
        *sendable(payload.headers.items()),
    ]
