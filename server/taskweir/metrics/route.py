"""`GET /metrics`."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

_TEXT_FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"


def metrics_page(
    scrape: Callable[[], Awaitable[bytes]],
) -> Callable[[web.BaseRequest], Awaitable[web.Response]]:
    """The page that has what `scrape` gives: text in Prometheus' format."""

    async def metrics(_: web.BaseRequest) -> web.Response:
        return web.Response(body=await scrape(), headers={"Content-Type": _TEXT_FORMAT})

    return metrics
