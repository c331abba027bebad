"""The gRPC health service.

The package's own base class would bring gRPC's C core with it.
"""
# ruff: noqa: N802 - methods are named as the protocol has it

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

from grpc_health.v1 import health_pb2

from taskweir.api.call import Call
from taskweir.api.http2.entries import Entry, OfOneRequest, StreamingEntry, UnaryEntry
from taskweir.api.http2.messages import Received
from taskweir.api.http2.stream import Stream
from taskweir.api.methods import Authenticate, Calls, Service, StreamingMethod
from taskweir.api.serving_status import NAME, STRANGERS, WATCHERS, ServingStatus
from taskweir.api.streams import Streams
from taskweir.domain.errors import NotFound, ResourceExhausted, Unauthenticated

_WHOLE_SERVER: Final = Received(b"", is_compressed=False, held=0)
"""A request that names no service."""


class Health:
    def __init__(self, status: ServingStatus, watchers: int = WATCHERS) -> None:
        """At most so many watch at a time."""
        self.status = status
        self._places = watchers

    async def Check(
        self, request: health_pb2.HealthCheckRequest, call: Call
    ) -> health_pb2.HealthCheckResponse:
        if request.service not in self.status.services:
            raise NotFound("unknown service")
        return health_pb2.HealthCheckResponse(status=self.status.of(request.service))

    async def List(self, request: Any, call: Call) -> Any:  # noqa: ANN401 - older packages have no such messages
        statuses = {name: {"status": self.status.of(name)} for name in self.status.services}
        return health_pb2.HealthListResponse(statuses=statuses)

    async def Watch(
        self, request: health_pb2.HealthCheckRequest, call: Call
    ) -> AsyncGenerator[health_pb2.HealthCheckResponse, None]:
        if not self._places:
            raise ResourceExhausted("too many watch the server's health")
        self._places -= 1
        try:
            async with aclosing(self.status.watched(request.service)) as statuses:
                async for status in statuses:
                    yield health_pb2.HealthCheckResponse(status=status)
        finally:
            self._places += 1


class _ForAnybody:
    """Callers that do not pass are told of the server as a whole, whichever service they ask for: their messages are not
    read."""

    most = 4 << 10

    def __init__(
        self, rpc: str, entry: OfOneRequest, for_strangers: OfOneRequest, authenticate: Authenticate
    ) -> None:
        self._rpc = rpc
        self._entry = entry
        self._for_strangers = for_strangers
        self._authenticate = authenticate

    def admit(self, stream: Stream) -> None:
        try:
            self._authenticate(self._rpc, stream.head.authorization)
        except Unauthenticated:
            self._for_strangers.begin(stream, _WHOLE_SERVER)

    def receive(self, stream: Stream, message: Received) -> None:
        if stream.task is None:
            self._entry.receive(stream, message)
        else:
            stream.messages.let_go(message.held)

    def end(self, stream: Stream) -> None:
        if stream.task is None:
            self._entry.end(stream)


def health_entries(
    health: Health, authenticate: Authenticate | None, longest: float | None
) -> Mapping[str, Entry]:
    """By their paths. Those who watch are told for so many seconds; who wants to know more begins anew, as gRPC's own
    clients do. Their streams end by themselves when the server does, for they are to be told of it."""
    entries = _entries(health, longest)
    if authenticate is None:
        return entries
    for_strangers = _entries(Health(health.status, STRANGERS), longest)
    return {
        path: _ForAnybody(path.removeprefix("/"), entry, for_strangers[path], authenticate)
        for path, entry in entries.items()
    }


def _entries(health: Health, longest: float | None) -> Mapping[str, OfOneRequest]:
    service = Service(NAME, health_pb2.DESCRIPTOR.services_by_name["Health"], health)
    streams, calls = Streams(), Calls()
    return {
        f"/{method.rpc}": StreamingEntry(method, calls, streams, longest)
        if isinstance(method, StreamingMethod)
        else UnaryEntry(method, calls)
        for method in service.methods()
    }
