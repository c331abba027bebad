"""Listens for connections that are to be encrypted, and counts them before they are.

The event loop's own listener tells of a connection when its handshake has succeeded: those that never say a word would
take files that nobody counts.
"""

import asyncio
import errno
import logging
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from taskweir.api.places import Guest, Places

_LOG: Final = logging.getLogger(__name__)

_AT_A_TIME: Final = 64
"""Connections accepted before those that gave way to them are closed, and others are served."""
_PAUSE: Final = 1.0
"""Seconds in which nothing is accepted where there is no file left for it."""
_NO_ROOM: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_GOODBYE: Final = 10.0
"""Seconds in which a client must take what was said last, and agree that the connection ends."""


class Handshake:
    """A connection until it is encrypted. It has a place, and gives it to what serves the connection then."""

    is_idle: Final = True

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer

    async def shake(
        self, begin: Callable[[Guest], asyncio.Protocol], tls: ssl.SSLContext, patience: float
    ) -> None:
        """Raises OSError where it fails. `begin` makes what is told of the connection when it is encrypted."""
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: begin(self),
            self._peer,
            ssl=tls,
            ssl_handshake_timeout=patience,
            ssl_shutdown_timeout=_GOODBYE,
        )

    def abort(self) -> None:
        """The handshake fails by it, which closes the connection. A task that is cancelled before it runs would not."""
        with suppress(OSError):
            self._peer.shutdown(socket.SHUT_RDWR)


class TlsListener:
    """Accepts, until it is closed."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        tls: ssl.SSLContext,
        places: Places,
        begin: Callable[[Guest], asyncio.Protocol],
        patience: float,
    ) -> None:
        """`sockets` are bound, and its own from now on; handshakes may take `patience` seconds. Raises OSError."""
        self.sockets = sockets
        self._tls = tls
        self._places = places
        self._begin = begin
        self._patience = patience
        self._handshakes: dict[Handshake, asyncio.Task[None]] = {}
        self._resuming: dict[socket.socket, asyncio.TimerHandle] = {}
        for listening in sockets:
            listening.setblocking(False)
            listening.listen(socket.SOMAXCONN)
        for listening in sockets:
            self._resume(listening)

    def _resume(self, listening: socket.socket) -> None:
        self._resuming.pop(listening, None)
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_AT_A_TIME):
            try:
                peer, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _NO_ROOM:
                    raise
                self._pause(listening, error)
                return
            self._greet(peer)

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        _LOG.warning("connections wait: none can be accepted: %s", error.strerror)
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)
        self._resuming[listening] = loop.call_later(_PAUSE, self._resume, listening)

    def _greet(self, peer: socket.socket) -> None:
        peer.setblocking(False)
        handshake = Handshake(peer)
        if not self._places.take(handshake):
            # Nothing can be said to it before the handshake, which needs a place.
            peer.close()
            return
        self._handshakes[handshake] = asyncio.create_task(self._shake(handshake))

    async def _shake(self, handshake: Handshake) -> None:
        try:
            await handshake.shake(self._begin, self._tls, self._patience)
        except OSError as error:
            _LOG.debug("a handshake failed: %s", type(error).__name__)
        finally:
            self._places.leave(handshake)
            del self._handshakes[handshake]

    def close(self) -> None:
        """Accept nothing more. It may be called again."""
        for timer in self._resuming.values():
            timer.cancel()
        listening_still, self.sockets = self.sockets, ()
        for listening in listening_still:
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()

    async def end_handshakes(self) -> None:
        """Those that go on."""
        tasks = tuple(self._handshakes.values())
        for handshake in self._handshakes:
            handshake.abort()
        if tasks:
            await asyncio.wait(tasks)


async def bind(host: str, port: int) -> Sequence[socket.socket]:
    """Sockets on all the addresses of `host`, as the event loop's own listener would have them. Raises OSError."""
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port, start_serving=False)
    try:
        return [socket.socket(fileno=os.dup(bound.fileno())) for bound in server.sockets]
    finally:
        server.close()
