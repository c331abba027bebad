"""What a host's name tells without being resolved."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

_AUTHORITY: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^][:@/?#,\s]+))(?::\d*)?", re.IGNORECASE | re.ASCII)


def is_loopback(host: str) -> bool:
    """Whether it is an address of this machine alone, or the name that means this machine everywhere."""
    address = _address(host)
    if address is None:
        return _is_localhost(host)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def needs_no_resolving(authority: str) -> bool:
    """Whether a Host header is localhost or an IP address, with or without a port: nobody can make such a host mean
    another machine than it did. Addresses that are not in their usual form count as names."""
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        return False
    ipv6, name = parts.groups()
    if ipv6 is not None:
        return isinstance(_address(ipv6), IPv6Address)
    return _is_localhost(name) or _address(name) is not None


def _is_localhost(name: str) -> bool:
    return name.lower() in ("localhost", "localhost.")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
