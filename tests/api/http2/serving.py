"""A server of one small service."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
import grpc.aio
from google.cloud.location import locations_pb2
from tests.api.http2.client import Client

from taskweir.api.call import Call
from taskweir.api.http2.common import USUAL
from taskweir.api.http2.frames import Setting
from taskweir.api.http2.patience import Patience
from taskweir.api.http2.server import Http2Server
from taskweir.api.methods import Calls, Service
from taskweir.api.port_limits import PortLimits
from taskweir.domain.errors import Code, NotFound
from taskweir.domain.times import SECOND

NAME: Final = "google.cloud.location.Locations"
QUICK: Final = Patience(tick=0.01, silence=0.05, quiet=0.05, goodbye=0.05)
"""For tests of what happens to those who let a server wait."""


@dataclass
class Locations:
    """What it does is in the name that it is asked for."""

    seen: list[Call] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    running: int = 0
    cancelled: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def GetLocation(  # noqa: N802
        self, request: locations_pb2.GetLocationRequest, call: Call
    ) -> locations_pb2.Location:
        self.seen.append(call)
        self.asked.append(request.name)
        if request.name == "none":
            raise NotFound("no ärea 51%")
        if request.name == "bug":
            raise RuntimeError("a bug")
        if request.name == "wait":
            await self._wait()
        size = int(request.name.removeprefix("size ")) if request.name.startswith("size ") else 0
        return locations_pb2.Location(name=request.name[:100], display_name="x" * size)

    async def ListLocations(  # noqa: N802
        self, request: locations_pb2.ListLocationsRequest, call: Call
    ) -> AsyncGenerator[locations_pb2.ListLocationsResponse, None]:
        """As many replies of as many bytes as it is asked for; and then one more when it may go on, if the filter says
        so."""
        self.seen.append(call)
        for number in range(request.page_size):
            yield locations_pb2.ListLocationsResponse(next_page_token=f"{number} {request.page_token}")
        if request.filter == "wait":
            await call.begin()
            await self._wait()
            yield locations_pb2.ListLocationsResponse(next_page_token="last")
        if request.filter == "none":
            raise NotFound("no more")

    async def _wait(self) -> None:
        self.running += 1
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1


@dataclass
class Serving:
    server: Http2Server
    port: int
    locations: Locations
    counted: list[tuple[str, Code]]
    clients: list[Client] = field(default_factory=list)

    async def client(self, said: dict[Setting, int] | None = None, **options: Any) -> Client:
        self.clients.append(await Client.connect(self.port, said, **options))
        return self.clients[-1]

    @property
    def common(self) -> Any:
        return self.server._common


@asynccontextmanager
async def serving(
    patience: Patience = USUAL,
    *,
    tls: ssl.SSLContext | None = None,
    connections: int = 0,
    idle: float = 3600.0,
    authenticate: Any = None,
    locations: Any = None,
) -> AsyncIterator[Serving]:
    """`locations` are other ones than usual."""
    locations = locations or Locations()
    counted: list[tuple[str, Code]] = []
    calls = Calls(observe=lambda rpc, code, _: counted.append((rpc, code)), authenticate=authenticate)
    descriptor = locations_pb2.DESCRIPTOR.services_by_name["Locations"]
    services = [(Service(NAME, descriptor, locations), calls)]
    limits = PortLimits(connections, int(idle * SECOND))
    server = Http2Server(services, tls=tls, limits=limits, authenticate=authenticate, patience=patience)
    port = server.bind("127.0.0.1", 0)
    await server.start()
    made = Serving(server, port, locations, counted)
    try:
        async with asyncio.timeout(30):
            yield made
    finally:
        for client in made.clients:
            await client.close()
        await server.stop(0)


def asks(name: str) -> bytes:
    return locations_pb2.GetLocationRequest(name=name).SerializeToString()


def asks_for_list(count: int, text: str = "", then: str = "") -> bytes:
    """`then` is "wait" or "none"."""
    return locations_pb2.ListLocationsRequest(
        page_size=count, page_token=text, filter=then
    ).SerializeToString()


@asynccontextmanager
async def channel(
    served: Serving, *options: tuple[str, int], **more: object
) -> AsyncIterator[grpc.aio.Channel]:
    """A connection of its own."""
    own = ("grpc.use_local_subchannel_pool", 1)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}", [own, *options], **more) as made:
        yield made
