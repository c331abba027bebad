"""A task's URL in the parts that a request is made of."""

import re
from base64 import b64encode
from dataclasses import replace
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from taskweir.domain.target_host import DEFAULT_PORTS, BadHost, TargetHost, split_place, target_host
from taskweir.domain.target_map import Place, TargetMap
from taskweir.domain.value import value

_URL: Final = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_UNSAFE: Final = re.compile(r"[^!-~]")


class BadUrl(ValueError):
    """Not a URL that a request can be sent to; the message says why."""


@value
class TargetUrl:
    """`origin` says where to connect, `target` what to ask for; `host_header` is the Host header's value.

    They are apart since libcurl would normalise a whole URL's %-escapes. `scheme`, `host` and `port` are the origin's:
    exactly what libcurl makes of it, which is to be told a name's addresses and must find nothing else to look up.
    `credentials` is the Authorization of a URL with a user in it, else empty.
    """

    origin: str
    target: str
    host_header: str
    scheme: str
    host: TargetHost
    port: int
    credentials: str

    def elsewhere(self, target_map: TargetMap) -> "TargetUrl":
        """The same request, sent to where the map says. Raises BadUrl."""
        try:
            place = target_map.place_of(self.scheme, self.host, self.port)
        except BadHost as error:
            raise BadUrl(
                f"--target-map makes no host of the URL's {self.host.compared}: the {error}"
            ) from error
        return self if place is None else self._at(place)

    def _at(self, place: Place) -> "TargetUrl":
        return replace(
            self,
            origin=f"{place.scheme}://{place.host.in_url}:{place.port}/",
            target=place.prefix + self.target,
            scheme=place.scheme,
            host=place.host,
            port=place.port,
        )


@lru_cache(maxsize=512)
def target_url(url: str) -> TargetUrl:
    """The URL with spaces, control and non-ASCII characters percent-encoded and the fragment left out.

    A %-escape, good or bad, is passed as it is. Raises BadUrl.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise BadUrl("the URL must start with 'http://' or 'https://'")
    scheme, authority, path, query = match.groups()
    of = _origin(scheme.lower(), authority)
    target = _encoded((path or "/") + (query or ""))
    return TargetUrl(of.origin, target, of.host_header, of.scheme, of.host, of.port, of.credentials)


@lru_cache(maxsize=512)
def _origin(scheme: str, authority: str) -> TargetUrl:
    """A URL that asks for nothing yet: of few origins there may be many URLs. Raises BadUrl."""
    userinfo, _, place = authority.rpartition("@")
    try:
        written, port = split_place(place)
        if not written:
            raise BadHost("host is missing")
        host = target_host(written)
    except BadHost as error:
        raise BadUrl(f"the URL's {error}") from error
    given_port = "" if port is None else f":{port}"
    is_default = port in (None, DEFAULT_PORTS[scheme])
    shown = written if written.isascii() else host.in_url
    return TargetUrl(
        origin=f"{scheme}://{host.in_url}{given_port}/",
        target="",
        host_header=shown if is_default else shown + given_port,
        scheme=scheme,
        host=host,
        port=DEFAULT_PORTS[scheme] if port is None else port,
        credentials=_basic(userinfo) if userinfo else "",
    )


def _basic(userinfo: str) -> str:
    user, _, password = userinfo.partition(":")
    pair = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return f"Basic {b64encode(pair).decode()}"


def _encoded(text: str) -> str:
    return _UNSAFE.sub(_percent, text)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))
