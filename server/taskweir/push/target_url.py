"""A task's URL in the parts that a request is made of."""

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

_URL: Final = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_UNSAFE: Final = re.compile(r"[^!-~]")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


class BadUrl(ValueError):
    """Not a URL that a request can be sent to; the message says why."""


@dataclass(frozen=True, slots=True)
class TargetUrl:
    """`origin` says where to connect, `target` what to ask for; `host` is the Host header's value.

    They are apart since libcurl would normalise a whole URL's %-escapes. `credentials` is the Authorization of a
    URL with a user in it, else empty.
    """

    origin: str
    target: str
    host: str
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
    place = _ascii_host(place)
    return TargetUrl(
        origin=f"{scheme}://{place}/",
        target=_encoded((path or "/") + query),
        host=place.removesuffix(_DEFAULT_PORTS[scheme]),
        credentials=_basic(userinfo) if userinfo else "",
    )


def _basic(userinfo: str) -> str:
    user, _, password = userinfo.partition(":")
    pair = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return f"Basic {b64encode(pair).decode()}"


def _ascii_host(place: str) -> str:
    """The host and port with an international name in its ASCII form: not every libcurl can make it."""
    if not place or place.startswith(":"):
        raise BadUrl("the URL has no host")
    if place.isascii():
        return place
    host, colon, port = place.partition(":")
    try:
        return host.encode("idna").decode("ascii") + colon + port
    except UnicodeError as error:
        raise BadUrl(f"the URL's host is not a name: {error}") from error


def _encoded(text: str) -> str:
    return _UNSAFE.sub(_percent, text)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))
