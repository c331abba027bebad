"""The gRPC port, and what serves HTTP/2 wherever it comes from."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Self

from taskweir.api.http2 import reflection
from taskweir.api.http2.common import USUAL, Common, Open
from taskweir.api.http2.connection import Connection
from taskweir.api.http2.dialogue import DialogueEntry
from taskweir.api.http2.entries import Entry, entries_of
from taskweir.api.http2.health import Health, health_entries
from taskweir.api.http2.listening import bound_sockets
from taskweir.api.http2.patience import Patience
from taskweir.api.methods import Authenticate, Calls, Service
from taskweir.api.places import Guest, Places
from taskweir.api.port_limits import NO_LIMITS, PortLimits
from taskweir.api.serving_status import NAME as HEALTH
from taskweir.api.serving_status import ServingStatus
from taskweir.api.streams import Streams
from taskweir.api.tls_listener import TlsListener
from taskweir.domain.times import SECOND

_LOG: Final = logging.getLogger(__name__)

_LAST_WORDS: Final = 1.0
"""Seconds in which what was said last must reach the clients."""
_HANDSHAKE: Final = 10.0
"""Seconds in which a connection must have agreed on how it is encrypted."""
_LONGEST_STREAM: Final = 600.0
"""Seconds, of health and of reflection: one that hangs does not keep its place."""


class Http2Server:
    """Serves services, health and reflection."""

    def __init__(
        self,
        services: Sequence[tuple[Service, Calls]],
        *,
        tls: ssl.SSLContext | None = None,
        limits: PortLimits = NO_LIMITS,
        authenticate: Authenticate | None = None,
        patience: Patience = USUAL,
    ) -> None:
        """Each service with where its calls pass; `authenticate` is for health and reflection, which have no `Calls`."""
        self._tls = tls
        self._common = Common(replace(patience, idle=limits.idle / SECOND))
        self._places = Places(limits.connections)
        self._streams = Streams()
        self._status = ServingStatus(service.name for service, _ in services)
        self._health = Health(self._status)
        names = [service.name for service, _ in services]
        answer = reflection.reflection_answer([*names, HEALTH])
        dialogue = DialogueEntry(answer, authenticate, self._streams, _LONGEST_STREAM)
        self._entries: Mapping[str, Entry] = {
            **entries_of(services, self._streams),
            **health_entries(self._health, authenticate, _LONGEST_STREAM),
            **dict.fromkeys(reflection.PATHS, dialogue),
        }
        self._sockets: list[socket.socket] = []
        self._listeners: list[asyncio.Server | TlsListener] = []
        self._stopping = False

    def bind(self, host: str, port: int) -> int:
        """Take a port, 0 for any free one, and return its number.

        Raises OSError: EADDRINUSE for a port that is taken, and what else the system has against the address.
        """
        self._sockets = bound_sockets(host, port)
        return int(self._sockets[0].getsockname()[1])

    def for_http(self, most: int) -> Self:
        """What serves connections of the HTTP port: this very server, in the places of that port."""
        return self

    async def start(self) -> None:
        """Accept calls. Raises OSError."""
        if self._tls is not None:
            self._listeners = [
                TlsListener(self._sockets, self._tls, self._places, self._accepted, _HANDSHAKE)
            ]
            return
        loop = asyncio.get_running_loop()
        for bound in self._sockets:
            listener = await loop.create_server(self._accepted, sock=bound, backlog=socket.SOMAXCONN)
            self._listeners.append(listener)

    def begin(self, transport: asyncio.Transport, first: bytes, places: Places, guest: Guest) -> Connection:
        """Take over a connection of another port, with its place, of which `first` has been read."""
        connection = Connection(self._entries, self._common, places, guest)
        transport.set_protocol(connection)
        connection.connection_made(transport)
        connection.data_received(first)
        if self._stopping:
            connection.close()
        return connection

    def set_serving(self, *, serving: bool) -> None:
        """What the health service says: NOT_SERVING until this is called."""
        self._status.set_serving(serving=serving)

    async def stop(self, grace: float) -> None:
        """Take no more calls, and let those that run finish for at most `grace` seconds. Streams end at once: they
        would never finish."""
        self._stopping = True
        for listener in self._listeners or self._sockets:
            listener.close()
        self._status.end()
        self._streams.end()
        for connection in self._connections():
            connection.stop()
        await self._common.calls_end(grace)
        for connection in self._connections():
            connection.close()
        await self._common.connections_end(_LAST_WORDS)
        if self._connections():
            _LOG.warning("gRPC connections whose clients do not read are cut off")
        for connection in self._connections():
            connection.abort()
        for listener in self._listeners:
            if isinstance(listener, TlsListener):
                await listener.end_handshakes()
        await self._common.connections_end(_LAST_WORDS)

    def _accepted(self, guest: Guest | None = None) -> Connection:
        return Connection(self._entries, self._common, self._places, guest)

    def _connections(self) -> tuple[Open, ...]:
        return tuple(self._common.connections)
