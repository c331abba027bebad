"""Connections of the HTTP port: what never becomes a call is answered in the envelope too."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from taskweir.api.methods import InternalError
from taskweir.api.rest_answer import error_response
from taskweir.domain.errors import InvalidArgument

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_LOG: Final = logging.getLogger(__name__)


class Connections(web.Server):
    """Makes a connection of each that is accepted."""

    def __init__(self, answer: Answer, **options: Any) -> None:  # noqa: ANN401 - aiohttp's own, of many types
        """`options` are those of aiohttp's RequestHandler."""
        # As over gRPC: work that nobody waits for any more is not done.
        super().__init__(answer, handler_cancellation=True)
        self._options = options

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=asyncio.get_running_loop(), **self._options)


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The last resort, for requests that could not be parsed (400) and for bugs. It ends the connection."""
        if isinstance(exc, ConnectionError):
            raise exc
        if status >= 500:
            _LOG.error("%s %s failed", request.method, request.rel_url.raw_path, exc_info=exc)
        else:
            _LOG.debug("a malformed request from %s: %s", request.remote, " ".join(str(message).split()))
        if request.writer.output_size > 0:
            raise ConnectionAbortedError("the answer has begun; an error cannot be told any more")
        refusal = (
            InternalError()
            if status >= 500
            else InvalidArgument("The HTTP request is malformed, or too long.")
        )
        response = error_response(refusal)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:  # noqa: ANN401 - as the base has it
        """A body that cannot be decoded was refused when it was read; aiohttp meets it again as it looks for the end."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **kw)
