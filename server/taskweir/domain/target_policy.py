"""Whether a request may be sent to a host: by the name that is connected to, and by each address it has."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from typing import Final, NamedTuple

from taskweir.domain.target_rules import Address, HostRules, Network, plain_address

_KEPT: Final = 8_192
"""Verdicts that are remembered."""

_METADATA: Final = "a cloud's metadata"
_REFUSED_BEYOND_LOOPBACK: Final[Mapping[Network, str]] = {
    ip_network(network): kind
    for network, kind in (
        ("169.254.169.254", _METADATA),  # nearly all of them
        ("169.254.170.2", _METADATA),  # Amazon ECS; 169.254.170.23 for EKS
        ("169.254.170.23", _METADATA),
        ("100.100.100.200", _METADATA),  # Alibaba
        ("168.63.129.16", _METADATA),  # Azure's wire server
        ("192.0.0.192", _METADATA),  # Oracle, classic
        ("fd00:ec2::/32", _METADATA),  # Amazon: what an instance is told and served
        ("fd20:ce::254", _METADATA),  # Google
        ("fd00:c1::a9fe:a9fe", _METADATA),  # Oracle
        ("fd00:42::42", _METADATA),  # Scaleway
        ("fd00:a9fe:a9fe::1", _METADATA),  # Linode
        ("fd00:100::100:200", _METADATA),  # Alibaba
        ("169.254.0.0/16", "a link-local"),
        ("fe80::/10", "a link-local"),
        ("224.0.0.0/4", "a multicast"),
        ("ff00::/8", "a multicast"),
        ("255.255.255.255", "the broadcast"),
    )
}

_LOOPBACK_OF: Final[Mapping[Address, Address]] = {
    IPv4Address(0): IPv4Address("127.0.0.1"),
    IPv6Address(0): IPv6Address("::1"),
}
"""To connect to the unspecified address is to connect to this machine."""

_COMPATIBLE: Final = IPv6Network("::/96")
_TRANSLATED: Final = IPv6Network("::ffff:0:0:0/96")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")
_ISATAP: Final = 0x0000_5EFE
"""Before the IPv4 address, below any prefix."""
_ISATAP_MASK: Final = 0xFDFF_FFFF
"""One bit says whether that is unique in the world."""


class Vetted(NamedTuple):
    """The addresses that may be connected to; or none, and why."""

    addresses: Sequence[str] = ()
    refusal: str = ""


class TargetPolicy:
    """What `--allow-target` and `--deny-target` say, and what is refused without being told: link-local and metadata
    addresses, where other machines can reach the server, and so could have it fetch credentials for them.

    Deny beats allow. With an entry to allow, nothing else is. Entries for names are about the name that is connected
    to, those for addresses about each address. `allow` lifts the server's own refusal only by an entry within what is
    refused: not by a name or a wildcard, since whoever owns a name says what its addresses are.
    """

    def __init__(
        self,
        allow: HostRules | None = None,
        deny: HostRules | None = None,
        *,
        beyond_loopback: bool = False,
    ) -> None:
        self._allow = allow or HostRules()
        self._deny = deny or HostRules()
        self._beyond_loopback = beyond_loopback
        self.is_open = not (self._allow or self._deny or beyond_loopback)
        """Whether nothing is ever refused."""
        self.refusal = lru_cache(maxsize=_KEPT)(self._refusal)
        """Of an address, and the name that led to it, which may be empty: why no request may go there. Empty when it
        may."""
        self.vetted = lru_cache(maxsize=_KEPT)(self._vetted)
        """Which of a name's addresses may be connected to."""

    def refusal_of_name(self, name: str) -> str:
        """Why no address can make the name one to connect to; empty when one might."""
        entry = self._deny.entry_for_name(name)
        if entry is not None:
            return f"{name} is refused by --deny-target {entry}"
        if self._allow and not self._allow.networks and self._allow.entry_for_name(name) is None:
            return _not_allowed(name)
        return ""

    def _vetted(self, name: str, addresses: tuple[str, ...]) -> Vetted:
        refusals = [self.refusal(name, address) for address in addresses]
        if not any(refusals):
            return Vetted(addresses)
        kept = tuple(a for a, refusal in zip(addresses, refusals, strict=True) if not refusal)
        return Vetted(kept) if kept else Vetted(refusal=refusals[0])

    def _refusal(self, name: str, text: str) -> str:
        shown = f"{text} ({name})" if name else text
        try:
            address = plain_address(text)
        except ValueError:
            return f"{shown} is refused: it is not an address"
        return (
            (self.refusal_of_name(name) if name else "")
            or self._denied(shown, address)
            or self._refused_beyond_loopback(shown, address)
            or self._beyond_allowed(shown, name, address)
        )

    def _denied(self, shown: str, address: Address) -> str:
        for reading in _readings(address):
            entry = self._deny.entry_for_address(reading)
            if entry is not None:
                return f"{shown} is refused by --deny-target {entry}"
        return ""

    def _refused_beyond_loopback(self, shown: str, address: Address) -> str:
        if self._beyond_loopback:
            for reading in _readings(address):
                kinds = {net: kind for net, kind in _REFUSED_BEYOND_LOOPBACK.items() if reading in net}
                if kinds and not self._is_named(reading, kinds):
                    kind = next(iter(kinds.values()))
                    # By itself, an entry to allow would have all else refused.
                    rest = "" if self._allow else "--allow-target '*' "
                    return (
                        f"{shown} is refused: a server beyond loopback sends nothing to {kind} address unless "
                        f"{rest}--allow-target {reading} says so"
                    )
        return ""

    def _is_named(self, address: Address, refused: Mapping[Network, str]) -> bool:
        """A wider network, such as all there is, does not say that this was meant."""
        return any(
            address in entry and any(_is_within(entry, network) for network in refused)
            for entry in self._allow.networks
        )

    def _beyond_allowed(self, shown: str, name: str, address: Address) -> str:
        """Here an address is what it is, not also what it may lead to."""
        allow = self._allow
        if not allow or (name and allow.entry_for_name(name) is not None):
            return ""
        same = (address, _LOOPBACK_OF.get(address, address))
        return "" if any(allow.entry_for_address(one) is not None for one in same) else _not_allowed(shown)


def _not_allowed(shown: str) -> str:
    return f"{shown} is refused: no --allow-target matches it"


def _is_within(entry: Network, network: Network) -> bool:
    return entry.version == network.version and entry.subnet_of(network)  # type: ignore[arg-type]


def _readings(address: Address) -> Iterator[Address]:
    """The address, and what machines on the way may take it for."""
    yield address
    if address in _LOOPBACK_OF:
        yield _LOOPBACK_OF[address]
    elif isinstance(address, IPv6Address):
        yield from map(IPv4Address, _inside(address))


def _inside(address: IPv6Address) -> Iterator[int]:
    """The IPv4 addresses that an IPv6 one may carry, by the ways of writing them into it (RFC 4291, 2.5.5; RFC 2765;
    RFC 3056; RFC 4380, 4; RFC 5214, 6.1; RFC 6052, 2.2)."""
    bits = int(address)
    if address.is_loopback:
        return
    if bits >> 32 & _ISATAP_MASK == _ISATAP:
        yield bits & 0xFFFF_FFFF
    if address in _COMPATIBLE or address in _TRANSLATED or address in _NAT64:
        yield bits & 0xFFFF_FFFF
    elif address in _SIX_TO_FOUR:
        yield bits >> 80 & 0xFFFF_FFFF
    elif address in _TEREDO:
        yield bits >> 64 & 0xFFFF_FFFF
        yield ~bits & 0xFFFF_FFFF
    elif address in _LOCAL_NAT64:
        # Whoever runs it chose the length of the prefix; bits 64 to 71 are never part of the address.
        packed = address.packed
        for place in (6, 7, 8):
            yield int.from_bytes(packed[place:8] + packed[9 : 5 + place])
        yield bits & 0xFFFF_FFFF
