"""The gRPC health service.

grpcio-health-checking's own servicer leaves the streams of Watch open for ever, so that one watching load balancer
would hold up every stop for the whole drain timeout. This one ends them, and bounds them in number and time.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias, TypeVar

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2

from taskweir.api.grpc.handlers import Guarded, let_pass
from taskweir.api.methods import Authenticate
from taskweir.api.serving_status import NAME, STRANGERS, WATCHERS, ServingStatus

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
_Request: TypeAlias = "health_pb2.HealthCheckRequest"
_Response: TypeAlias = "health_pb2.HealthCheckResponse"

_T = TypeVar("_T")

_CHECK: Final = f"{NAME}/Check"
_WATCH: Final = f"{NAME}/Watch"
_CODEC: Final = (
    health_pb2.HealthCheckRequest.FromString,
    health_pb2.HealthCheckResponse.SerializeToString,
)
_WHOLE_SERVER: Final = health_pb2.HealthCheckRequest()

LONGEST_STREAM: Final = 600.0
"""Seconds. Who wants to know more begins anew, as gRPC's own clients do; one that hangs does not keep its place."""


class Health:
    def __init__(
        self, status: ServingStatus, watchers: int = WATCHERS, longest: float = LONGEST_STREAM
    ) -> None:
        """At most so many watch at a time, each for at most so many seconds."""
        self._status = status
        self._places = watchers
        self._longest = longest

    async def check(self, request: _Request, context: _Context) -> _Response:
        if request.service not in self._status.services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return health_pb2.HealthCheckResponse(status=self._status.of(request.service))

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
        async with contextlib.aclosing(self._status.watched(service)) as statuses:
            async for status in statuses:
                await context.write(health_pb2.HealthCheckResponse(status=status))


def health_handler(status: ServingStatus, authenticate: Authenticate | None) -> grpc.GenericRpcHandler:
    """Callers that do not pass are told of the server as a whole, whichever service they ask for: their messages are
    not read."""
    health = Health(status)
    handlers = {
        _CHECK: grpc.unary_unary_rpc_method_handler(health.check, *_CODEC),
        _WATCH: grpc.unary_stream_rpc_method_handler(health.watch, *_CODEC),
    }
    if authenticate is None:
        return Guarded(handlers, let_pass)
    of_strangers = Health(status, STRANGERS)
    for_nobody = {
        _CHECK: grpc.stream_unary_rpc_method_handler(_unasked(of_strangers.check), *_CODEC),
        _WATCH: grpc.stream_stream_rpc_method_handler(_unasked(of_strangers.watch), *_CODEC),
    }
    return Guarded(handlers, authenticate, for_nobody)


def _unasked(
    answer: Callable[[_Request, _Context], Awaitable[_T]],
) -> Callable[[object, _Context], Awaitable[_T]]:
    """A handler that takes a stream of messages is given none before it asks for them, whatever the client sends."""

    async def handle(_messages: object, context: _Context) -> _T:
        return await answer(_WHOLE_SERVER, context)

    return handle
