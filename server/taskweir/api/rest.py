"""The REST surface of services: their google.api.http rules as one route, in front of the methods that gRPC serves."""

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from aiohttp import web
from google.protobuf.message import Message

from taskweir.api.call import Call
from taskweir.api.faulty_calls import CallCutOff
from taskweir.api.http_rule import Binding
from taskweir.api.json_faults import TrueName
from taskweir.api.methods import AnyMethod, Calls, Method, Read, Service, StreamingMethod
from taskweir.api.rest_answer import error_response, json_response
from taskweir.api.rest_request import RequestReader
from taskweir.api.router import Router
from taskweir.api.sse import HEARTBEAT, event_response, send_events
from taskweir.api.streams import Streams
from taskweir.domain.errors import DeadlineExceeded, InvalidArgument, NotFound, Refusal, Unavailable, quoted

_ANYTHING: Final = "/{path:(?s:.*)}"
_TIMEOUT_HEADER: Final = "X-Server-Timeout"
_ENUMS_AS_NUMBERS: Final = "enum-encoding=int"
"""What official clients write into the parameter $alt."""


class _Endpoint(Protocol):
    """One method, called by one of its bindings."""

    async def __call__(self, request: web.Request, path_values: Mapping[str, str]) -> web.StreamResponse: ...


class Rest:
    """Whatever no other route of the port takes comes here, and is answered in JSON."""

    def __init__(self, services: Iterable[tuple[Service, Calls]], *, heartbeat: float = HEARTBEAT) -> None:
        """Each service with where its calls pass. `heartbeat` is the number of seconds after which a silent stream
        shows that it is there."""
        self._router: Router[_Endpoint] = Router()
        self._streams = Streams()
        self._heartbeat = heartbeat
        self._running = 0
        self._stopping = False
        self._idle = asyncio.Event()
        for service, calls in services:
            for method in service.methods():
                for binding in method.bindings:
                    self._router.add(binding, self._endpoint(method, binding, calls, _true_name(service)))

    def _endpoint(
        self, method: Method | StreamingMethod, binding: Binding, calls: Calls, true_name: TrueName
    ) -> _Endpoint:
        reader = RequestReader(method.request, binding, true_name)
        if isinstance(method, StreamingMethod):
            return _Stream(method, reader, calls, self._streams, self._heartbeat)
        return _Unary(method, reader, calls)

    def route(self) -> web.RouteDef:
        return web.route("*", _ANYTHING, self._answer)

    async def stop(self, grace: float) -> None:
        """Refuse new calls, end streams, and let calls that run finish for at most `grace` seconds."""
        self._stopping = True
        self._streams.end()
        if self._running:
            self._idle.clear()
            try:
                async with asyncio.timeout(grace):
                    await self._idle.wait()
            except TimeoutError:
                """The port ends them when it is closed."""

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self._running += 1
        try:
            return await self._serve(request)
        except CallCutOff:
            return _cut_off(request)
        except Refusal as refusal:
            return error_response(refusal)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self._stopping:
            raise Unavailable("The server is stopping.")
        path = request.rel_url.raw_path
        found = self._router.find(request.method, path)
        if found is None:
            raise NotFound(f"Nothing is served at {request.method} {quoted(path)}.")
        endpoint, path_values = found
        return await endpoint(request, path_values)


def _true_name(service: Service) -> TrueName:
    """The stubs' package is not the one that clients know."""
    stubs, true = service.descriptor.file.package, service.name.rpartition(".")[0]

    def true_name(full_name: str) -> str:
        return true + full_name.removeprefix(stubs) if full_name.startswith(f"{stubs}.") else full_name

    return true_name


def _cut_off(request: web.Request) -> web.StreamResponse:
    """The connection ends without an answer; the one that aiohttp wants goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@dataclass(frozen=True, slots=True)
class _Unary:
    method: Method
    reader: RequestReader
    calls: Calls

    async def __call__(self, request: web.Request, path_values: Mapping[str, str]) -> web.StreamResponse:
        call = _call(self.method, request)
        read = await _reading(self.reader, request, path_values)
        try:
            async with asyncio.timeout_at(call.deadline):
                reply = await self.calls.serve(self.method, read, call)
        except TimeoutError:
            raise DeadlineExceeded from None
        return json_response(reply, enums_as_numbers=_wants_numbers(request))


@dataclass(frozen=True, slots=True)
class _Stream:
    method: StreamingMethod
    reader: RequestReader
    calls: Calls
    streams: Streams
    heartbeat: float

    async def __call__(self, request: web.Request, path_values: Mapping[str, str]) -> web.StreamResponse:
        call = _call(self.method, request)
        read = await _reading(self.reader, request, path_values)
        response = event_response()
        call.begin = lambda: response.prepare(request)
        with self.streams:
            async with aclosing(self.calls.stream(self.method, read, call)) as replies:
                await send_events(
                    request,
                    response,
                    replies,
                    deadline=call.deadline,
                    heartbeat=self.heartbeat,
                    enums_as_numbers=_wants_numbers(request),
                )
        return response


def _call(method: AnyMethod, request: web.Request) -> Call:
    metadata = [(name.lower(), value) for name, value in request.headers.items()]
    return Call(method.rpc, metadata, _deadline(request.headers.get(_TIMEOUT_HEADER)))


def _deadline(seconds: str | None) -> float | None:
    """Passed over when it is no number of seconds."""
    try:
        timeout = float(seconds) if seconds is not None else math.inf
    except ValueError:
        return None
    return time.monotonic() + timeout if math.isfinite(timeout) else None


def _wants_numbers(request: web.Request) -> bool:
    if "alt" not in request.rel_url.raw_query_string:
        return False
    return _ENUMS_AS_NUMBERS in request.query.get("$alt", request.query.get("alt", ""))


async def _reading(reader: RequestReader, request: web.Request, path_values: Mapping[str, str]) -> Read:
    """What makes the request's message, later, where every call is counted."""
    body = b""
    if reader.has_body:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _too_large(request.client_max_size)
    return partial(reader.read, body, request.rel_url.raw_query_string, path_values)


def _too_large(limit: int) -> Callable[[], Message]:
    def read() -> Message:
        raise InvalidArgument(f"Request payload size exceeds the limit: {limit} bytes.")

    return read
