"""Connections of the HTTP port: what never becomes a call is answered in the envelope too."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.http import HttpVersion11
from aiohttp.http_exceptions import InvalidURLError
from aiohttp.web_protocol import ERROR

from taskweir.api.grpc_transport import Http2
from taskweir.api.http.cors import PageRequest
from taskweir.api.http.first_bytes import FirstBytes
from taskweir.api.http.origin import Origins
from taskweir.api.http.reading_side import ReadingSide
from taskweir.api.http.request_parser import RequestParser
from taskweir.api.methods import InternalError
from taskweir.api.places import Guest, Places
from taskweir.api.rest.answer import error_response
from taskweir.domain.errors import InvalidArgument

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

_LOG: Final = logging.getLogger(__name__)

SILENCE: Final = 3630.0
"""Seconds after which a connection on which nothing is asked is closed: reverse proxies keep theirs for less."""
_ALL_SAID: Final = 1.0
"""Seconds in which a client that says no more still gets its answers. It may as well be one that has left, whose work
is to end: the two look alike."""
_HEAD_TIME: Final = 30.0
"""Seconds in which the line and the headers of a request must have come, however steadily they come."""
_HEAD_LIMIT: Final = 64 << 10
"""Bytes of the request line, and of one header; the default refuses long tokens."""
_OPTIONS: Final[Mapping[str, Any]] = {
    "access_log": None,
    "max_line_size": _HEAD_LIMIT,
    "max_field_size": _HEAD_LIMIT,
}
"""Of aiohttp's RequestHandler."""
_QUOTE: Final = re.compile(r"""\s*(?:(?:\bb)?['"]|[`\r\n])""")


class Connections:
    """All the connections of the port."""

    def __init__(
        self, answer: Answer, origins: Origins, http2: Http2 | None, silence: float, most: int
    ) -> None:
        """Connections on which nothing is asked for `silence` seconds end. There are at most so many, 0 for any
        number."""
        # As over gRPC: work that nobody waits for any more is not done.
        self._http = web.Server(answer, request_factory=partial(_request, origins), handler_cancellation=True)
        self._http2 = http2
        self._silence = silence
        self.places = Places(most)
        self._waiting: set[FirstBytes] = set()

    def accepted(self, before: Guest | None = None) -> asyncio.Protocol:
        """What a new connection is served by; `before` has its place already."""
        http2 = self._serve_http2 if self._http2 is not None else None
        return FirstBytes(self._waiting, self.places, self._serve, http2, self._silence, before)

    def _serve_http2(self, first: Guest, client: asyncio.Transport, seen: bytes) -> None:
        assert self._http2 is not None
        self._http2.begin(client, seen, self.places, first)

    def _serve(self, first: Guest, client: asyncio.Transport, seen: bytes) -> None:
        connection = _Connection(
            self.places,
            self._http,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=self._silence,
            **_OPTIONS,
        )
        self.places.pass_on(first, connection)
        client.set_protocol(connection)
        connection.connection_made(client)
        connection.data_received(seen)

    async def stop(self, patience: float) -> None:
        """End them all; for at most so many seconds, what is being answered may be answered. gRPC has stopped."""
        for connection in tuple(self._waiting):
            connection.abort()
        # What was accepted a moment ago begins to be served before that is refused.
        await asyncio.sleep(0)
        self._http.pre_shutdown()
        await asyncio.gather(
            # It waits so long twice: for answers, and for what is cancelled then.
            self._http.shutdown(patience / 2),
            *([self._http2.stop(patience)] if self._http2 is not None else []),
        )


def _request(
    origins: Origins,
    message: Any,  # noqa: ANN401 - aiohttp's own, of many types, here and below
    payload: Any,  # noqa: ANN401
    protocol: Any,  # noqa: ANN401
    writer: Any,  # noqa: ANN401
    task: "asyncio.Task[None]",
) -> web.BaseRequest:
    if message is ERROR:
        # It stands for one that could not be parsed. Its version is that of the answer.
        message = message._replace(version=HttpVersion11)
    return PageRequest(origins, message, payload, protocol, writer, task, asyncio.get_running_loop())


def _kind_of(fault: BaseException | None, message: str) -> str:
    """What is wrong, without a word of what was sent: that may be a token. aiohttp quotes it, or has it on lines of its
    own, and its InvalidURLError says nothing else."""
    kind = type(fault).__name__
    if isinstance(fault, InvalidURLError):
        return kind
    told = _QUOTE.split(message, maxsplit=1)[0].rstrip(": ")
    return f"{kind}: {told}" if told else kind


class _Connection(web.RequestHandler):
    __slots__ = ("_all_said", "_head_timer", "_places", "_reading_side", "_requests")

    def __init__(self, places: Places, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as the base has it
        super().__init__(*args, **options)
        self._places = places
        self._requests = RequestParser(self._parser)
        self._parser = cast("Any", self._requests)
        self._all_said: asyncio.TimerHandle | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._reading_side = ReadingSide(self.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._requests.is_within_head:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None
        elif self._head_timer is None:
            self._head_timer = asyncio.get_running_loop().call_later(_HEAD_TIME, self._end_before_head)

    def _end_before_head(self) -> None:
        """What was asked before is answered."""
        if self.is_idle:
            self._end()
        else:
            self.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        assert self.transport is not None
        self._reading_side.is_behind(self.transport)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reading_side.has_caught_up()

    def eof_received(self) -> bool:  # type: ignore[override] # aiohttp's always lets the connection end
        """The client says no more. What it has asked is answered, if that takes no longer than a moment; then, or if
        there is nothing to answer, the connection ends. That cancels work that is still going on. Over TLS it ends at
        once: nobody can listen there who has said all."""
        if self.transport is None or not self.transport.can_write_eof():
            return False
        if self.is_idle or self._requests.is_within_body:
            return False
        if not self._messages:
            # What is being answered is the last, and its answer may have gone already.
            self.close()
        if self._all_said is None:
            self._all_said = asyncio.get_running_loop().call_later(_ALL_SAID, self._end)
        return True

    @property
    def is_idle(self) -> bool:
        """Whether the next request is waited for, and has not come."""
        return self._waiter is not None and not self._messages

    def abort(self) -> None:
        """Whatever was to be sent."""
        if self.transport is not None:
            self.transport.abort()

    def _end(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._places.leave(self)
        self._reading_side.has_caught_up()
        for timer in (self._all_said, self._head_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Says in the answer that it is the last, where it is."""
        if request.content.exception() is not None or (self._all_said is not None and not self._messages):
            resp.force_close()
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._places.was_served(self)

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
            _LOG.debug("a malformed request from %s: %s", request.remote, _kind_of(exc, message or ""))
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
