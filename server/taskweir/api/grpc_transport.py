"""The port to what speaks gRPC: our own code in http2/, or grpcio in grpc/."""

import asyncio
from typing import Protocol

from taskweir.api.places import Guest, Places


class Http2(Protocol):
    """What serves connections of the HTTP port that speak HTTP/2."""

    def begin(self, transport: asyncio.Transport, first: bytes, places: Places, guest: Guest) -> object:
        """Take one over, of which `first` has been read, with the place that `guest` has had."""

    async def stop(self, grace: float) -> None:
        """End them: to be called when the gRPC port has stopped. What is still to be said has `grace` seconds."""


class GrpcTransport(Protocol):
    """The gRPC port, with health and reflection."""

    def bind(self, host: str, port: int) -> int:
        """Take a port, 0 for any free one, and return its number.

        Raises OSError: EADDRINUSE for a port that is taken, and what else the system has against the address; and
        UnusableFile for a certificate that is not taken.
        """

    def for_http(self, most: int) -> Http2:
        """What the HTTP port hands connections to, which has `most` places, 0 for any number. Raises OSError."""

    async def start(self) -> None:
        """Accept calls. Raises OSError."""

    def set_serving(self, *, serving: bool) -> None:
        """What the health service says: NOT_SERVING until this is called."""

    async def stop(self, grace: float) -> None:
        """Take no more calls, and let those that run finish for at most `grace` seconds. Streams end at once: they
        would never finish."""
