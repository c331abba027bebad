"""What a connection of the HTTP port speaks, by how it begins."""

import asyncio
from collections.abc import Callable
from typing import Final, cast

HTTP2_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""RFC 9113, 3.4. No HTTP/1.1 request begins so."""


class FirstBytes(asyncio.Protocol):
    """A connection until it is clear who serves it, which costs no task."""

    def __init__(
        self,
        waiting: "set[FirstBytes]",
        http: Callable[[], asyncio.Protocol],
        http2: Callable[[asyncio.Transport, bytes], None],
        patience: float,
    ) -> None:
        """It is one of `waiting` while it is not clear, and ends after `patience` seconds. `http` makes what serves
        HTTP/1.1; `http2` takes what speaks HTTP/2 over, with the bytes that were read."""
        self._waiting = waiting
        self._http = http
        self._http2 = http2
        self._patience = patience
        self._seen = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._timer = asyncio.get_running_loop().call_later(self._patience, self._transport.abort)
        self._waiting.add(self)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        begins = self._seen[: len(HTTP2_PREFACE)]
        if begins == HTTP2_PREFACE:
            self._http2(self._leave(), self._seen)
        elif not HTTP2_PREFACE.startswith(begins):
            transport = self._leave()
            http = self._http()
            transport.set_protocol(http)
            http.connection_made(transport)
            http.data_received(self._seen)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def abort(self) -> None:
        self._leave().abort()

    def _leave(self) -> asyncio.Transport:
        assert self._transport is not None
        assert self._timer is not None
        self._timer.cancel()
        self._waiting.discard(self)
        return self._transport
