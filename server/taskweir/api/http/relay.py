"""Connections that speak HTTP/2 are gRPC's: whatever comes by them goes to its port, and what it answers comes back."""

import asyncio
import logging
import socket
from ipaddress import ip_address
from typing import Final, cast

_LOG: Final = logging.getLogger(__name__)

_CONNECT: Final = 10.0
"""Seconds; gRPC listens on this machine."""
_LINGER: Final = 10.0
"""Seconds in which a client must take gRPC's last words and close. To close first could destroy what it has not read."""


class Relays:
    """All the relayed connections of a port."""

    def __init__(self, host: str, port: int) -> None:
        """`host` is the one that gRPC was told to listen on."""
        self._address = (_reachable(host), port)
        self._running: set[Relay] = set()
        self._stopping = False

    def begin(self, client: asyncio.Transport, first: bytes) -> None:
        """Take over a connection, of which `first` has been read."""
        if self._stopping:
            client.abort()
            return
        relay = Relay(client, first, self._address)
        self._running.add(relay)
        relay.ended.add_done_callback(lambda _: self._running.discard(relay))

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


class Relay:
    """A client's connection, and ours to gRPC. Neither is read faster than the other takes it."""

    def __init__(self, client: asyncio.Transport, first: bytes, address: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        """Done when both connections are gone."""
        self._client = client
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
        self._connecting = asyncio.create_task(self._connect(first, address))

    async def _connect(self, first: bytes, address: tuple[str, int]) -> None:
        try:
            async with asyncio.timeout(_CONNECT):
                grpc, _ = await asyncio.get_running_loop().create_connection(lambda: _GrpcEnd(self), *address)
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

    def abort(self) -> None:
        self._client.abort()

    # what the client does

    def client_says(self, data: bytes) -> None:
        if self._grpc is not None and not self._grpc.is_closing():
            self._grpc.write(data)

    def client_has_said_all(self) -> None:
        self._client_said_all = True
        if self._grpc_said_all:
            self._client.close()
        elif self._grpc is not None and not self._grpc.is_closing():
            self._grpc.write_eof()

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
        if not self._client.is_closing():
            self._client.write(data)

    def grpc_takes(self, *, more: bool) -> None:
        _read(self._client, more=more)

    def grpc_has_said_all(self) -> None:
        self._grpc_said_all = True
        if self._client.is_closing():
            return
        self._linger = asyncio.get_running_loop().call_later(_LINGER, self._client.abort)
        if self._client_said_all or not self._lingers:
            self._client.close()
        else:
            self._client.write_eof()
            self._client.resume_reading()

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
        self._relay.client_has_said_all()
        return True

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
