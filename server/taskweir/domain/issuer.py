"""The identifier of who issues OIDC tokens."""

import re
from typing import Final

from taskweir.domain.target_host import BadHost, split_place, target_host

_ISSUER: Final = re.compile(r"(https?)://([^/?#@]+)((?:/[!-~]*)?)", re.IGNORECASE)
_DOT_SEGMENT: Final = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
_NO_LABEL: Final = re.compile(r"(?:^|\.)(?:\.|$)")


def issuer_of(text: str) -> str:
    """A URL without query and fragment (OpenID Connect Discovery 1.0), in which nothing is that clients would take out or
    fail at. Its scheme is in lower case; a slash at its end is left out. Raises ValueError."""
    match = _ISSUER.fullmatch(text.strip().rstrip("/"))
    if match is None or not set("?#").isdisjoint(match[3]):
        raise ValueError(f"{text!r} is no URL of an issuer, such as http://127.0.0.1:8124")
    scheme, place, path = match.groups()
    try:
        host, port = split_place(place)
        target_host(host)
        if port == 0:
            raise BadHost("port is 0")
        if place.endswith(":"):
            raise BadHost("port is empty")
        if _NO_LABEL.search(host.removesuffix(".")):
            raise BadHost("host has an empty label")
    except BadHost as error:
        raise ValueError(f"{text!r} is no URL of an issuer: the {error}") from None
    if any(map(_DOT_SEGMENT.fullmatch, path.split("/"))):
        raise ValueError(f"{text!r} is no URL of an issuer: the path has a dot segment")
    return f"{scheme.lower()}://{place}{path}"
