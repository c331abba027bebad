"""Web pages are kept out: a browser lets any page send requests to the ports that its machine can reach."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from aiohttp import web

from taskweir.domain.errors import PermissionDenied, quoted
from taskweir.domain.host_names import needs_no_resolving

_ANY: Final = "*"
_ORIGIN: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
)
_NO_PAGE: Final = "null"
"""What a browser says of a page that it does not trust, such as one from a file."""
_USUAL_PORTS: Final[Mapping[str, str]] = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins whose pages an operator lets in."""

    names: frozenset[str] = frozenset()
    any: bool = False

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """`*` is any. Raises ValueError, with the text that is no origin."""
        names = set(texts)
        return cls(frozenset(map(_as_browsers_say, names - {_ANY})), _ANY in names)

    def let_in(self, request: web.BaseRequest) -> str | None:
        """The origin of the page that sent the request, if it may."""
        # One that could not be parsed has no headers, and then they are of another type.
        origins = request.headers.getall("Origin", ()) if request.headers else ()
        if len(origins) != 1:
            return None
        [origin] = origins
        is_any = self.any and (origin == _NO_PAGE or _ORIGIN.fullmatch(origin) is not None)
        return origin if is_any or origin in self.names else None

    def check(self, request: web.BaseRequest, *, on_loopback: bool) -> None:
        """Raises PermissionDenied for what a page may have sent that is neither this server's own nor let in.

        Browsers tell the origin of whatever a page sends elsewhere, and of whatever may change something; other
        clients tell none. A page's own name can be made to resolve to this server's address after the page was loaded
        (DNS rebinding); it then is of the same origin, but its requests still ask for that name. Only pages whose
        origin was let in by name may ask for any.

        Open on purpose: off loopback, requests without an origin may ask for any name, since containers call each
        other by the names of services. A page that was rebound to such a server can read from it, for browsers tell no
        origin of that, but not write. So what can only be read there must be fit for those who reach the port.
        """
        origins = request.headers.getall("Origin", ())
        hosts = request.headers.getall("Host", ())
        let_in = self.let_in(request)
        if let_in in self.names:
            return
        own = len(origins) == len(hosts) == 1 and _is_same(origins[0], hosts[0])
        if origins and let_in is None and not own:
            raise PermissionDenied(f"Web pages of {quoted(', '.join(origins))} may not call this server.")
        if (origins or on_loopback) and not all(map(needs_no_resolving, hosts)):
            raise PermissionDenied(
                f"The host {quoted(', '.join(hosts))} is neither localhost nor an IP address. Web pages, and whoever "
                "calls a server that listens on loopback, must call it by one of those."
            )


def _is_same(origin: str, host: str) -> bool:
    scheme, _, authority = origin.lower().partition("://")
    return scheme in ("http", "https") and authority == host.lower()


def _as_browsers_say(text: str) -> str:
    """An origin in lower case and without its scheme's usual port. Raises ValueError."""
    origin = text.lower()
    parts = _ORIGIN.fullmatch(origin)
    if parts is None or int(parts["port"] or 1) not in range(1, 1 << 16):
        raise ValueError(text)
    if parts["port"] is not None and parts["port"] == _USUAL_PORTS.get(parts["scheme"]):
        return f"{parts['scheme']}://{parts['host']}"
    return origin
