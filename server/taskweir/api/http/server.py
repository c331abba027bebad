"""The HTTP port: pages for what watches the server, the REST surface, and gRPC for who speaks HTTP/2 to it."""

import asyncio
import errno
import socket
from collections.abc import Callable, Mapping
from typing import Final, Self

from aiohttp import web

from taskweir.api.certificate import Certificate
from taskweir.api.grpc_transport import Http2
from taskweir.api.http.connection import SILENCE, Answer, Connections
from taskweir.api.http.cors import is_preflight, preflight_response
from taskweir.api.http.origin import Origins
from taskweir.api.rest.answer import error_response
from taskweir.api.tls_listener import TlsListener, bind
from taskweir.domain.errors import PermissionDenied
from taskweir.domain.host_names import is_loopback

_LAST_WORDS: Final = 1.0
"""Seconds for what is still being answered when the port closes; calls were waited for before."""
_HANDSHAKE: Final = 10.0
"""Seconds in which a connection must have agreed on how it is encrypted."""
_NO_ORIGINS: Final = Origins()


class HttpServer:
    """`GET /healthz` answers 200, or 503 with the reason why the server cannot do its work."""

    def __init__(self, listener: asyncio.Server | TlsListener, connections: Connections) -> None:
        self._listener = listener
        self._connections = connections
        self.port: int = listener.sockets[0].getsockname()[1]

    @classmethod
    async def start(
        cls,
        host: str,
        port: int,
        trouble: Callable[[], str | None],
        pages: Mapping[str, Answer],
        rest: Answer,
        *,
        origins: Origins = _NO_ORIGINS,
        http2: Http2 | None = None,
        certificate: Certificate | None = None,
        silence: float = SILENCE,
        most_connections: int = 0,
    ) -> Self:
        """Listen; port 0 picks a free one. `pages` can be read by everybody under their paths, like the health; what
        else is asked for is for `rest` to answer, but web pages are kept from it, other than those of `origins`.
        Connections that speak HTTP/2 are for `http2`; those that say nothing end after `silence` seconds.
        `most_connections` is 0 for any number.

        Raises OSError, with EADDRINUSE where the port is taken.
        """
        answer = _answer(
            {"/healthz": _healthz(trouble), **pages}, rest, origins, on_loopback=is_loopback(host)
        )
        connections = Connections(answer, origins, http2, silence, most_connections)
        try:
            listener = await _listen(host, port, connections, certificate)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise OSError(errno.EADDRINUSE, f"address in use: {host} port {port}") from error
            raise
        return cls(listener, connections)

    async def stop(self) -> None:
        self._listener.close()
        if isinstance(self._listener, TlsListener):
            await self._listener.end_handshakes()
        await self._connections.stop(_LAST_WORDS)


async def _listen(
    host: str, port: int, connections: Connections, certificate: Certificate | None
) -> asyncio.Server | TlsListener:
    """Raises OSError."""
    if certificate is None:
        return await asyncio.get_running_loop().create_server(
            connections.accepted, host, port, backlog=socket.SOMAXCONN
        )
    sockets = await bind(host, port)
    return TlsListener(sockets, certificate.for_http(), connections.places, connections.accepted, _HANDSHAKE)


def _answer(pages: Mapping[str, Answer], rest: Answer, origins: Origins, *, on_loopback: bool) -> Answer:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        # Probes and scrapers come by any name, and there is nothing in the pages that a browser must not get.
        page = pages.get(request.rel_url.raw_path) if request.method in ("GET", "HEAD") else None
        if page is not None:
            return await page(request)
        try:
            origins.check(request, on_loopback=on_loopback)
        except PermissionDenied as refusal:
            return error_response(refusal)
        if is_preflight(request, origins):
            return preflight_response(request)
        return await rest(request)

    async def answer_and_unpack_no_more(request: web.BaseRequest) -> web.StreamResponse:
        response = await answer(request)
        # aiohttp looks for the end of what was left unread, without a pause, and a compressed body may be endless.
        if "Content-Encoding" in request.headers and not request.content.is_eof():
            request.content.set_exception(web.RequestPayloadError("nobody reads the rest"))
        return response

    return answer_and_unpack_no_more


def _healthz(trouble: Callable[[], str | None]) -> Answer:
    async def healthz(_: web.BaseRequest) -> web.Response:
        reason = trouble()
        return web.Response(text="ok\n") if reason is None else web.Response(status=503, text=f"{reason}\n")

    return healthz
