"""The sender and where it may not send to: nothing gets there, whatever leads to it."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.push.guarded import BEYOND, NO_LOOPBACK, NO_SECOND, TASK, Everywhere, Time, request, sending
from tests.push.raw_target import OK, RawTarget

from taskweir.domain.model import OidcToken
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.target_policy import TargetPolicy, Vetted
from taskweir.domain.target_rules import HostRules
from taskweir.domain.times import SECOND
from taskweir.push.resolver import KEPT_FOR

ANEW = OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
"""An answer after which the next request needs a new connection."""


class Peers(TargetPolicy):
    """Refuses nothing, and remembers what was vetted and which peers libcurl told of."""

    def __init__(self) -> None:
        super().__init__(beyond_loopback=True)
        self.peers: list[str] = []
        self.vetted_addresses: list[str] = []
        self.refusal = self._peer  # type: ignore[assignment]
        self.vetted = self._all  # type: ignore[assignment]

    def _peer(self, name: str, address: str) -> str:
        self.peers.append(address)
        return ""

    def _all(self, name: str, addresses: tuple[str, ...]) -> Vetted:
        self.vetted_addresses += addresses
        return Vetted(addresses)


class Fickle(TargetPolicy):
    """Lets every address be connected to, and says only then whether it may be sent to."""

    def __init__(self) -> None:
        super().__init__(beyond_loopback=True)
        self.mind = ""
        self.refusal = lambda name, address: self.mind  # type: ignore[assignment]
        self.vetted = lambda name, addresses: Vetted(addresses)  # type: ignore[assignment]

    def refusal_of_name(self, name: str) -> str:
        return ""


LITERALS = [
    "127.0.0.2",
    "127.0.0.2.",
    "2130706434",
    "0x7F000002",
    "0177.0.0.02",
    "017700000002",
    "127.2",
    "127.0.2",
    "0x7f.0.0x2",
    "%31%32%37.0.0.2",
    "127%2E0%2e0.2",
    "\uff11\uff12\uff17.0.0.\uff12",
    "127\u30020\uff0e0\uff612",
    "\u2460\u2461\u2466.0.0.2",
    "[::ffff:127.0.0.2]",
    "[::ffff:7f00:2]",
    "[0:0:0:0:0:FFFF:127.0.0.2]",
]
NAMES = [
    "good.test",
    "GOOD.test.",
    "g%6fod.test",
    "\uff47ood.test",
    "256.0.0.2",
    "127.0.0.2.test",
    "127.0.0.2.5",
]
NAMES += [
    "08.0.0.2",
    "0x",
    "4294967296",
    "127..2",
    ".127.2",
    "0x7f.0.0.0x100",
    "a_b~c",
    "169.254.169.254.nip.test",
]
TO_THE_ADDRESS = ["http://good.test@127.0.0.2:{}/", "http://good.test:80@127.0.0.2:{}/"]
TO_THE_ADDRESS += ["http://good.test%2F@127.0.0.2:{}/", "http://a@good.test@127.0.0.2:{}/?@good.test"]
TO_THE_ADDRESS += [
    "http://good.test\\@127.0.0.2:{}/",
    "HTTP://127.0.0.2:{}#@good.test",
    "http://127.0.0.2:{}?@good.test",
]
TO_THE_NAME = [
    "http://127.0.0.2@good.test:{}/",
    "http://127.0.0.2\\@good.test:{}/",
    "http://good.test:{}#@127.0.0.2/",
]
TO_THE_NAME += [
    "http://good.test:{}/\\@127.0.0.2/",
    "http://good.test:{}?@127.0.0.2/",
    "http://127.0.0.2:80@good.test:{}",
]
TO_NOBODY = [
    "http://127.0.0.2\\:{}/",
    "http://good.test:{}\\@/",
    "http://good.test:{}:80/",
    "http://127.0.0.2\t:{}/",
]
TO_NOBODY += [
    "http://127.0.0\n.2:{}/",
    "http://good.test\r\n:{}/",
    "http:\\\\127.0.0.2:{}/",
    "http:/127.0.0.2:{}/",
]
TO_NOBODY += [
    "http://[::1%0d%0a]:{}/",
    "http://127.0.0.2%2f:{}/",
    "http://127.0.0.2%00.test:{}/",
    "//127.0.0.2:{}/",
]
TO_NOBODY += [
    "http://good.test%40127.0.0.2:{}/",
    "http://%2531.0.0.2:{}/",
    "http://127.0.0.2:1{}00/",
    " http://good.test:{}",
]
TO_NOBODY += [
    "http://good.test:{}@/",
    "http://[127.0.0.2]:{}/",
    "http://127.0.0.2,good.test:{}/",
    "ht\ntp://good.test:{}/",
]


@pytest.mark.parametrize(
    ("url", "reached"),
    [
        *((f"http://{host}:{{}}/", "address") for host in LITERALS),
        *((f"http://{host}:{{}}/", "name") for host in NAMES),
        *((url, "address") for url in TO_THE_ADDRESS),
        *((url, "name") for url in TO_THE_NAME),
        *((url, "nobody") for url in TO_NOBODY),
    ],
)
async def test_what_is_vetted_is_what_libcurl_connects_to(url: str, reached: str) -> None:
    """A URL has one host, to us and to libcurl: the name is at 127.0.0.1 and the address is 127.0.0.2, on one port."""
    peers = Peers()
    async with (
        RawTarget.serving() as at_the_name,
        RawTarget.serving(host="127.0.0.2", port=at_the_name.port) as at_the_address,
        sending(peers) as sender,
    ):
        outcome = await sender.send(request(url.format(at_the_name.port)))
    counts = (len(at_the_name.received), len(at_the_address.received))
    assert counts == {"name": (1, 0), "address": (0, 1), "nobody": (0, 0)}[reached]
    assert outcome.unsent is (reached == "nobody")
    assert outcome.http_status == (None if reached == "nobody" else 200)
    if reached != "nobody":
        assert plain(peers.peers[-1]) == plain(peers.vetted_addresses[0])
        assert plain(peers.peers[-1]) == {"name": "127.0.0.1", "address": "127.0.0.2"}[reached]


def plain(address: str) -> str:
    """Mapped to IPv6, it is written in two ways."""
    return address.replace("7f00:2", "127.0.0.2").removeprefix("::ffff:")


@pytest.mark.parametrize(
    "host",
    [*LITERALS, "good.test@127.0.0.2", "127.0.0.1", "0.0.0.0", "0", "[::]", "[::1]", "[::127.0.0.1]"],
)
async def test_a_refused_address_gets_nothing_in_any_form(host: str) -> None:
    """Not even a connection; the attempt is one that was not sent, and says why."""
    async with (
        RawTarget.serving() as first,
        RawTarget.serving(host="127.0.0.2", port=first.port) as second,
        sending(NO_LOOPBACK) as sender,
    ):
        outcome = await sender.send(request(f"http://{host}:{first.port}/"))
    assert (first.connections, second.connections) == (0, 0)
    assert outcome.unsent
    assert "is refused by --deny-target" in outcome.error


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "2852039166",
        "0251.0376.0251.0376",
        "0xA9FEA9FE",
        "169.254.43518",
        "good.test@169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[::a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[fe80::1%25eth0]",
        "[fd00:ec2::254]",
        "\uff11\uff16\uff19.254.169.254",
        "169\u3002254\u3002169\u3002254",
        "%31%36%39.254.169.254",
        "169.254.169.254.",
    ],
)
async def test_metadata_is_refused_beyond_loopback_in_any_form(host: str) -> None:
    """No name server is asked, and no token is minted for it."""
    names = Everywhere("127.0.0.1")
    async with sending(BEYOND, names) as sender:
        outcome = await sender.send(
            OutgoingRequest(TASK, "GET", f"http://{host}/", [], b"", SECOND, authorization=OidcToken("a@b"))
        )
    assert outcome.unsent
    assert "is refused: a server beyond loopback sends nothing to" in outcome.error
    assert names.asked == []


@pytest.mark.parametrize(
    "addresses", [["169.254.169.254"], ["fe80::1", "::ffff:169.254.169.254"], ["fd00:ec2::254"]]
)
async def test_a_name_of_refused_addresses_gets_nothing(addresses: Sequence[str]) -> None:
    """The reason names the address and the name; the next attempt is refused without a lookup."""
    names = Everywhere(*addresses)
    async with sending(BEYOND, names) as sender:
        for _ in range(2):
            outcome = await sender.send(request("http://metadata.test/"))
            assert outcome.unsent
            assert outcome.error.startswith(f"{addresses[0]} (metadata.test) is refused: ")
    assert names.asked == ["metadata.test"]


async def test_of_a_name_s_addresses_only_those_not_refused_are_tried() -> None:
    """A refused one that comes first, and would have answered, is passed over."""
    async with (
        RawTarget.serving() as first,
        RawTarget.serving(host="127.0.0.2", port=first.port) as second,
        sending(NO_SECOND, Everywhere("127.0.0.2", "::ffff:127.0.0.2", "127.0.0.1")) as sender,
    ):
        assert (await sender.send(request(f"http://a.test:{first.port}/"))).http_status == 200
    assert (first.connections, second.connections) == (1, 0)


async def test_a_name_that_changes_between_check_and_use_changes_nothing() -> None:
    """There is one lookup: what was checked is what is used. The next one is checked again."""
    clock = Time()
    names = Everywhere("127.0.0.1")
    async with (
        RawTarget.serving(ANEW, closing=True) as first,
        RawTarget.serving(host="127.0.0.2", port=first.port) as second,
        sending(NO_SECOND, names, now=clock) as sender,
    ):
        url = f"http://rebound.test:{first.port}/"
        assert (await sender.send(request(url))).http_status == 200
        names.addresses = ["127.0.0.2"]
        assert (await sender.send(request(url))).http_status == 200
        assert names.asked == ["rebound.test"]
        clock.now += KEPT_FOR
        refused = await sender.send(request(url))
        assert refused.error == "127.0.0.2 (rebound.test) is refused by --deny-target 127.0.0.2"
        names.addresses = ["127.0.0.1"]
        clock.now += KEPT_FOR
        assert (await sender.send(request(url))).http_status == 200
    assert (len(first.received), second.connections) == (3, 0)


async def test_many_lookups_that_alternate_never_lead_astray() -> None:
    """As a name server does it that answers one way to who checks, and another way to who connects."""
    clock = Time()
    names = Everywhere("127.0.0.1")
    async with (
        RawTarget.serving() as first,
        RawTarget.serving(host="127.0.0.2", port=first.port) as second,
        sending(NO_SECOND, names, now=clock) as sender,
    ):
        for turn in range(20):
            names.addresses = ["127.0.0.2"] if turn % 2 else ["127.0.0.1"]
            outcomes = await asyncio.gather(
                *(sender.send(request(f"http://rebound.test:{first.port}/")) for _ in range(3))
            )
            assert {outcome.unsent for outcome in outcomes} == {bool(turn % 2)}
            clock.now += KEPT_FOR
    assert (len(first.received), second.connections) == (30, 0)


async def test_the_peer_is_checked_again_before_the_first_byte() -> None:
    """Whatever libcurl connected to: the connection is closed with nothing said."""
    policy = Fickle()
    async with RawTarget.serving() as target, sending(policy, Everywhere("127.0.0.1")) as sender:
        url = f"http://a.test:{target.port}/"
        policy.mind = "127.0.0.1 is refused for once"
        outcome = await sender.send(request(url))
        assert (outcome.unsent, outcome.error) == (True, policy.mind)
        assert target.received == []
        policy.mind = ""
        assert (await sender.send(request(url))).http_status == 200


async def test_a_kept_connection_is_checked_too() -> None:
    """It was made under what held then."""
    policy = Fickle()
    async with RawTarget.serving() as target, sending(policy, Everywhere("127.0.0.1")) as sender:
        url = f"http://a.test:{target.port}/"
        assert (await sender.send(request(url))).http_status == 200
        policy.mind = "127.0.0.1 is refused from now on"
        assert (await sender.send(request(url))).error == policy.mind
    assert (len(target.received), target.connections) == (1, 1)


async def test_a_refused_name_is_not_looked_up() -> None:
    """A lookup would tell its owner that it was asked for."""
    names = Everywhere("127.0.0.1")
    async with RawTarget.serving() as target:
        for policy in (
            TargetPolicy(deny=HostRules.parse(["*.bad.test"])),
            TargetPolicy(HostRules.parse(["good.test"])),
        ):
            async with sending(policy, names) as sender:
                outcome = await sender.send(request(f"http://a.bad.test.:{target.port}/"))
                assert outcome.unsent
                assert outcome.error.startswith("a.bad.test. is refused")
                assert names.asked == []
                assert (await sender.send(request(f"http://good.test:{target.port}/"))).http_status == 200
            names.asked.clear()


async def test_an_answer_that_leads_elsewhere_is_not_followed() -> None:
    """A redirect is the oldest way around a check."""
    moved = b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.2:%d/\r\nContent-Length: 0\r\n\r\n"
    async with (
        RawTarget.serving() as first,
        RawTarget.serving(host="127.0.0.2", port=first.port) as second,
        sending(NO_SECOND) as sender,
    ):
        first.answers = [moved % first.port]
        assert (await sender.send(request(f"http://a.test:{first.port}/"))).http_status == 307
    assert second.connections == 0
