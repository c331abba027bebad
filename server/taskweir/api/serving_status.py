"""What gRPC's health service tells: one state for the whole server, under the empty name and each service's."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable
from typing import Final

from grpc_health.v1 import health_pb2

NAME: Final = "grpc.health.v1.Health"
WATCHERS: Final = 1_000
"""At a time, of the whole server."""
STRANGERS: Final = 100
"""The same of callers that do not pass, where there are such: they have no place of the others."""


class ServingStatus:
    """NOT_SERVING until it is told otherwise."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset({"", NAME, *services})
        self._serving = False
        self._ended = False
        self._changed = asyncio.Event()

    @property
    def services(self) -> Collection[str]:
        """Those of which something is told."""
        return self._services

    def set_serving(self, *, serving: bool) -> None:
        """Switch the state, and tell those who watch."""
        self._serving = serving and not self._ended
        self._changed.set()
        self._changed = asyncio.Event()

    def end(self) -> None:
        """NOT_SERVING from now on; those who watch are told so, and there is no more to tell."""
        self._ended = True
        self.set_serving(serving=False)

    def of(self, service: str) -> "health_pb2.HealthCheckResponse.ServingStatus":
        if service not in self._services:
            return health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        if self._serving:
            return health_pb2.HealthCheckResponse.SERVING
        return health_pb2.HealthCheckResponse.NOT_SERVING

    async def watched(
        self, service: str
    ) -> AsyncGenerator["health_pb2.HealthCheckResponse.ServingStatus", None]:
        """The one that is, and each that comes, until the end."""
        told = None
        while True:
            changed, ended, status = self._changed, self._ended, self.of(service)
            if status != told:
                yield status
                told = status
            if ended:
                return
            await changed.wait()
