"""With grpcio, connections of the HTTP port that speak HTTP/2 are relayed: whatever comes by them goes to a port of
gRPC, and what it answers comes back.

Under TLS both are encrypted, the one to gRPC too: a way to gRPC that is not would be open to others of this machine.
Nobody can say over TLS that it has said all, and still listen: there the connection ends with that.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable
from functools import partial
from ipaddress import ip_address
from typing import Final, cast

from taskweir.api.certificate import Certificate
from taskweir.api.grpc.open_streams import OpenStreams
from taskweir.api.http2_preface import HTTP2_PREFACE
from taskweir.api.places import Guest, Places

_LOG: Final = logging.getLogger(__name__)

_CONNECT: Final = 10.0
"""Seconds; gRPC listens on this machine."""
_LINGER: Final = 10.0
"""Seconds in which a client must take gRPC's last words and close. To close first could destroy what it has not read."""


class Relays:
    """All the relayed connections of a port."""

    def __init__(self, host: str, port: int, certificate: Certificate | None = None, most: int = 0) -> None:
        """`host` is the one that gRPC was told to listen on, and `certificate` what it shows there. There are at most
        so many, 0 for any number."""
        self._places = Places(most)
        self._grpc = _Port(_reachable(host), port, certificate)
        self._running: set[Relay] = set()
        self._stopping = False

    @property
    def running(self) -> int:
        """How many there are."""
        return len(self._running)

    def begin(self, client: asyncio.Transport, first: bytes, places: Places, guest: Guest) -> None:
        """Take over a connection, of which `first` has been read, with its place; none when stopping."""
        if self._stopping:
            places.leave(guest)
            client.abort()
            return
        relay = Relay(client, first, self._grpc)
        self._running.add(relay)
        places.pass_on(guest, relay)
        relay.on_served = partial(_was_served, relay, (self._places, places))
        relay.ended.add_done_callback(lambda _: self._has_ended(relay, places))
        if not self._places.take(relay):
            relay.abort()

    def _has_ended(self, relay: "Relay", places: Places) -> None:
        self._running.discard(relay)
        self._places.leave(relay)
        places.leave(relay)

    async def stop(self, patience: float) -> None:
        """To be called when gRPC has stopped: what it still had to say goes on to the clients, for at most so many
        seconds."""
        self._stopping = True
        for relay in tuple(self._running):
            relay.end_with_grpc()
        await self._until_ended(patience)
        for relay in tuple(self._running):
            relay.abort()
        await self._until_ended(None)

    async def _until_ended(self, patience: float | None) -> None:
        if self._running:
            await asyncio.wait([relay.ended for relay in self._running], timeout=patience)


def _was_served(relay: "Relay", places: Iterable[Places]) -> None:
    for one in places:
        one.was_served(relay)


class _Port:
    """gRPC's."""

    def __init__(self, host: str, port: int, certificate: Certificate | None) -> None:
        self._host = host
        self._port = port
        self._certificate = certificate
        self._tls = certificate.for_ourselves() if certificate is not None else None

    async def connect(self, end: "_GrpcEnd") -> asyncio.Transport:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: end, self._host, self._port, ssl=self._tls)
        if self._certificate is not None:
            shown = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
            if not self._certificate.is_own(shown):
                transport.abort()
                raise ConnectionAbortedError("what listens there has another certificate")
        return transport


class Relay:
    """A client's connection, and ours to gRPC. Neither is read faster than the other takes it."""

    def __init__(self, client: asyncio.Transport, first: bytes, port: _Port) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        """Done when both connections are gone."""
        self.on_served: Callable[[], None] = lambda: None
        """Called when a call has ended."""
        self._streams = OpenStreams(len(HTTP2_PREFACE))
        self._streams.client_says(first)
        self._client = client
        self._client_can_listen_on = client.can_write_eof()
        """After it has said all."""
        self._client_said_all = False
        self._client_lost = False
        self._grpc: asyncio.Transport | None = None
        self._grpc_said_all = False
        self._grpc_lost = False
        self._lingers = True
        self._linger: asyncio.TimerHandle | None = None
        # A client may vanish without a word, and gRPC sees a connection of ours, which does not.
        client.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        client.pause_reading()
        client.set_protocol(_ClientEnd(self))
        self._connecting = asyncio.create_task(self._connect(first, port))

    async def _connect(self, first: bytes, port: _Port) -> None:
        try:
            async with asyncio.timeout(_CONNECT):
                grpc = await port.connect(_GrpcEnd(self))
        except OSError as error:
            _LOG.debug("a connection over HTTP/2 could not be relayed: %s", error)
            self._client.close()
            return
        self._client.resume_reading()
        grpc.write(first)

    def end_with_grpc(self) -> None:
        """When gRPC has said all, do not wait for the client to close."""
        self._lingers = False
        if self._grpc_said_all:
            self._client.close()

    @property
    def is_idle(self) -> bool:
        """Whether no call goes on, as far as can be seen from here."""
        return not self._streams

    def abort(self) -> None:
        self._client.abort()

    # what the client does

    def client_says(self, data: bytes) -> None:
        self._streams.client_says(data)
        if self._grpc is not None and not self._grpc_said_all and not self._grpc.is_closing():
            self._grpc.write(data)

    def client_has_said_all(self) -> bool:
        """Whether it listens still."""
        self._client_said_all = True
        if self._grpc_said_all:
            self._client.close()
        elif self._grpc is not None and not self._grpc.is_closing():
            _say_no_more(self._grpc)
        return self._client_can_listen_on

    def client_takes(self, *, more: bool) -> None:
        _read(self._grpc, more=more)

    def client_is_lost(self) -> None:
        self._client_lost = True
        self._connecting.cancel()
        if self._linger is not None:
            self._linger.cancel()
        if self._grpc is not None:
            self._grpc.abort()
        self._end()

    # what gRPC does

    def grpc_is_here(self, grpc: asyncio.Transport) -> None:
        self._grpc = grpc
        if self._client_lost:
            grpc.abort()

    def grpc_says(self, data: bytes) -> None:
        before = len(self._streams)
        self._streams.server_says(data)
        if len(self._streams) < before:
            self.on_served()
        listens = self._client_can_listen_on or not self._client_said_all
        if listens and not self._client.is_closing():
            self._client.write(data)

    def grpc_takes(self, *, more: bool) -> None:
        _read(self._client, more=more)

    def grpc_has_said_all(self) -> None:
        self._grpc_said_all = True
        if self._client.is_closing():
            return
        self._linger = asyncio.get_running_loop().call_later(_LINGER, self._client.abort)
        # Its end is seen only while it is read.
        self._client.resume_reading()
        if self._client_said_all or not self._lingers:
            self._client.close()
        else:
            _say_no_more(self._client)

    def grpc_is_lost(self) -> None:
        self._grpc_lost = True
        if not self._grpc_said_all:
            self.grpc_has_said_all()
        self._end()

    def _end(self) -> None:
        if self._client_lost and (self._grpc is None or self._grpc_lost) and not self.ended.done():
            self.ended.set_result(None)


class _ClientEnd(asyncio.Protocol):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def data_received(self, data: bytes) -> None:
        self._relay.client_says(data)

    def pause_writing(self) -> None:
        self._relay.client_takes(more=False)

    def resume_writing(self) -> None:
        self._relay.client_takes(more=True)

    def eof_received(self) -> bool:
        """Whether the connection stays, for the answers."""
        return self._relay.client_has_said_all()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relay.client_is_lost()


class _GrpcEnd(asyncio.Protocol):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._relay.grpc_is_here(cast("asyncio.Transport", transport))

    def data_received(self, data: bytes) -> None:
        self._relay.grpc_says(data)

    def pause_writing(self) -> None:
        self._relay.grpc_takes(more=False)

    def resume_writing(self) -> None:
        self._relay.grpc_takes(more=True)

    def eof_received(self) -> None:
        """gRPC never closes one way only, so ours is closed too."""
        self._relay.grpc_has_said_all()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relay.grpc_is_lost()


def _say_no_more(transport: asyncio.Transport) -> None:
    """What was written before is sent first."""
    if transport.can_write_eof():
        transport.write_eof()
    else:
        transport.close()


def _read(transport: asyncio.Transport | None, *, more: bool) -> None:
    if transport is None:
        return
    if more:
        transport.resume_reading()
    else:
        transport.pause_reading()


def _reachable(host: str) -> str:
    """Where one that listens on `host` can be connected to: addresses that mean all of this machine's mean none of
    them then."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"
