"""Methods as they are called over HTTP: an endpoint for each of their bindings."""

import asyncio
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import aclosing
from functools import partial
from typing import Final

from aiohttp import web
from google.protobuf.message import Message

from taskweir.api.call import Call
from taskweir.api.methods import Calls, Method, Read, StreamingMethod, Write
from taskweir.api.request_body import read_body
from taskweir.api.rest_answer import json_of, json_response
from taskweir.api.rest_request import RequestReader
from taskweir.api.sse import begin, event_response, send_events
from taskweir.api.streams import Streams, WrittenOnce
from taskweir.domain.errors import DeadlineExceeded, Refusal

_TIMEOUT_HEADER: Final = "X-Server-Timeout"
_ENUMS_AS_NUMBERS: Final = "enum-encoding=int"
"""What official clients write into the parameter $alt."""


class Endpoint(ABC):
    """One method, called by one of its bindings."""

    def __init__(self, rpc: str, reader: RequestReader, calls: Calls, body_limit: int) -> None:
        self._rpc = rpc
        self._reader = reader
        self._calls = calls
        self._body_limit = body_limit

    def call(self, request: web.BaseRequest) -> Call:
        """Its deadline counts from here on: the body must come in time too."""
        metadata = [(name.lower(), value) for name, value in request.headers.items()]
        return Call(self._rpc, metadata, _deadline(request.headers.get(_TIMEOUT_HEADER)))

    async def reading(
        self, request: web.BaseRequest, path_values: Mapping[str, str], call: Call, body_idle: float
    ) -> Read:
        """What makes the request's message, or refuses it, later: where every call is counted."""
        body = b""
        if self._reader.has_body:
            try:
                body = await read_body(request, self._body_limit, call.deadline, body_idle)
            except Refusal as refusal:
                return partial(_refuse, refusal)
        return partial(self._reader.read, body, request.rel_url.raw_query_string, path_values)

    @abstractmethod
    async def answer(self, request: web.BaseRequest, read: Read, call: Call) -> web.StreamResponse:
        """Serve the call. Raises Refusals."""


class UnaryEndpoint(Endpoint):
    def __init__(self, method: Method, reader: RequestReader, calls: Calls, body_limit: int) -> None:
        super().__init__(method.rpc, reader, calls, body_limit)
        self._method = method

    async def answer(self, request: web.BaseRequest, read: Read, call: Call) -> web.StreamResponse:
        response = None
        try:
            async with asyncio.timeout_at(call.deadline):
                reply = await self._calls.serve(self._method, read, _write(_wants_numbers(request)), call)
                response = json_response(reply)
                await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            if response is None:
                raise DeadlineExceeded from None
            cut_off(request)
        return response


class StreamEndpoint(Endpoint):
    def __init__(
        self,
        method: StreamingMethod,
        reader: RequestReader,
        calls: Calls,
        body_limit: int,
        streams: Streams,
        heartbeat: float,
    ) -> None:
        super().__init__(method.rpc, reader, calls, body_limit)
        self._method = method
        self._streams = streams
        self._heartbeat = heartbeat
        self._writes = {numbers: WrittenOnce(_write(numbers)) for numbers in (False, True)}

    async def answer(self, request: web.BaseRequest, read: Read, call: Call) -> web.StreamResponse:
        response = event_response()
        call.begin = lambda: begin(request, response)
        call.is_stopped = self._streams.have_ended
        with self._streams:
            write = self._writes[_wants_numbers(request)]
            async with aclosing(self._calls.stream(self._method, read, write, call)) as replies:
                try:
                    await send_events(request, response, replies, call.deadline, self._heartbeat)
                except TimeoutError:
                    # Nobody reads any more, so nobody could be told.
                    cut_off(request)
        return response


def cut_off(request: web.BaseRequest) -> None:
    """End the connection, whatever else was to be sent."""
    if request.transport is not None:
        request.transport.abort()


def _deadline(seconds: str | None) -> float | None:
    """Passed over when it is no number of seconds."""
    try:
        timeout = float(seconds) if seconds is not None else math.inf
    except ValueError:
        return None
    return time.monotonic() + timeout if math.isfinite(timeout) else None


def _refuse(refusal: Refusal) -> Message:
    raise refusal


def _write(enums_as_numbers: bool) -> Write:  # noqa: FBT001 - its whole sense
    return partial(json_of, enums_as_numbers=enums_as_numbers)


def _wants_numbers(request: web.BaseRequest) -> bool:
    if "alt" not in request.rel_url.raw_query_string:
        return False
    return _ENUMS_AS_NUMBERS in request.query.get("$alt", request.query.get("alt", ""))
