"""The host of a URL in one form, whatever it was written in: what a connection is made to, and what rules compare."""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import unquote

HIGHEST_PORT: Final = 65_535
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_PLACE: Final = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(?::([0-9]{0,5}))?", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z0-9._~-]+")
_NUMBER: Final = re.compile(r"0x[0-9a-f]+|[0-9]+", re.IGNORECASE)
_ADDRESS_AND_ZONE: Final = re.compile(r"\[([0-9A-Fa-f:.]+)(?:%(?:25)?([A-Za-z0-9._~-]+))?\]")


class BadHost(ValueError):
    """Not a host that a request can be sent to; the message says why, after words that say whose."""


@dataclass(frozen=True, slots=True)
class TargetHost:
    """A name in ASCII and lower case, with the dot that it may end with, or else an address: dotted for IPv4, in
    the shortest form for IPv6, with its zone (fe80::1%eth0)."""

    name: str = ""
    address: str = ""

    @property
    def in_url(self) -> str:
        if ":" in self.address:
            return f"[{self.address.replace('%', '%25')}]"
        return self.name or self.address

    @property
    def compared(self) -> str:
        """The same for all spellings of a host."""
        return self.name.removesuffix(".") or self.in_url


def split_place(place: str) -> tuple[str, int | None]:
    """`host`, `host:port` or `[v6]:port` in two. Raises BadHost."""
    match = _PLACE.fullmatch(place)
    if match is None:
        raise BadHost("authority is not a host and a port")
    if match[2] and int(match[2]) > HIGHEST_PORT:
        raise BadHost(f"port is above {HIGHEST_PORT}")
    return match[1], int(match[2]) if match[2] else None


@lru_cache(maxsize=512)
def target_host(text: str) -> TargetHost:
    """From a URL's host as it is written there, %-escapes and brackets included. Raises BadHost."""
    if text.startswith("["):
        return TargetHost(address=_ipv6(text))
    name = _ascii_name(unquote(text))
    if _NAME.fullmatch(name) is None:
        raise BadHost("host is not a name")
    address = _ipv4(name)
    return TargetHost(address=address) if address else TargetHost(name=name.lower())


def _ipv6(text: str) -> str:
    match = _ADDRESS_AND_ZONE.fullmatch(text)
    try:
        address = IPv6Address(match[1] if match else "")
    except AddressValueError:
        raise BadHost("host is not an IPv6 address") from None
    zone = match[2] if match else None
    return f"{address}%{zone}" if zone else str(address)


def _ascii_name(name: str) -> str:
    """An international name in its ASCII form: not every libcurl can make it."""
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise BadHost(f"host is not a name: {error}") from error


def _ipv4(name: str) -> str:
    """The address, also in the odd forms that machines read (0x7f.1 is 127.0.0.1, as of inet_aton); empty for a name."""
    parts = name.removesuffix(".").split(".")
    if len(parts) > 4 or not all(map(_NUMBER.fullmatch, parts)):
        return ""
    try:
        *bytes_, rest = map(_number, parts)
    except ValueError:  # an 8 or 9 after a leading zero, or thousands of digits
        return ""
    if any(byte > 255 for byte in bytes_) or rest >= 256 ** (4 - len(bytes_)):
        return ""
    return str(IPv4Address(rest + sum(byte << (24 - 8 * place) for place, byte in enumerate(bytes_))))


def _number(text: str) -> int:
    if text[:2].lower() == "0x":
        return int(text, 16)
    return int(text, 8 if text.startswith("0") else 10)
