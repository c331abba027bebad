"""Web pages are kept out: a browser lets any page send requests to the ports that its machine can reach."""

from aiohttp import web

from taskweir.domain.errors import PermissionDenied, quoted
from taskweir.domain.host_names import needs_no_resolving


def check_origin(request: web.BaseRequest, *, on_loopback: bool) -> None:
    """Raises PermissionDenied for what a page may have sent that is not this server's own.

    Browsers tell the origin of whatever a page sends elsewhere, and of whatever may change something; other clients
    tell none. A page's own name can be made to resolve to this server's address after the page was loaded (DNS
    rebinding); it then is of the same origin, but its requests still ask for that name.

    Open on purpose: off loopback, requests without an origin may ask for any name, since containers call each other by
    the names of services. A page that was rebound to such a server can read from it, for browsers tell no origin of
    that, but not write. So what can only be read there must be fit for those who reach the port.
    """
    origins = request.headers.getall("Origin", ())
    hosts = request.headers.getall("Host", ())
    if origins and not (len(origins) == len(hosts) == 1 and _is_same(origins[0], hosts[0])):
        raise PermissionDenied(f"Web pages of {quoted(', '.join(origins))} may not call this server.")
    if (origins or on_loopback) and not all(map(needs_no_resolving, hosts)):
        raise PermissionDenied(
            f"The host {quoted(', '.join(hosts))} is neither localhost nor an IP address. Web pages, and whoever calls "
            "a server that listens on loopback, must call it by one of those."
        )


def _is_same(origin: str, host: str) -> bool:
    scheme, _, authority = origin.lower().partition("://")
    return scheme in ("http", "https") and authority == host.lower()
