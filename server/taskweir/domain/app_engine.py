"""Tasks for App Engine targets: the headers they are stored with, where they go, and the request of an attempt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from taskweir.domain.app_engine_host import AppEngineHost
from taskweir.domain.app_engine_services import DEFAULT_SERVICE, AppEngineServices
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


@dataclass(frozen=True, slots=True)
class AppEngine:
    """Where the application listens: some services at addresses of their own, all others at `host`."""

    host: AppEngineHost = field(default_factory=AppEngineHost)
    services: AppEngineServices = field(default_factory=AppEngineServices)


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
    task: Task, payload: AppEngineRequest, override: AppEngineRouting | None, app_engine: AppEngine
) -> OutgoingRequest:
    """An attempt's request; the queue's routing, when it has one, replaces the task's whole."""
    routing = override or payload.routing
    address, host = _place(routing, app_engine)
    return OutgoingRequest(
        task=task.name,
        method=payload.http_method.name,
        url=f"{address.scheme}://{address.authority}{payload.relative_uri}",
        host=host,
        headers=_headers(task, payload),
        body=payload.body if payload.http_method in METHODS_WITH_BODY else b"",
        deadline=task.dispatch_deadline or DEFAULT_DEADLINE,
        unsendable="" if address.authority else _nowhere(routing),
    )


def _place(routing: AppEngineRouting, app_engine: AppEngine) -> tuple[AppEngineHost, str]:
    """Where to connect, and the Host to say there: at a service's own address that of production; at the one address
    for all, that address with the labels before it, as other emulators do."""
    address = app_engine.services.address_of(routing)
    if address is not None:
        return address, routing.host
    return app_engine.host, app_engine.host.with_labels(routing)


def _nowhere(routing: AppEngineRouting) -> str:
    service = routing.service or DEFAULT_SERVICE
    return (
        f"nothing says where the App Engine service {service} listens: set --app-engine {service}=URL, "
        "or --app-engine-host (APP_ENGINE_EMULATOR_HOST) for all services"
    )


def _headers(task: Task, payload: AppEngineRequest) -> list[tuple[str, str]]:
    """Here every response counts as an execution, 5xx too (recorded)."""
    retry_reason = "App Error" if previous_response(task) else "Instance Unavailable"
    return [
        *dispatch_headers("X-AppEngine-", task, task.response_count, retry_reason),
        *sendable(payload.headers.items()),
    ]
