"""The gRPC health service: one state for the whole server, under the empty name and each service's.

The package's own base class would bring gRPC's C core with it.
"""
# ruff: noqa: N802 - methods are named as the protocol has it

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from typing import Any, Final

from grpc_health.v1 import health_pb2

from taskweir.api.call import Call
from taskweir.api.http2.entries import Entry, OfOneRequest, StreamingEntry, UnaryEntry
from taskweir.api.http2.messages import Received
from taskweir.api.http2.stream import Stream
from taskweir.api.methods import Authenticate, Calls, Service, StreamingMethod
from taskweir.api.streams import Streams
from taskweir.domain.errors import NotFound, ResourceExhausted, Unauthenticated

NAME: Final = "grpc.health.v1.Health"
_WATCHERS: Final = 1_000
"""At a time, of the whole server."""
_WHOLE_SERVER: Final = Received(b"", is_compressed=False, held=0)
"""A request that names no service."""


class Health:
    """NOT_SERVING until it is told otherwise."""

    def __init__(self, services: Iterable[str], watchers: int = _WATCHERS) -> None:
        """At most so many watch at a time."""
        self._services = frozenset({"", NAME, *services})
        self._places = watchers
        self._serving = False
        self._ended = False
        self._changed = asyncio.Event()

    def set_serving(self, *, serving: bool) -> None:
        """Switch the state, and tell those who watch."""
        self._serving = serving and not self._ended
        self._changed.set()
        self._changed = asyncio.Event()

    def end(self) -> None:
        """NOT_SERVING from now on; those who watch are told so, and their streams end."""
        self._ended = True
        self.set_serving(serving=False)

    async def Check(
        self, request: health_pb2.HealthCheckRequest, call: Call
    ) -> health_pb2.HealthCheckResponse:
        if request.service not in self._services:
            raise NotFound("unknown service")
        return health_pb2.HealthCheckResponse(status=self._status(request.service))

    async def List(self, request: Any, call: Call) -> Any:  # noqa: ANN401 - older packages have no such messages
        statuses = {name: {"status": self._status(name)} for name in self._services}
        return health_pb2.HealthListResponse(statuses=statuses)

    async def Watch(
        self, request: health_pb2.HealthCheckRequest, call: Call
    ) -> AsyncGenerator[health_pb2.HealthCheckResponse, None]:
        if not self._places:
            raise ResourceExhausted("too many watch the server's health")
        self._places -= 1
        try:
            async with aclosing(self._statuses(request.service)) as statuses:
                async for status in statuses:
                    yield health_pb2.HealthCheckResponse(status=status)
        finally:
            self._places += 1

    async def _statuses(
        self, service: str
    ) -> AsyncGenerator["health_pb2.HealthCheckResponse.ServingStatus", None]:
        """The one that is, and each that comes, until the end."""
        told = None
        while True:
            changed, ended, status = self._changed, self._ended, self._status(service)
            if status != told:
                yield status
                told = status
            if ended:
                return
            await changed.wait()

    def _status(self, service: str) -> "health_pb2.HealthCheckResponse.ServingStatus":
        if service not in self._services:
            return health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        if self._serving:
            return health_pb2.HealthCheckResponse.SERVING
        return health_pb2.HealthCheckResponse.NOT_SERVING


class _ForAnybody:
    """Callers that do not pass are told of the server as a whole, whichever service they ask for: their messages are not
    read."""

    most = 4 << 10

    def __init__(self, rpc: str, entry: OfOneRequest, authenticate: Authenticate | None) -> None:
        self._rpc = rpc
        self._entry = entry
        self._authenticate = authenticate

    def admit(self, stream: Stream) -> None:
        if self._authenticate is None:
            return
        try:
            self._authenticate(self._rpc, stream.head.authorization)
        except Unauthenticated:
            self._entry.begin(stream, _WHOLE_SERVER)

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
    service = Service(NAME, health_pb2.DESCRIPTOR.services_by_name["Health"], health)
    streams, calls = Streams(), Calls()
    found: dict[str, Entry] = {}
    for method in service.methods():
        entry = (
            StreamingEntry(method, calls, streams, longest)
            if isinstance(method, StreamingMethod)
            else UnaryEntry(method, calls)
        )
        found[f"/{method.rpc}"] = _ForAnybody(method.rpc, entry, authenticate)
    return found
