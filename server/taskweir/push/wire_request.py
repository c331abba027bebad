"""An outgoing request in the form it goes over the wire, or the reason why it cannot."""

import re
from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from typing import Final

from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.target_host import TargetHost
from taskweir.domain.target_map import TargetMap
from taskweir.domain.value import value
from taskweir.push.target_url import BadUrl, target_url

_METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS_FRAMING: Final = re.compile(r"[\x00\r\n]")
_NO_MAP: Final = TargetMap()


class Unsendable(ValueError):
    """No request can be made of this; the message says why."""


@value
class WireRequest:
    """A request for `target` to `origin`, such as http://localhost:8080/.

    `host` and `port` are those of `origin`.
    `headers` are all that is sent, Host and Content-Length too, but for the minted `token`, which is not to be kept:
    the value of Authorization, empty where there is none. `body` is None for a method that has none.
    """

    method: str
    origin: str
    target: str
    host: TargetHost
    port: int
    headers: Sequence[tuple[str, str]]
    body: bytes | None
    token: str = field(default="", repr=False)

    @property
    def request_line(self) -> str:
        return f"{self.method} {self.target} HTTP/1.1"


def wire_request(request: OutgoingRequest, target_map: TargetMap = _NO_MAP) -> WireRequest:
    """A request that has a Host of its own was given its place by who made it, and is not mapped. Raises Unsendable."""
    if request.unsendable:
        raise Unsendable(request.unsendable)
    try:
        url = target_url(request.url)
        if not request.host:
            url = url.elsewhere(target_map)
    except BadUrl as error:
        raise Unsendable(str(error)) from error
    body = request.body if request.method in _METHODS_WITH_BODY else None
    headers = [("Host", request.host or url.host_header), *request.headers]
    if url.credentials and not any(name.lower() == "authorization" for name, _ in headers):
        headers.append(("Authorization", url.credentials))
    if body is not None:
        headers.append(("Content-Length", str(len(body))))
    _check_framing(request.method, headers)
    return WireRequest(request.method, url.origin, url.target, url.host, url.port, headers, body)


def _check_framing(method: str, headers: Sequence[tuple[str, str]]) -> None:
    """A method, name or value with a line end in it would be a second header, or a second request."""
    if not _is_token(method):
        raise Unsendable(f"{method!r} is not a method")
    for name, _ in headers:
        if not _is_token(name):
            raise Unsendable(f"{name!r} is not a header name")
    if _BREAKS_FRAMING.search("".join([value for _, value in headers])):
        name = next(name for name, value in headers if _BREAKS_FRAMING.search(value))
        raise Unsendable(f"the value of header {name} has a line end or NUL in it")


@lru_cache(maxsize=256)
def _is_token(text: str) -> bool:
    """Kept, since requests have the same few names again and again."""
    return _TOKEN.fullmatch(text) is not None
