"""The HTTP port: pages for what watches the server, and the REST surface."""

import errno
from collections.abc import Callable, Mapping
from typing import Final, Self

from aiohttp import web

from taskweir.api.http_connection import Answer, Connections
from taskweir.api.origin import check_origin
from taskweir.api.rest_answer import error_response
from taskweir.domain.errors import PermissionDenied
from taskweir.domain.host_names import is_loopback

_HEAD_LIMIT: Final = 64 << 10
"""Bytes of the request line, and of one header; the default refuses long tokens."""
_LAST_WORDS: Final = 1.0
"""Seconds for what is still being answered when the port closes; calls were waited for before."""


class HttpServer:
    """`GET /healthz` answers 200, or 503 with the reason why the server cannot do its work."""

    def __init__(self, runner: web.ServerRunner, port: int) -> None:
        self._runner = runner
        self.port = port

    @classmethod
    async def start(
        cls,
        host: str,
        port: int,
        trouble: Callable[[], str | None],
        pages: Mapping[str, Answer],
        rest: Answer,
    ) -> Self:
        """Listen; port 0 picks a free one. `pages` can be read by everybody under their paths, like the health; what
        else is asked for is for `rest` to answer, but web pages are kept from it.

        Raises OSError, with EADDRINUSE where the port is taken.
        """
        answer = _answer({"/healthz": _healthz(trouble), **pages}, rest, on_loopback=is_loopback(host))
        connections = Connections(
            answer, access_log=None, max_line_size=_HEAD_LIMIT, max_field_size=_HEAD_LIMIT
        )
        runner = web.ServerRunner(connections, shutdown_timeout=_LAST_WORDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            await runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise OSError(errno.EADDRINUSE, f"address in use: {host} port {port}") from error
            raise
        return cls(runner, runner.addresses[0][1])

    async def stop(self) -> None:
        await self._runner.cleanup()


def _answer(pages: Mapping[str, Answer], rest: Answer, *, on_loopback: bool) -> Answer:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        # Probes and scrapers come by any name, and there is nothing in the pages that a browser must not get.
        page = pages.get(request.rel_url.raw_path) if request.method in ("GET", "HEAD") else None
        if page is not None:
            return await page(request)
        try:
            check_origin(request, on_loopback=on_loopback)
        except PermissionDenied as refusal:
            return error_response(refusal)
        return await rest(request)

    return answer


def _healthz(trouble: Callable[[], str | None]) -> Answer:
    async def healthz(_: web.BaseRequest) -> web.Response:
        reason = trouble()
        return web.Response(text="ok\n") if reason is None else web.Response(status=503, text=f"{reason}\n")

    return healthz
