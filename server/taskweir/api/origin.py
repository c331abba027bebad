"""Web pages of other origins are kept out: a browser on this machine lets any page send requests to local ports."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from google.protobuf.message import Message

from taskweir.api.call import Call
from taskweir.api.methods import AnyMethod
from taskweir.api.rest_answer import error_response
from taskweir.domain.errors import PermissionDenied, quoted
from taskweir.domain.host_names import is_loopback

_OPEN: Final = frozenset({("GET", "/healthz"), ("GET", "/metrics")})

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def refuse_other_origins(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Browsers tell the origin of whatever a page sends elsewhere; other clients tell none."""
    origin = request.headers.get("Origin")
    if origin is None or _is_own(origin, request) or (request.method, request.rel_url.raw_path) in _OPEN:
        return await handler(request)
    return error_response(PermissionDenied(f"Web pages of {quoted(origin)} may not call this server."))


def _is_own(origin: str, request: web.Request) -> bool:
    host = request.headers.get("Host", "")
    return bool(host) and origin.partition("://")[2].lower() == host.lower()


class HostCheck:
    """A check of calls of a server on loopback: one that came over HTTP must have asked for this machine.

    A page's own host name can be made to resolve to 127.0.0.1 after the page was loaded (DNS rebinding); it is then
    of the same origin.
    """

    def __call__(self, method: AnyMethod, request: Message, call: Call) -> None:
        """Raises PermissionDenied."""
        host = call.header("host")
        if host is not None and not is_loopback(_name(host)):
            raise PermissionDenied(
                f"The host {quoted(host)} is not localhost. The control API of a server that listens on loopback "
                "takes calls to localhost, 127.0.0.1 or [::1] only."
            )


def _name(host: str) -> str:
    """Of a Host header, without the port and the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
