"""Methods as they are called over HTTP: an endpoint for each of their bindings."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from aiohttp import web
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from taskweir.api.call import Call
from taskweir.api.methods import AnyMethod, Calls, Method, Read, StreamingMethod, WriteOnly
from taskweir.api.rest.answer import ReplyWriter
from taskweir.api.rest.body import read_body
from taskweir.api.rest.body_budget import BodyShare
from taskweir.api.rest.credentials import authorization_of
from taskweir.api.rest.exchange import Exchange
from taskweir.api.rest.late_error import LateError
from taskweir.api.rest.query import Query, Wanted
from taskweir.api.rest.request import RequestReader
from taskweir.api.rest.side_threads import LARGE_BODY, LARGE_REPLY, SideThreads, is_long_work
from taskweir.api.rest.sse import begin, event_response, send_events
from taskweir.api.rest.style import RestStyle
from taskweir.api.streams import Streams, WrittenOnce
from taskweir.domain.errors import DeadlineExceeded, InvalidArgument, Refusal


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the endpoints of one service share. `body_limit` is in bytes, `body_idle` in seconds."""

    calls: Calls
    style: RestStyle
    body_limit: int
    body_idle: float
    threads: SideThreads


class Endpoint(ABC):
    """One method, called by one of its bindings."""

    def __init__(
        self, method: AnyMethod, reply: Descriptor, reader: RequestReader, around: Surroundings
    ) -> None:
        self._called = method
        self._reply = reply
        self._reader = reader
        self._around = around

    def call(self, exchange: Exchange) -> Call:
        """Raises Unauthenticated."""
        exchange.style = self._around.style
        if not self._around.calls.are_for_everybody:
            self._around.calls.authenticate(self._called, authorization_of(exchange.request))
        return exchange.call(self._called.rpc)

    async def reading(
        self, exchange: Exchange, path_values: Mapping[str, str], call: Call, share: BodyShare
    ) -> Read:
        """What makes the request's message, or refuses it, later: where every call is counted."""
        try:
            # A body that a binding has a field for is never the query.
            form = exchange.has_query_in_body and not self._reader.has_body
            body = await self._body(exchange, call, share, form=form)
            exchange.read_query(body if form else b"")
            exchange.wanted = self._wanted(exchange.query)
        except Refusal as refusal:
            return LateError(refusal)
        if exchange.query.token:
            call.metadata = [*call.metadata, ("authorization", f"Bearer {exchange.query.token}")]
        read = partial(
            self._reader.read,
            b"" if form else body,
            exchange.content_type,
            exchange.query.fields,
            path_values,
        )
        return await self._around.threads.carried_out(read) if is_long_work(body) else read

    def _wanted(self, query: Query) -> Wanted:
        """Raises InvalidArgument, also for an answer that the method cannot give."""
        wanted = Wanted.by(query, self._reply)
        if self._around.style.only_json and wanted.form != "json":
            raise InvalidArgument("Invalid value for the parameter alt. It may be json.")
        return wanted

    async def _body(self, exchange: Exchange, call: Call, share: BodyShare, *, form: bool) -> bytes:
        if not self._reader.has_body and not form:
            return b""
        around = self._around
        # A query is read on the event loop.
        limit = min(around.body_limit, LARGE_BODY) if form else around.body_limit
        return await read_body(exchange.request, limit, call.deadline, around.body_idle, share)

    @abstractmethod
    async def answer(self, exchange: Exchange, read: Read, call: Call) -> web.StreamResponse:
        """Serve the call. Raises Refusals."""


class UnaryEndpoint(Endpoint):
    def __init__(
        self, method: Method, reply: Descriptor, reader: RequestReader, around: Surroundings
    ) -> None:
        super().__init__(method, reply, reader, around)
        self._method = method

    async def answer(self, exchange: Exchange, read: Read, call: Call) -> web.StreamResponse:
        response = None
        write = ReplyWriter(exchange.wanted, exchange.style)
        try:
            async with asyncio.timeout_at(call.deadline):
                reply = await self._around.calls.serve(self._method, read, self._written_by(write), call)
                response = write.response(reply)
                await response.prepare(exchange.request)
                await response.write_eof()
        except TimeoutError:
            if response is None:
                raise DeadlineExceeded from None
            cut_off(exchange.request)
        return response

    def _written_by(self, write: ReplyWriter) -> WriteOnly:
        def written(reply: Message) -> bytes | Awaitable[bytes]:
            if reply.ByteSize() < LARGE_REPLY:
                return write(reply)
            return self._around.threads.run(partial(write.in_pieces, reply))

        return written


class StreamEndpoint(Endpoint):
    """Its events are JSON, each on one line."""

    def __init__(
        self,
        method: StreamingMethod,
        reply: Descriptor,
        reader: RequestReader,
        around: Surroundings,
        streams: Streams,
        heartbeat: float,
    ) -> None:
        super().__init__(method, reply, reader, around)
        self._method = method
        self._streams = streams
        self._heartbeat = heartbeat
        self._writes = {
            numbers: WrittenOnce(ReplyWriter(Wanted(enums_as_numbers=numbers, indents=False), around.style))
            for numbers in (False, True)
        }

    async def answer(self, exchange: Exchange, read: Read, call: Call) -> web.StreamResponse:
        response = event_response()
        call.begin = lambda: begin(exchange.request, response)
        call.is_stopped = self._streams.have_ended
        with self._streams:
            write = self._write(exchange)
            async with aclosing(self._around.calls.stream(self._method, read, write, call)) as replies:
                try:
                    await send_events(exchange.request, response, replies, call.deadline, self._heartbeat)
                except TimeoutError:
                    # Nobody reads any more, so nobody could be told.
                    cut_off(exchange.request)
        return response

    def _wanted(self, query: Query) -> Wanted:
        wanted = super()._wanted(query)
        if wanted.form == "proto":
            raise InvalidArgument("A stream of events is JSON: alt=proto is not served here.")
        return wanted

    def _write(self, exchange: Exchange) -> WrittenOnce | ReplyWriter:
        """Those who ask for parts are few: nothing is shared among them."""
        wanted = exchange.wanted
        if wanted.fields is None:
            return self._writes[wanted.enums_as_numbers]
        return ReplyWriter(replace(wanted, form="json", indents=False), exchange.style)


def cut_off(request: web.BaseRequest) -> None:
    """End the connection, whatever else was to be sent."""
    if request.transport is not None:
        request.transport.abort()
