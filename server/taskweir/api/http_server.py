"""The HTTP port: one aiohttp application, which everything that is served over HTTP extends."""

import errno
from collections.abc import Awaitable, Callable
from typing import Self

from aiohttp import web


class HttpServer:
    """`GET /healthz` answers 200, or 503 with the reason why the server cannot do its work."""

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        self.port = port

    @classmethod
    async def start(cls, host: str, port: int, trouble: Callable[[], str | None]) -> Self:
        """Listen; port 0 picks a free one. Raises OSError, with EADDRINUSE where the port is taken."""
        application = web.Application()
        application.router.add_get("/healthz", _healthz(trouble))
        runner = web.AppRunner(application, access_log=None)
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
