"""Lists of hosts: what their entries are, and what matches them."""

from ipaddress import ip_address

import pytest

from taskweir.domain.target_rules import HostRules, plain_address


@pytest.mark.parametrize(
    ("entry", "name", "matches"),
    [
        ("api.example", "api.example", True),
        ("API.Example.", "api.example", True),
        ("api.example", "api.example.", True),
        ("b\u00fccher.example", "xn--bcher-kva.example", True),
        ("api.example", "v1.api.example", False),
        ("*.example", "api.example", True),
        ("*.example", "a.b.example", True),
        ("*.Example.", "api.example.", True),
        ("*.example", "example", False),
        ("*.example", "notexample", False),
        ("*", "anything", True),
        ("10.0.0.0/8", "ten.test", False),
        ("localhost", "localhost", True),
    ],
)
def test_entries_for_names(entry: str, name: str, matches: bool) -> None:
    """A wildcard is for what is below a domain, not for the domain; what matched is told as it was written."""
    assert HostRules.parse([entry]).entry_for_name(name) == (entry if matches else None)


@pytest.mark.parametrize(
    ("entry", "address", "matches"),
    [
        ("10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.0/8", "10.255.0.1", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("::1", "::1", True),
        ("[::1]", "::1", True),
        ("FD00:0::1", "fd00::1", True),
        ("fd00::/8", "fd12::1", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("::ffff:10.0.0.0/104", "10.9.9.9", True),
        ("0.0.0.0/0", "::1", False),
        ("::/0", "10.0.0.1", False),
        ("*", "10.0.0.1", True),
        ("*", "::1", True),
        ("api.example", "10.0.0.1", False),
    ],
)
def test_entries_for_addresses(entry: str, address: str, matches: bool) -> None:
    """Of either family; mapped to IPv6, an IPv4 address is what it is."""
    assert HostRules.parse([entry]).entry_for_address(plain_address(address)) == (entry if matches else None)


def test_the_most_exact_name_is_told_of_many() -> None:
    """Then the longest suffix, then `*`."""
    rules = HostRules.parse(["*", "*.example", "*.a.example", "b.a.example"])
    names = ["b.a.example", "c.a.example", "c.example", "c"]
    assert [rules.entry_for_name(name) for name in names] == ["b.a.example", "*.a.example", "*.example", "*"]


def test_no_entry_is_no_rule() -> None:
    """As where no flag is given."""
    assert HostRules() == HostRules.parse(())
    assert not HostRules()
    assert all(map(bool, (HostRules.parse([entry]) for entry in ("*", "a", "10.0.0.0/8"))))
    assert HostRules().entry_for_address(ip_address("::1")) is None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("https://api.example", "is not a network"),
        ("api.example/path", "is not a network"),
        ("10.0.0.1/8", "host bits"),
        ("10.0.0.0/33", "is not a network"),
        ("10.0.0.0/255.0.0.0", "is not a network"),
        ("10.0", "would be 10.0.0.0"),
        ("0x7f.1", "would be 127.0.0.1"),
        ("167772161", "would be 10.0.0.1"),
        ("*.10.0.0.1", "has a wildcard"),
        ("fe80::1%eth0", "has a zone"),
        ("api.example:443", "is not a host"),
        ("u@api.example", "is not a host"),
        ("api.*", "is not a host"),
        ("**", "is not a host"),
        ("::g", "is not a host"),
        ("", "is not a host"),
        ("*.", "is not a host"),
    ],
)
def test_a_mistake_is_told(entry: str, message: str) -> None:
    """Rather than be a rule that means something else."""
    with pytest.raises(ValueError, match=message):
        HostRules.parse([entry])
