"""What a connection of the HTTP port speaks, by how it begins."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias, cast

from taskweir.api.http2_preface import HTTP2_PREFACE
from taskweir.api.places import Guest, Places
from taskweir.api.rest.answer import error_response
from taskweir.domain.errors import Unavailable

_TakeOver: TypeAlias = Callable[[Guest, asyncio.Transport, bytes], None]


class FirstBytes(asyncio.Protocol):
    """A connection until it is clear who serves it, which costs no task."""

    def __init__(
        self,
        waiting: "set[FirstBytes]",
        places: Places,
        http: _TakeOver,
        http2: _TakeOver | None,
        patience: float,
        before: Guest | None = None,
    ) -> None:
        """It is one of `waiting` while it is not clear, and ends after `patience` seconds. `http` takes what speaks
        HTTP/1.1 over, with its place and the bytes that were read; `http2` what speaks HTTP/2. `before` is who has had
        its place so far."""
        self._waiting = waiting
        self._places = places
        self._http = http
        self._http2 = http2
        self._patience = patience
        self._before = before
        self._seen = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    is_idle: Final = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._before is not None:
            self._places.pass_on(self._before, self)
            self._before = None
        elif not self._places.take(self):
            self._transport.write(_refusal())
            self._transport.close()
            return
        self._timer = asyncio.get_running_loop().call_later(self._patience, self._transport.abort)
        self._waiting.add(self)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        begins = self._seen[: len(HTTP2_PREFACE)]
        if self._http2 is not None and begins == HTTP2_PREFACE:
            self._http2(self, self._leave(), self._seen)
        elif self._http2 is None or not HTTP2_PREFACE.startswith(begins):
            self._http(self, self._leave(), self._seen)

    def connection_lost(self, exc: Exception | None) -> None:
        self._places.leave(self)
        self._leave()

    def abort(self) -> None:
        self._leave().abort()

    def _leave(self) -> asyncio.Transport:
        assert self._transport is not None
        if self._timer is not None:
            self._timer.cancel()
        self._waiting.discard(self)
        return self._transport


def _refusal() -> bytes:
    """Nothing was asked yet, so that it is of the version that anybody understands."""
    response = error_response(Unavailable("The server has as many connections as it may. Try again later."))
    body = response.body
    assert isinstance(body, bytes)
    head = (
        f"HTTP/1.1 {response.status} {response.reason}\r\nContent-Type: {response.headers['Content-Type']}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
