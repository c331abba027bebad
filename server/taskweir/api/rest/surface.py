"""The REST surface of services: their google.api.http rules, in front of the methods that gRPC serves."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from taskweir.api.faulty_calls import CallCutOff
from taskweir.api.http_rule import Binding
from taskweir.api.methods import Calls, Method, Service, StreamingMethod
from taskweir.api.rest.body import IDLE
from taskweir.api.rest.body_budget import BodyBudget
from taskweir.api.rest.endpoint import Endpoint, StreamEndpoint, Surroundings, UnaryEndpoint, cut_off
from taskweir.api.rest.envelope import MethodNotAllowed
from taskweir.api.rest.exchange import Exchange
from taskweir.api.rest.path_styles import PathStyles
from taskweir.api.rest.request import RequestReader
from taskweir.api.rest.router import Router
from taskweir.api.rest.side_threads import SideThreads
from taskweir.api.rest.sse import HEARTBEAT
from taskweir.api.rest.style import GOOGLE, RestStyle
from taskweir.api.streams import Streams
from taskweir.domain.errors import NotFound, Refusal, Unavailable, quoted

_OPTIONS: Final = "OPTIONS"


@dataclass(frozen=True, slots=True)
class Mount:
    """A service, where its calls pass, and how it answers. `body_limit` is the most that the body of a request may
    have, in bytes when decompressed."""

    service: Service
    calls: Calls
    body_limit: int
    style: RestStyle = GOOGLE


class Rest:
    """Whatever is no page of the port comes here, and is answered in JSON."""

    def __init__(
        self,
        mounts: Iterable[Mount],
        *,
        heartbeat: float = HEARTBEAT,
        body_idle: float = IDLE,
        bodies: BodyBudget | None = None,
    ) -> None:
        """`heartbeat` is the number of seconds after which a silent stream shows that it is there, and after twice
        as many a client that reads nothing is given up; `body_idle` those in which a body must go on. `bodies` is how
        much of them all may be there at a time, and as usual where it is None."""
        self._router: Router[Endpoint] = Router()
        self._styles = PathStyles()
        self._streams = Streams()
        self._threads = SideThreads()
        self._bodies = bodies or BodyBudget()
        self._heartbeat = heartbeat
        self._body_idle = body_idle
        self._running = 0
        self._stopping = False
        self._idle = asyncio.Event()
        for mount in mounts:
            self._add(mount)

    def _add(self, mount: Mount) -> None:
        around = Surroundings(mount.calls, mount.style, mount.body_limit, self._body_idle, self._threads)
        for method in mount.service.methods():
            for binding in method.bindings:
                reader = RequestReader(
                    method.request,
                    binding,
                    passes_over_unknown=mount.style.passes_over_unknown,
                )
                endpoint = self._endpoint(mount.service, method, reader, around)
                self._router.add(binding, endpoint)
                self._styles.add(binding.template, mount.style)
                if binding.http_method == "GET" and isinstance(method, Method):
                    # Answered as GET is, without the body.
                    self._router.add(Binding("HEAD", binding.template, binding.body), endpoint)

    def _endpoint(
        self,
        service: Service,
        method: Method | StreamingMethod,
        reader: RequestReader,
        around: Surroundings,
    ) -> Endpoint:
        reply = service.descriptor.methods_by_name[method.name].output_type
        if isinstance(method, StreamingMethod):
            return StreamEndpoint(method, reply, reader, around, self._streams, self._heartbeat)
        return UnaryEndpoint(method, reply, reader, around)

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
        self._threads.close()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        exchange = Exchange(request)
        exchange.style = self._styles.of(exchange.path)
        try:
            return await self._serve(exchange)
        except CallCutOff:
            cut_off(request)
            return web.Response()  # aiohttp wants one; it goes nowhere
        except Refusal as refusal:
            return exchange.refused(refusal)

    async def _serve(self, exchange: Exchange) -> web.StreamResponse:
        self._check_running()
        exchange.read_method()
        found = self._router.find(exchange.method, exchange.path)
        if found is None:
            return self._unserved(exchange)
        endpoint, path_values = found
        call = endpoint.call(exchange)
        with self._bodies.share() as share:
            read = await endpoint.reading(exchange, path_values, call, share)
            # It runs from here on: a stop does not wait for what is still being uploaded.
            self._check_running()
            self._running += 1
            try:
                return await endpoint.answer(exchange, read, call)
            finally:
                self._running -= 1
                if not self._running:
                    self._idle.set()

    def _unserved(self, exchange: Exchange) -> web.StreamResponse:
        """Raises Refusals."""
        methods = self._router.http_methods(exchange.path)
        if not methods:
            raise NotFound(f"Nothing is served at {exchange.method} {quoted(exchange.path)}.")
        allowed = ", ".join(sorted({*methods, _OPTIONS}))
        if exchange.method == _OPTIONS:
            return web.Response(status=204, headers={"Allow": allowed})
        raise MethodNotAllowed(exchange.method, allowed)

    def _check_running(self) -> None:
        if self._stopping:
            raise Unavailable("The server is stopping.")
