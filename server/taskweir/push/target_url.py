"""A task's URL in the parts that a request is made of."""

import re
import socket
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

_URL: Final = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_PLACE: Final = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(?::([0-9]{0,5}))?", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z0-9._~-]+")
_UNSAFE: Final = re.compile(r"[^!-~]")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HIGHEST_PORT: Final = 65_535


class BadUrl(ValueError):
    """Not a URL that a request can be sent to; the message says why."""


@dataclass(frozen=True, slots=True)
class TargetUrl:
    """`origin` says where to connect, `target` what to ask for; `host` is the Host header's value.

    They are apart since libcurl would normalise a whole URL's %-escapes. `name` is the origin's host in lower case,
    empty when that is an address, and `port` its port. `credentials` is the Authorization of a URL with a user in it,
    else empty.
    """

    origin: str
    target: str
    host: str
    name: str
    port: int
    credentials: str


@lru_cache(maxsize=512)
def target_url(url: str) -> TargetUrl:
    """The URL with spaces, control and non-ASCII characters percent-encoded and the fragment left out.

    A %-escape, good or bad, is passed as it is. Raises BadUrl.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise BadUrl("the URL must start with 'http://' or 'https://'")
    scheme, authority, path, query = match[1].lower(), match[2], match[3], match[4] or ""
    userinfo, _, place = authority.rpartition("@")
    host, port, given_port = _taken_apart(place, _DEFAULT_PORTS[scheme])
    name, address = _host(host)
    shown = host if host.isascii() else name or address
    return TargetUrl(
        origin=f"{scheme}://{name or address}{given_port}/",
        target=_encoded((path or "/") + query),
        host=shown if port == _DEFAULT_PORTS[scheme] else shown + given_port,
        name=name,
        port=port,
        credentials=_basic(userinfo) if userinfo else "",
    )


def _basic(userinfo: str) -> str:
    user, _, password = userinfo.partition(":")
    pair = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return f"Basic {b64encode(pair).decode()}"


def _taken_apart(place: str, default_port: int) -> tuple[str, int, str]:
    """Host, port, and the port as it is written, with its colon."""
    match = _PLACE.fullmatch(place)
    if match is None:
        raise BadUrl("what follows '//' in the URL is not a host and a port")
    host, port = match[1], int(match[2] or default_port)
    if not host:
        raise BadUrl("the URL has no host")
    if port > _HIGHEST_PORT:
        raise BadUrl(f"the URL's port is above {_HIGHEST_PORT}")
    return host, port, f":{match[2]}" if match[2] else ""


@lru_cache(maxsize=512)
def _host(host: str) -> tuple[str, str]:
    """The name that the host is, or else the address: exactly what libcurl would make of it, which is to be told the
    name's addresses and must find nothing else to look up."""
    if host.startswith("["):
        return "", host
    name = _ascii_name(unquote(host))
    if _NAME.fullmatch(name) is None:
        raise BadUrl("the URL's host is not a name")
    address = _address(name)
    return ("", address) if address else (name.lower(), "")


def _ascii_name(name: str) -> str:
    """An international name in its ASCII form: not every libcurl can make it."""
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise BadUrl(f"the URL's host is not a name: {error}") from error


def _address(name: str) -> str:
    """The IPv4 address, also in the odd forms that machines read (0x7f.1 is 127.0.0.1); empty for a name."""
    try:
        found = socket.getaddrinfo(
            name.removesuffix(".").encode(), None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    except OSError:
        return ""
    return str(found[0][4][0])


def _encoded(text: str) -> str:
    return _UNSAFE.sub(_percent, text)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))
