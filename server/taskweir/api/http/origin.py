"""Web pages are kept out: a browser lets any page send requests to the ports that its machine can reach."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from aiohttp import web

from taskweir.domain.errors import PermissionDenied, quoted
from taskweir.domain.host_names import needs_no_resolving
from taskweir.domain.origin import as_browsers_write, is_origin

_ANY: Final = "*"
_NO_PAGE: Final = "null"
"""What a browser says of a page that it does not trust, such as one from a file."""
_OTHER_SITES: Final = frozenset({"cross-site", "same-site"})


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins whose pages an operator lets in."""

    names: frozenset[str] = frozenset()
    any: bool = False

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """`*` is any. Raises ValueError for what is no origin."""
        names = set(texts)
        return cls(frozenset(map(as_browsers_write, names - {_ANY})), _ANY in names)

    def let_in(self, request: web.BaseRequest) -> str | None:
        """The origin of the page that sent the request, if it may."""
        # One that could not be parsed has no headers, and then they are of another type.
        origins = request.headers.getall("Origin", ()) if request.headers else ()
        if len(origins) != 1:
            return None
        [origin] = origins
        is_any = self.any and (origin == _NO_PAGE or is_origin(origin))
        return origin if is_any or origin in self.names else None

    def check(self, request: web.BaseRequest, *, on_loopback: bool) -> None:
        """Raises PermissionDenied for what a page may have sent that is neither this server's own nor let in.

        Browsers tell the origin of what a script sends elsewhere, and of whatever is neither GET nor HEAD. Of the rest,
        such as links and images, they tell only whether another site's page asked for it, and that only to servers on
        loopback or behind TLS; other clients tell neither. By GET something can be changed too, since BufferTask takes
        any method, so such requests come in only where any page may send them.

        A page's own name can be made to resolve to this server's address after the page was loaded (DNS rebinding); it
        then is of the same origin, but its requests still ask for that name. Only pages whose origin was let in by name
        may ask for any.

        Open on purpose: off loopback, requests without an origin may ask for any name, since containers call each
        other by the names of services. What a page can send by GET it can send to such a server, and read the answer
        if it was rebound to it. So what a GET does there must be fit for those who reach the port.
        """
        origins = request.headers.getall("Origin", ())
        hosts = request.headers.getall("Host", ())
        let_in = self.let_in(request)
        if let_in in self.names:
            return
        own = len(origins) == len(hosts) == 1 and _is_same(origins[0], hosts[0])
        if origins and let_in is None and not own:
            raise PermissionDenied(f"Web pages of {quoted(', '.join(origins))} may not call this server.")
        if not origins and not self.any and _is_of_another_site(request):
            raise PermissionDenied("Web pages of other sites may not call this server.")
        if (origins or on_loopback) and not all(map(needs_no_resolving, hosts)):
            raise PermissionDenied(
                f"The host {quoted(', '.join(hosts))} is neither localhost nor an IP address. Web pages, and whoever "
                "calls a server that listens on loopback, must call it by one of those."
            )


def _is_of_another_site(request: web.BaseRequest) -> bool:
    """By the Fetch standard's metadata. Pages of another port of this machine are of the same site."""
    return not _OTHER_SITES.isdisjoint(request.headers.getall("Sec-Fetch-Site", ()))


def _is_same(origin: str, host: str) -> bool:
    scheme, _, authority = origin.lower().partition("://")
    return scheme in ("http", "https") and authority == host.lower()
