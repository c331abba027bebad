"""The gRPC health service: one state for the whole server, under the empty name and each service's.

grpcio-health-checking's own servicer leaves the streams of Watch open for ever, so that one watching load balancer
would hold up every stop for the whole drain timeout. This one ends them.
"""
# ruff: noqa: N802 - methods are named and called as the protocol has it

import asyncio
from collections.abc import AsyncIterator, Iterable

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

NAME = "grpc.health.v1.Health"


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc] # the package carries no types
    """NOT_SERVING until it is told otherwise."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset({"", NAME, *services})
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
        self, request: health_pb2.HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> health_pb2.HealthCheckResponse:
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return health_pb2.HealthCheckResponse(status=self._status(request.service))

    async def Watch(
        self, request: health_pb2.HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        told = None
        while True:
            changed, ended, status = self._changed, self._ended, self._status(request.service)
            if status != told:
                yield health_pb2.HealthCheckResponse(status=status)
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
