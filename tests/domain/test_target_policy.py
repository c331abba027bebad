"""Where requests may go: deny, allow, and what is refused without being told."""

import pytest

from taskweir.domain.target_policy import TargetPolicy, Vetted
from taskweir.domain.target_rules import HostRules


def policy(allow: str = "", deny: str = "", *, beyond: bool = False) -> TargetPolicy:
    return TargetPolicy(HostRules.parse(allow.split()), HostRules.parse(deny.split()), beyond_loopback=beyond)


METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fd00:c1::a9fe:a9fe",
    "fd00:42::42",
    "fd00:a9fe:a9fe::1",
    "fd00:100::100:200",
]
INSIDE = [
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "::ffff:0:a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b:1:a9fe:a9:fe00::",
    "64:ff9b:1:a9:fe:a9fe::",
    "64:ff9b:1:0:a9:fea9:fe00::",
    "2001:0:a9fe:a9fe::1",
    "2001:0:1:2::5601:5601",
    "2001:db8::5efe:169.254.169.254",
    "fd00::200:5efe:a9fe:a9fe",
    "::5efe:169.254.169.254",
]
LINK_LOCAL = ["169.254.0.1", "169.254.255.255", "fe80::1", "fe80::1%eth0", "febf::1"]
NOT_FOR_ONE = ["224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1"]


@pytest.mark.parametrize("address", METADATA + INSIDE + LINK_LOCAL + NOT_FOR_ONE)
def test_some_addresses_are_refused_where_other_machines_reach_the_server(address: str) -> None:
    """With the address and the flag that would allow it; by a name or without; and nowhere else, since what a laptop
    reaches is its own."""
    refusal = policy(beyond=True).refusal("", address)
    assert refusal.startswith(f"{address} is refused: ")
    assert "--allow-target" in refusal
    assert policy(beyond=True).refusal("a.test", address).startswith(f"{address} (a.test) is refused: ")
    assert policy(beyond=True).refusal("metadata.google.internal", address)
    assert not policy().refusal("", address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "8.8.8.8",
        "2001:db8::1",
        "2606:4700::1",
        "fd00::1",
        "0.0.0.0",
        "::",
        "169.253.255.255",
        "169.255.0.0",
        "64:ff9b::808:808",
        "2002:808:808::1",
        "2001:db8::5efe:8.8.8.8",
        "2001:db8::5eff:169.254.169.254",
        "::ffff:10.0.0.1",
    ],
)
def test_others_are_not(address: str) -> None:
    """Loopback and private networks are where handlers live."""
    assert not policy(beyond=True).refusal("", address)


@pytest.mark.parametrize(
    ("allow", "address", "is_lifted"),
    [
        ("169.254.169.254", "169.254.169.254", True),
        ("169.254.169.254", "::ffff:169.254.169.254", True),
        ("169.254.169.254", "169.254.170.2", False),
        ("169.254.0.0/16", "169.254.169.254", True),
        ("169.254.169.0/24", "169.254.169.254", True),
        ("fe80::/10", "fe80::1%eth0", True),
        ("fd00:ec2::254", "fd00:ec2::254", True),
        ("* 169.254.169.254", "169.254.169.254", True),
        ("* 169.254.169.254", "64:ff9b::a9fe:a9fe", True),
        ("169.254.169.254", "64:ff9b::a9fe:a9fe", False),
        ("*", "169.254.169.254", False),
        ("0.0.0.0/0", "169.254.169.254", False),
        ("169.0.0.0/8", "169.254.169.254", False),
        ("100.64.0.0/10", "100.100.100.200", False),
        ("fd00::/8", "fd00:ec2::254", False),
        ("a.test", "169.254.169.254", False),
        ("*.test", "169.254.169.254", False),
    ],
)
def test_only_an_entry_within_what_is_refused_lifts_the_refusal(
    allow: str, address: str, is_lifted: bool
) -> None:
    """Whoever owns a name says what its addresses are; and a wide network does not say that this was meant."""
    assert (not policy(allow, beyond=True).refusal("a.test", address)) is is_lifted


@pytest.mark.parametrize("allow", ["", "a.test"])
def test_what_the_refusal_tells_to_do_allows_it_and_nothing_less(allow: str) -> None:
    """Where nothing was allowed by name, everything was."""
    refusal = policy(allow, beyond=True).refusal("", "169.254.169.254")
    everything = "" if allow else "--allow-target '*' "
    assert refusal.endswith(f"unless {everything}--allow-target 169.254.169.254 says so")
    told = refusal.replace("'", "").split("--allow-target ")[1:]
    heeded = policy(" ".join([allow, *(text.split()[0] for text in told)]), beyond=True)
    assert not heeded.refusal("", "169.254.169.254")
    for host in ("a.test", "b.test"):
        before = policy(allow, beyond=True).refusal(host, "10.0.0.1")
        assert bool(heeded.refusal(host, "10.0.0.1")) == bool(before)


def test_deny_beats_what_lifts_the_refusal() -> None:
    """Deny beats allow, always."""
    both = policy("* 169.254.169.254", "169.254.169.254", beyond=True)
    assert both.refusal("", "169.254.169.254") == (
        "169.254.169.254 is refused by --deny-target 169.254.169.254"
    )


@pytest.mark.parametrize(
    ("deny", "name", "address"),
    [
        ("a.test", "a.test", "10.0.0.1"),
        ("*.test", "a.test", "10.0.0.1"),
        ("*", "a.test", "10.0.0.1"),
        ("*", "", "10.0.0.1"),
        ("10.0.0.0/8", "a.test", "10.0.0.1"),
        ("10.0.0.0/8", "", "::ffff:10.0.0.1"),
        ("10.0.0.0/8", "", "::10.0.0.1"),
        ("10.0.0.0/8", "", "64:ff9b::10.0.0.1"),
        ("10.0.0.0/8", "", "2002:a00:1::"),
        ("10.0.0.0/8", "", "2001:db8:1:2:0:5efe:10.0.0.1"),
        ("127.0.0.0/8", "", "0.0.0.0"),
        ("::1", "", "::"),
        ("fe80::/10", "", "fe80::1%eth0"),
    ],
)
def test_what_is_denied_is_refused(deny: str, name: str, address: str) -> None:
    """By the name, by the address, by the IPv4 address inside, and by what the unspecified address leads to."""
    refusal = policy(deny=deny).refusal(name, address)
    assert refusal.endswith(f"is refused by --deny-target {deny}")
    assert refusal == policy(f"* {name} 10.0.0.0/8", deny).refusal(name, address)


@pytest.mark.parametrize(
    ("deny", "name", "address"),
    [
        ("a.test", "b.test", "10.0.0.1"),
        ("a.test", "", "10.0.0.1"),
        ("*.a.test", "a.test", "10.0.0.1"),
        ("10.0.0.0/8", "a.test", "11.0.0.1"),
        ("0.0.0.0/0", "", "::1"),
    ],
)
def test_what_is_not_denied_is_not(deny: str, name: str, address: str) -> None:
    """A name's rule is for the name."""
    assert not policy(deny=deny).refusal(name, address)


@pytest.mark.parametrize(
    ("allow", "name", "address", "is_allowed"),
    [
        ("a.test", "a.test", "10.0.0.1", True),
        ("a.test", "a.test.", "10.0.0.1", True),
        ("a.test", "b.test", "10.0.0.1", False),
        ("a.test", "", "10.0.0.1", False),
        ("10.0.0.0/8", "b.test", "10.0.0.1", True),
        ("10.0.0.0/8", "b.test", "11.0.0.1", False),
        ("10.0.0.0/8", "", "::ffff:10.0.0.1", True),
        ("10.0.0.0/8", "", "64:ff9b::10.0.0.1", False),
        ("10.0.0.0/8", "", "2002:a00:1::", False),
        ("127.0.0.1", "", "0.0.0.0", True),
        ("::1", "", "::", True),
        ("*", "", "10.0.0.1", True),
        ("*", "a.test", "10.0.0.1", True),
        ("a.test 10.0.0.0/8", "a.test", "11.0.0.1", True),
        ("localhost", "", "127.0.0.1", False),
    ],
)
def test_with_an_entry_to_allow_nothing_else_is(
    allow: str, name: str, address: str, is_allowed: bool
) -> None:
    """A name has any address, an address any name. What may only lead to an allowed address is not one."""
    refusal = policy(allow).refusal(name, address)
    assert (refusal == "") is is_allowed
    assert refusal == "" or refusal.endswith("is refused: no --allow-target matches it")


@pytest.mark.parametrize(
    ("allow", "deny", "name", "refusal"),
    [
        ("", "", "a.test", ""),
        ("", "a.test", "a.test.", "a.test. is refused by --deny-target a.test"),
        ("a.test", "", "b.test", "b.test is refused: no --allow-target matches it"),
        ("a.test", "", "a.test", ""),
        ("a.test 10.0.0.0/8", "", "b.test", ""),
        ("10.0.0.0/8", "", "b.test", ""),
        ("*", "*.test", "a.test", "a.test is refused by --deny-target *.test"),
    ],
)
def test_a_name_alone_may_be_reason_enough(allow: str, deny: str, name: str, refusal: str) -> None:
    """Then no name server is asked. Where an address might be allowed, it is."""
    assert policy(allow, deny).refusal_of_name(name) == refusal


def test_refused_addresses_are_taken_out_of_what_a_name_has() -> None:
    """When none is left, the first one's reason is told."""
    deny = policy(deny="10.0.0.0/8")
    assert deny.vetted("a.test", ("10.0.0.1", "11.0.0.1", "::1")) == Vetted(("11.0.0.1", "::1"))
    assert deny.vetted("a.test", ("11.0.0.1",)) == Vetted(("11.0.0.1",))
    assert deny.vetted("a.test", ("10.0.0.1", "::ffff:10.0.0.2")) == Vetted(
        (), "10.0.0.1 (a.test) is refused by --deny-target 10.0.0.0/8"
    )


@pytest.mark.parametrize("text", ["", "a", "1.2.3", "10.0.0.1:80", "[::1]", "/run/socket"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """Should a resolver, or libcurl, ever say so."""
    assert policy(deny="10.0.0.0/8").refusal("a.test", text).endswith("it is not an address")


def test_a_policy_without_rules_on_loopback_is_open() -> None:
    """So that nothing need be asked."""
    assert policy().is_open
    assert not any(one.is_open for one in (policy("*"), policy(deny="a"), policy(beyond=True)))
