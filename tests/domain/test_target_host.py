"""Hosts in one form: whatever they are written in, they are compared and connected to as the same."""

import itertools
import socket

import pytest

from taskweir.domain.target_host import BadHost, TargetHost, split_place, target_host


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "169.254.169.254.",
        "2852039166",
        "0xA9FEA9FE",
        "0xa9.0xfe.0xa9.0xfe",
        "0251.0376.0251.0376",
        "0000251.254.0xa9.254",
        "025177524776",
        "169.16689662",
        "169.254.43518",
        "%31%36%39.254.169.254",
        "169%2E254%2e169.254",
        "\uff11\uff16\uff19.254.169.254",
        "169\u3002254\uff0e169\uff61254",
        "\u2460\u2465\u2468.254.169.254",
        "%EF%BC%91%EF%BC%96%EF%BC%99.254.169.254",
        "169.254.1\u00ad69.254",
    ],
)
def test_an_ipv4_address_is_one_in_every_form(text: str) -> None:
    """Decimal, octal, hexadecimal, short, escaped, full-width, and with the dots of other scripts."""
    assert target_host(text) == TargetHost(address="169.254.169.254")


@pytest.mark.parametrize(
    ("text", "address", "in_url"),
    [
        ("[::1]", "::1", "[::1]"),
        ("[0:0:0:0:0:0:0:1]", "::1", "[::1]"),
        ("[FD00:EC2:0::254]", "fd00:ec2::254", "[fd00:ec2::254]"),
        ("[fe80::1%25eth0]", "fe80::1%eth0", "[fe80::1%25eth0]"),
        ("[fe80::1%eth0]", "fe80::1%eth0", "[fe80::1%25eth0]"),
        ("[fe80::1%25]", "fe80::1%25", "[fe80::1%2525]"),
    ],
)
def test_an_ipv6_address_has_its_shortest_form(text: str, address: str, in_url: str) -> None:
    """Its zone stays."""
    host = target_host(text)
    assert (host.address, host.in_url, host.compared) == (address, in_url, in_url)


@pytest.mark.parametrize(
    ("text", "name", "compared"),
    [
        ("Api.Example", "api.example", "api.example"),
        ("api.example.", "api.example.", "api.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("B%C3%9CCHER.example", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("\uff41pi.example", "api.example", "api.example"),
        ("256.1.1.1", "256.1.1.1", "256.1.1.1"),
        ("1.2.3.4.5", "1.2.3.4.5", "1.2.3.4.5"),
        ("08.1.1.1", "08.1.1.1", "08.1.1.1"),
        ("0x", "0x", "0x"),
        ("4294967296", "4294967296", "4294967296"),
        ("9" * 5_000, "9" * 5_000, "9" * 5_000),
    ],
)
def test_anything_else_is_a_name_in_lower_case_and_ascii(text: str, name: str, compared: str) -> None:
    """The dot at its end counts when it is looked up, and not when it is compared."""
    host = target_host(text)
    assert (host.name, host.address, host.compared) == (name, "", compared)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "a\tb",
        "a\r\nb",
        "a\x00",
        "a%00b",
        "a%2fb",
        "a%40b",
        "a\\b",
        "a,b",
        "*",
        "ex\u2100mple",
        "%2531",
        "[::1",
        "[]",
        "[::1%]",
        "[::1%252525%]",
        "[%3a%3a1]",
        "[::1\r\nX: y]",
        "[1.2.3.4]",
        "[v1.a]",
        "[::g]",
    ],
)
def test_what_is_neither_is_refused(text: str) -> None:
    """Nothing that could end the host for another reader gets into a request."""
    with pytest.raises(BadHost):
        target_host(text)


def test_numbers_are_read_as_the_machine_reads_them() -> None:
    """Else a name could be an address to it, and go past the rules for addresses."""
    numbers = ["0", "1", "255", "256", "08", "010", "0x1f", "0x", "0X10", "65536", "4294967295", "x", ""]
    for parts in itertools.chain.from_iterable(itertools.product(numbers, repeat=n) for n in (1, 2, 3)):
        text = ".".join(parts)
        try:
            expected = socket.inet_ntoa(socket.inet_aton(text))
        except OSError:
            continue
        assert target_host(text).address == expected, text


def test_what_the_machine_takes_for_a_name_is_one() -> None:
    """The other way round: nothing is an address that the machine would look up."""
    for text in ("0x", "08", "1.256.1.1", "1.2.65536", "1..2", ".1", "1.2.3.4.5", "0x1g", "1.2.3.256"):
        with pytest.raises(OSError, match="illegal"):
            socket.inet_aton(text)
        assert target_host(text).name == text


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("a", ("a", None)),
        ("a:", ("a", None)),
        ("a:080", ("a", 80)),
        ("[::1]:1", ("[::1]", 1)),
        ("", ("", None)),
    ],
)
def test_a_place_is_a_host_and_perhaps_a_port(place: str, parts: tuple[str, int | None]) -> None:
    """None where it has none."""
    assert split_place(place) == parts


@pytest.mark.parametrize("place", ["::1", "a:b", "a:65536", "a:-1", "a:1:2", "a:\uff11", "a:999999", "[::1"])
def test_what_is_no_place_is_refused(place: str) -> None:
    """Ports out of range too."""
    with pytest.raises(BadHost):
        split_place(place)
