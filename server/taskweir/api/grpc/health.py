"""The gRPC health service: one state for the whole server, under the empty name and each service's.

grpcio-health-checking's own servicer leaves the streams of Watch open for ever, so that one watching load balancer
would hold up every stop for the whole drain timeout. This one ends them, and bounds them in number and time.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, TypeAlias, TypeVar

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2

from taskweir.api.grpc.handlers import Guarded, let_pass
from taskweir.api.methods import Authenticate

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
_Request: TypeAlias = "health_pb2.HealthCheckRequest"
_Response: TypeAlias = "health_pb2.HealthCheckResponse"

_T = TypeVar("_T")

NAME: Final = "grpc.health.v1.Health"
_CHECK: Final = f"{NAME}/Check"
_WATCH: Final = f"{NAME}/Watch"
_CODEC: Final = (
    health_pb2.HealthCheckRequest.FromString,
    health_pb2.HealthCheckResponse.SerializeToString,
)
_WHOLE_SERVER: Final = health_pb2.HealthCheckRequest()

LONGEST_STREAM: Final = 600.0
"""Seconds. Who wants to know more begins anew, as gRPC's own clients do; one that hangs does not keep its place."""
_WATCHERS: Final = 1_000
"""At a time, of the whole server."""


class Health:
    """NOT_SERVING until it is told otherwise."""

    def __init__(
        self, services: Iterable[str], watchers: int = _WATCHERS, longest: float = LONGEST_STREAM
    ) -> None:
        """At most so many watch at a time, each for at most so many seconds."""
        self._services = frozenset({"", NAME, *services})
        self._places = watchers
        self._longest = longest
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

    async def check(self, request: _Request, context: _Context) -> _Response:
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return health_pb2.HealthCheckResponse(status=self._status(request.service))

    async def watch(self, request: _Request, context: _Context) -> None:
        if not self._places:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many watch the server's health")
        self._places -= 1
        try:
            # The stream ends in good order: it has told all there was.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._longest):
                    await self._tell(request.service, context)
        finally:
            self._places += 1

    async def _tell(self, service: str, context: _Context) -> None:
        told = None
        while True:
            changed, ended, status = self._changed, self._ended, self._status(service)
            if status != told:
                await context.write(health_pb2.HealthCheckResponse(status=status))
                told = status
            if ended:
                return
            await changed.wait()

    def _status(self, service: str) -> health_pb2.HealthCheckResponse.ServingStatus:
        if service not in self._services:
            return health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        if self._serving:
            return health_pb2.HealthCheckResponse.SERVING
        return health_pb2.HealthCheckResponse.NOT_SERVING


def health_handler(health: Health, authenticate: Authenticate | None) -> grpc.GenericRpcHandler:
    """Callers that do not pass are told of the server as a whole, whichever service they ask for: their messages are
    not read."""
    handlers = {
        _CHECK: grpc.unary_unary_rpc_method_handler(health.check, *_CODEC),
        _WATCH: grpc.unary_stream_rpc_method_handler(health.watch, *_CODEC),
    }
    if authenticate is None:
        return Guarded(handlers, let_pass)
    for_nobody = {
        _CHECK: grpc.stream_unary_rpc_method_handler(_unasked(health.check), *_CODEC),
        _WATCH: grpc.stream_stream_rpc_method_handler(_unasked(health.watch), *_CODEC),
    }
    return Guarded(handlers, authenticate, for_nobody)


def _unasked(
    answer: Callable[[_Request, _Context], Awaitable[_T]],
) -> Callable[[object, _Context], Awaitable[_T]]:
    """A handler that takes a stream of messages is given none before it asks for them, whatever the client sends."""

    async def handle(_messages: object, context: _Context) -> _T:
        return await answer(_WHOLE_SERVER, context)

    return handle
