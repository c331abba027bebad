"""What the caller of an HTTP request shows for itself."""

import contextlib
from collections.abc import Awaitable, Callable

from aiohttp import web

from taskweir.api.methods import Authenticate
from taskweir.api.rest.answer import error_response
from taskweir.api.rest.query import Query
from taskweir.domain.errors import InvalidArgument, Unauthenticated

_Page = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def authorization_of(request: web.BaseRequest) -> str | None:
    """The header, or else the token in the URL, as the header would have it. A query that comes as the body is not
    looked at: nothing is read of a body before it is known whose it is."""
    header = request.headers.get("Authorization")
    if header is not None:
        return header
    with contextlib.suppress(InvalidArgument):
        token = Query.parse(request.rel_url.raw_query_string).token
        return f"Bearer {token}" if token else None
    return None


def guarded(page: _Page, authenticate: Authenticate | None) -> _Page:
    """A page for those alone who may call; for everybody where that is everybody."""
    if authenticate is None:
        return page

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        try:
            authenticate("", authorization_of(request))
        except Unauthenticated as refusal:
            return error_response(refusal)
        return await page(request)

    return answer
