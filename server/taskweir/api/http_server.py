"""The HTTP port: one aiohttp application, which everything that is served over HTTP extends."""

import errno
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Self

from aiohttp import web

from taskweir.api.origin import refuse_other_origins

_BODY_LIMIT: Final = 128 << 20
"""Bytes, as over gRPC: a batch of a hundred large tasks is 100 MB, and more in base64."""
_HEAD_LIMIT: Final = 64 << 10
"""Bytes of the request line, and of one header; the default refuses long tokens."""
_LAST_WORDS: Final = 1.0
"""Seconds for what is still being answered when the port closes; calls were waited for before."""


class HttpServer:
    """`GET /healthz` answers 200, or 503 with the reason why the server cannot do its work."""

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        self.port = port

    @classmethod
    async def start(
        cls, host: str, port: int, trouble: Callable[[], str | None], routes: Iterable[web.RouteDef] = ()
    ) -> Self:
        """Listen; port 0 picks a free one. Raises OSError, with EADDRINUSE where the port is taken."""
        application = web.Application(client_max_size=_BODY_LIMIT, middlewares=[refuse_other_origins])
        application.router.add_get("/healthz", _healthz(trouble))
        application.router.add_routes(routes)
        runner = web.AppRunner(
            application,
            access_log=None,
            # As over gRPC: work that nobody waits for any more is not done.
            handler_cancellation=True,
            shutdown_timeout=_LAST_WORDS,
            max_line_size=_HEAD_LIMIT,
            max_field_size=_HEAD_LIMIT,
        )
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


def _healthz(trouble: Callable[[], str | None]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def healthz(_: web.Request) -> web.Response:
        reason = trouble()
        return web.Response(text="ok\n") if reason is None else web.Response(status=503, text=f"{reason}\n")

    return healthz
