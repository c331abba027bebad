"""An outgoing request in the form it goes over the wire, or the reason why it cannot."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from taskweir.domain.outgoing import OutgoingRequest
from taskweir.push.target_url import BadUrl, target_url

_METHODS_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS_FRAMING: Final = re.compile(r"[\x00\r\n]")

NO_TOKENS: Final = "the task asks for a token, and this version does not mint tokens"


class Unsendable(ValueError):
    """No request can be made of this; the message says why."""


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request for `target` to `origin`, such as http://localhost:8080/.

    `name` is the host of `origin`, to be resolved, and `port` its port; the name is empty when the host is an address.
    `headers` are all that is sent, Host and Content-Length too; `body` is None for a method that has none.
    """

    method: str
    origin: str
    target: str
    name: str
    port: int
    headers: Sequence[tuple[str, str]]
    body: bytes | None

    @property
    def request_line(self) -> str:
        return f"{self.method} {self.target} HTTP/1.1"


def wire_request(request: OutgoingRequest) -> WireRequest:
    """Raises Unsendable."""
    if request.unsendable:
        raise Unsendable(request.unsendable)
    if request.authorization is not None:
        raise Unsendable(NO_TOKENS)
    try:
        url = target_url(request.url)
    except BadUrl as error:
        raise Unsendable(str(error)) from error
    body = request.body if request.method in _METHODS_WITH_BODY else None
    headers = [("Host", request.host or url.host), *request.headers]
    if url.credentials and not any(name.lower() == "authorization" for name, _ in headers):
        headers.append(("Authorization", url.credentials))
    if body is not None:
        headers.append(("Content-Length", str(len(body))))
    _check_framing(headers)
    return WireRequest(request.method, url.origin, url.target, url.name, url.port, headers, body)


def _check_framing(headers: Sequence[tuple[str, str]]) -> None:
    """A name or value with a line end in it would be a second header, or a second request."""
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise Unsendable(f"{name!r} is not a header name")
        if _BREAKS_FRAMING.search(value):
            raise Unsendable(f"the value of header {name} has a line end or NUL in it")
