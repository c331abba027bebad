"""`GET /metrics`."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

_TEXT_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"


def metrics_route(scrape: Callable[[], Awaitable[bytes]]) -> web.RouteDef:
    """The route that answers with what `scrape` gives: text in Prometheus' format."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=await scrape(), headers={"Content-Type": _TEXT_FORMAT})

    return web.get("/metrics", metrics)
