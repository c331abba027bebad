"""The gRPC port, served by grpc.aio."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Sequence
from typing import Final

import grpc.aio

from taskweir.api.certificate import Certificate
from taskweir.api.grpc.credentials import server_credentials
from taskweir.api.grpc.handlers import generic_handler
from taskweir.api.grpc.health import health_handler
from taskweir.api.grpc.options import channel_options
from taskweir.api.grpc.reflection import reflection_handler
from taskweir.api.grpc.relay import Relays
from taskweir.api.methods import Authenticate, Calls, Service
from taskweir.api.port_limits import NO_LIMITS, PortLimits
from taskweir.api.renewed_file import UnusableFile
from taskweir.api.serving_status import NAME as HEALTH
from taskweir.api.serving_status import ServingStatus
from taskweir.api.streams import Streams

_LOG: Final = logging.getLogger(__name__)

_LOOPBACK: Final = "127.0.0.1"
_NEWER_LOOPBACK: Final = "::1"
"""The one there is on a machine without IPv4."""
_LAST_WORDS: Final = 1.0
"""Seconds in which the connections of calls that were cut off must end."""


class GrpcServer:
    """Serves services, health and reflection on one port."""

    def __init__(
        self,
        services: Sequence[tuple[Service, Calls]],
        certificate: Certificate | None = None,
        limits: PortLimits = NO_LIMITS,
        authenticate: Authenticate | None = None,
    ) -> None:
        """Each service with where its calls pass; `authenticate` is for health and reflection, which have no `Calls`.
        Must be called in the event loop that will serve."""
        self._certificate = certificate
        self._credentials: list[grpc.ServerCredentials] = []
        """Of each port, kept as long as that."""
        names = [service.name for service, _ in services]
        self._status = ServingStatus(names)
        self._streams = Streams()
        self.ending: asyncio.Future[None] | None = None
        """What waits for the last connections, from `stop` on. A loop that goes before it is done must be the last thing
        of the process: gRPC still speaks to it."""
        self._server = grpc.aio.server(options=channel_options(limits))
        self._server.add_generic_rpc_handlers(
            [generic_handler(service, calls, self._streams) for service, calls in services]
        )
        self._server.add_generic_rpc_handlers(
            [
                health_handler(self._status, authenticate),
                reflection_handler([*names, HEALTH], authenticate),
            ]
        )

    def bind(self, host: str, port: int) -> int:
        """Take a port, 0 for any free one, and return its number.

        Raises OSError: EADDRINUSE for a port that is taken, and what else the system has against the address; and
        UnusableFile for a certificate that gRPC does not take.
        """
        _check_address(host, port)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            bound: int = (
                self._server.add_insecure_port(address)
                if self._certificate is None
                else self._server.add_secure_port(address, self._new_credentials(self._certificate))
            )
        except RuntimeError as error:
            # gRPC does not say why; what else there may be, the check above has found.
            if self._certificate is not None:
                _check_address(host, port)
                raise UnusableFile(
                    "--tls-cert and --tls-key: gRPC does not take keys of this kind"
                ) from error
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), address) from error
        return bound

    def for_http(self, most: int) -> Relays:
        """What relays connections of the HTTP port, which has `most` places, 0 for any number: of those, half at most,
        for each takes two files more. Raises as `bind` does."""
        return Relays(*self.bind_for_relays(), self._certificate, max(1, most // 2) if most else 0)

    def bind_for_relays(self) -> tuple[str, int]:
        """Take a free port of loopback besides, for connections that the HTTP port passes on, and return its address.

        gRPC counts connections by port: those that come there find places however many sit on the other and do nothing.
        Raises as `bind` does.
        """
        try:
            return _LOOPBACK, self.bind(_LOOPBACK, 0)
        except OSError:
            return _NEWER_LOOPBACK, self.bind(_NEWER_LOOPBACK, 0)

    def _new_credentials(self, certificate: Certificate) -> grpc.ServerCredentials:
        """Those of grpcio that can be renewed do for one port."""
        self._credentials.append(server_credentials(certificate))
        return self._credentials[-1]

    async def start(self) -> None:
        """Accept calls."""
        await self._server.start()

    def set_serving(self, *, serving: bool) -> None:
        """What the health service says: NOT_SERVING until this is called."""
        self._status.set_serving(serving=serving)

    async def stop(self, grace: float) -> None:
        """Accept no more calls, and let those that run finish for at most `grace` seconds. Streams end at once: they
        would never finish."""
        self._status.end()
        self._streams.end()
        # It waits for its connections to end, which those do not that have replies for a client that does not read.
        self.ending = asyncio.ensure_future(self._server.stop(grace))
        _, unended = await asyncio.wait([self.ending], timeout=grace + _LAST_WORDS)
        if unended:
            _LOG.warning("gRPC connections whose clients do not read are cut off")


def _check_address(host: str, port: int) -> None:
    """Let the system refuse an address that it would refuse gRPC: gRPC logs why, and raises without it.

    A name may have addresses that this machine lacks (localhost, ::1 in a container); one that it has will do.
    """
    refused: list[OSError] = []
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, address in addresses:
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise
            refused.append(error)
    if len(refused) == len(addresses):
        raise refused[0]
