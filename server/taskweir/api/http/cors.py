"""Cross-origin resource sharing (the Fetch standard): a browser shows a page of another origin only the answers that
say it may see them."""

import re
from typing import Any, Final

from aiohttp import web

from taskweir.api.http.origin import Origins

_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
_MAX_AGE: Final = str(2 * 60 * 60)
"""Seconds in which the browser need not ask again; more than that Chromium cuts."""
_NAMES: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*", re.ASCII)


class PageRequest(web.BaseRequest):
    """A request whose answers, of whatever kind and by whatever part, tell the browser who may see them: aiohttp awaits
    the `_prepare_hook` of a request just before the headers of its answer go out."""

    def __init__(self, origins: Origins, *args: Any) -> None:  # noqa: ANN401 - aiohttp's own
        super().__init__(*args)
        self._origins = origins

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        origin = self._origins.let_in(self)
        if origin is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Vary"] = "Origin"


def is_preflight(request: web.BaseRequest, origins: Origins) -> bool:
    """Whether a browser asks what a page that is let in may send."""
    return (
        request.method == "OPTIONS"
        and "Access-Control-Request-Method" in request.headers
        and origins.let_in(request) is not None
    )


def preflight_response(request: web.BaseRequest) -> web.Response:
    """All that there is, and all that it asks for."""
    response = web.Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = _METHODS
    response.headers["Access-Control-Max-Age"] = _MAX_AGE
    wanted = request.headers.get("Access-Control-Request-Headers", "")
    if _NAMES.fullmatch(wanted):
        response.headers["Access-Control-Allow-Headers"] = wanted
    if request.headers.get("Access-Control-Request-Private-Network") == "true":
        # Of a public page that calls a private address, such as this machine's own.
        response.headers["Access-Control-Allow-Private-Network"] = "true"
    return response
