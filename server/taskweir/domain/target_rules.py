"""Which hosts requests may go to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final, Self

from taskweir.domain.target_host import BadHost, target_host

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_ANY: Final = "*"
_BELOW: Final = "*."
_MAPPED: Final = IPv6Network("::ffff:0:0/96")


@dataclass(frozen=True, slots=True)
class HostRules:
    """A list of hosts: names, `*.domain` (every name below the domain, not the domain itself), addresses, networks, and
    `*` for all. What matches is told as it was written."""

    names: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[Network, str] = field(default_factory=dict)
    is_everything: bool = False

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Self:
        """Raises ValueError, which says what is wrong."""
        names: dict[str, str] = {}
        networks: dict[Network, str] = {}
        is_everything = False
        for text in texts:
            if text == _ANY:
                is_everything = True
            elif "/" in text:
                networks.setdefault(_network(text), text)
            else:
                found = _name_or_address(text)
                if isinstance(found, str):
                    names.setdefault(found, text)
                else:
                    networks.setdefault(ip_network(found), text)
        return cls(names, networks, is_everything)

    def __bool__(self) -> bool:
        """Whether there is any entry."""
        return bool(self.names or self.networks or self.is_everything)

    def entry_for_name(self, name: str) -> str | None:
        """The entry that a name matches, if one does. A dot at its end changes nothing."""
        key = name.removesuffix(".")
        entry = self.names.get(key)
        while entry is None and "." in key:
            key = key.partition(".")[2]
            entry = self.names.get(_BELOW + key)
        return _ANY if entry is None and self.is_everything else entry

    def entry_for_address(self, address: Address) -> str | None:
        """The same for an address. An IPv6 zone changes nothing."""
        for network, text in self.networks.items():
            if address in network:
                return text
        return _ANY if self.is_everything else None


def plain_address(text: str) -> Address:
    """The address without its zone; an IPv4 address mapped to IPv6 is the IPv4 address that it reaches. Raises
    ValueError."""
    if ":" not in text:
        return IPv4Address(text)
    address = IPv6Address(text.partition("%")[0])
    return address.ipv4_mapped or address


def _network(text: str) -> Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a network such as 10.0.0.0/8: {error}") from None
    if not text.rpartition("/")[2].isdecimal():
        raise ValueError(f"{text!r} is not a network such as 10.0.0.0/8")
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        mapped = network.network_address.ipv4_mapped
        return ip_network(f"{mapped}/{network.prefixlen - _MAPPED.prefixlen}")
    return network


def _name_or_address(text: str) -> str | Address:
    """A name or `*.domain` as it is looked up, or an address."""
    below = _BELOW if text.startswith(_BELOW) else ""
    host = text.removeprefix(below)
    try:
        found = target_host(f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host)
    except BadHost as error:
        raise ValueError(f"{text!r} is not a host, *.domain, address, network or *: the {error}") from None
    if found.name:
        return below + found.name.removesuffix(".")
    if below or "%" in found.address:
        raise ValueError(f"{text!r} is not an address: it has {'a wildcard' if below else 'a zone'}")
    address = plain_address(found.address)
    if isinstance(address, IPv4Address) and ":" not in host and host != str(address):
        # Who writes 10.0 may well mean a network.
        raise ValueError(f"{text!r} would be {address}: write that, or a network such as 10.0.0.0/8")
    return address
