"""The REST surface of services: their google.api.http rules, in front of the methods that gRPC serves."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from taskweir.api.faulty_calls import CallCutOff
from taskweir.api.http_rule import Binding
from taskweir.api.json_faults import TrueName
from taskweir.api.methods import Calls, Method, Service, StreamingMethod
from taskweir.api.request_body import IDLE
from taskweir.api.rest_answer import error_response
from taskweir.api.rest_endpoint import Endpoint, StreamEndpoint, UnaryEndpoint, cut_off
from taskweir.api.rest_request import RequestReader
from taskweir.api.router import Router
from taskweir.api.sse import HEARTBEAT
from taskweir.api.streams import Streams
from taskweir.domain.errors import NotFound, Refusal, Unavailable, quoted


@dataclass(frozen=True, slots=True)
class Mount:
    """A service, and where its calls pass. `body_limit` is the most that the body of a request may have, in bytes when
    decompressed: JSON is parsed on the event loop, where everything else waits meanwhile."""

    service: Service
    calls: Calls
    body_limit: int


class Rest:
    """Whatever is no page of the port comes here, and is answered in JSON."""

    def __init__(
        self, mounts: Iterable[Mount], *, heartbeat: float = HEARTBEAT, body_idle: float = IDLE
    ) -> None:
        """`heartbeat` is the number of seconds after which a silent stream shows that it is there, and after twice
        as many a client that reads nothing is given up; `body_idle` those in which a body must go on."""
        self._router: Router[Endpoint] = Router()
        self._streams = Streams()
        self._heartbeat = heartbeat
        self._body_idle = body_idle
        self._running = 0
        self._stopping = False
        self._idle = asyncio.Event()
        for mount in mounts:
            for method in mount.service.methods():
                for binding in method.bindings:
                    self._router.add(binding, self._endpoint(method, binding, mount))

    def _endpoint(self, method: Method | StreamingMethod, binding: Binding, mount: Mount) -> Endpoint:
        reader = RequestReader(method.request, binding, _true_name(mount.service))
        if isinstance(method, StreamingMethod):
            return StreamEndpoint(
                method, reader, mount.calls, mount.body_limit, self._streams, self._heartbeat
            )
        return UnaryEndpoint(method, reader, mount.calls, mount.body_limit)

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

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._serve(request)
        except CallCutOff:
            cut_off(request)
            return web.Response()  # aiohttp wants one; it goes nowhere
        except Refusal as refusal:
            return error_response(refusal)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self._check_running()
        path = request.rel_url.raw_path
        found = self._router.find(request.method, path)
        if found is None:
            raise NotFound(f"Nothing is served at {request.method} {quoted(path)}.")
        endpoint, path_values = found
        call = endpoint.call(request)
        read = await endpoint.reading(request, path_values, call, self._body_idle)
        # It runs from here on: a stop does not wait for what is still being uploaded.
        self._check_running()
        self._running += 1
        try:
            return await endpoint.answer(request, read, call)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    def _check_running(self) -> None:
        if self._stopping:
            raise Unavailable("The server is stopping.")


def _true_name(service: Service) -> TrueName:
    """The stubs' package is not the one that clients know."""
    stubs, true = service.descriptor.file.package, service.name.rpartition(".")[0]

    def true_name(full_name: str) -> str:
        return true + full_name.removeprefix(stubs) if full_name.startswith(f"{stubs}.") else full_name

    return true_name
