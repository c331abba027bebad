"""The gRPC port."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Sequence
from typing import Final

import grpc.aio
from grpc_health.v1 import health_pb2_grpc

from taskweir.api.certificate import Certificate
from taskweir.api.grpc import health
from taskweir.api.grpc.handlers import generic_handler
from taskweir.api.grpc.options import channel_options
from taskweir.api.grpc.reflection import reflection_handlers
from taskweir.api.methods import Calls, Service
from taskweir.api.port_limits import NO_LIMITS, PortLimits
from taskweir.api.renewed_file import UnusableFile
from taskweir.api.streams import Streams

_LOG: Final = logging.getLogger(__name__)

_LAST_WORDS: Final = 1.0
"""Seconds in which the connections of calls that were cut off must end."""


class GrpcServer:
    """Serves services, health and reflection on one port."""

    def __init__(
        self,
        services: Sequence[tuple[Service, Calls]],
        certificate: Certificate | None = None,
        limits: PortLimits = NO_LIMITS,
    ) -> None:
        """Each service with where its calls pass. Must be called in the event loop that will serve."""
        self._credentials = certificate.for_grpc() if certificate is not None else None
        names = [service.name for service, _ in services]
        self._health = health.Health(names)
        self._streams = Streams()
        self.ending: asyncio.Future[None] | None = None
        """What waits for the last connections, from `stop` on. A loop that goes before it is done must be the last thing
        of the process: gRPC still speaks to it."""
        self._server = grpc.aio.server(options=channel_options(limits))
        self._server.add_generic_rpc_handlers(
            [generic_handler(service, calls, self._streams) for service, calls in services]
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._server.add_generic_rpc_handlers(reflection_handlers([*names, health.NAME]))

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
                if self._credentials is None
                else self._server.add_secure_port(address, self._credentials)
            )
        except RuntimeError as error:
            # gRPC does not say why; what else there may be, the check above has found.
            if self._credentials is not None:
                _check_address(host, port)
                raise UnusableFile(
                    "--tls-cert and --tls-key: gRPC does not take keys of this kind"
                ) from error
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), address) from error
        return bound

    async def start(self) -> None:
        """Accept calls."""
        await self._server.start()

    def set_serving(self, *, serving: bool) -> None:
        """What the health service says: NOT_SERVING until this is called."""
        self._health.set_serving(serving=serving)

    async def stop(self, grace: float) -> None:
        """Accept no more calls, and let those that run finish for at most `grace` seconds. Streams end at once: they
        would never finish."""
        self._health.end()
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
