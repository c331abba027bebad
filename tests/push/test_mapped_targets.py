"""Requests whose place a map says, and what URLs and methods can do to the line that is sent."""

import pytest
from tests.push.guarded import BEYOND, NO_LOOPBACK, NO_SECOND, TASK, Everywhere, request, sending
from tests.push.raw_target import OK, RawTarget

from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.target_policy import TargetPolicy
from taskweir.domain.target_rules import HostRules
from taskweir.domain.times import SECOND


@pytest.mark.parametrize(
    "rule", ["*.prod.test=http://127.0.0.2:{}", "*=http://127.2:{}", "*.prod.test=http://*.internal.test:{}"]
)
async def test_what_a_map_makes_of_a_url_is_checked(rule: str) -> None:
    """By the name or the address that is connected to, not by the one that was asked for."""
    policy = TargetPolicy(HostRules.parse(["*"]), HostRules.parse(["127.0.0.2", "*.internal.test"]))
    async with (
        RawTarget.serving(host="127.0.0.2") as target,
        sending(policy, targets=rule.format(target.port)) as sender,
    ):
        outcome = await sender.send(request("https://api.prod.test/"))
    assert outcome.unsent
    assert "is refused by --deny-target" in outcome.error
    assert target.connections == 0


async def test_a_mapped_request_is_on_the_wire_as_production_sends_it() -> None:
    """Only the connection goes elsewhere, and what it asks for has a prefix; names are those that are connected to."""
    policy = TargetPolicy(HostRules.parse(["orders.test"]))
    names = Everywhere("127.0.0.1")
    async with RawTarget.serving() as target:
        mapped = f"https://*.run.app=http://*.test:{target.port}/base/"
        async with sending(policy, names, targets=mapped) as sender:
            outcome = await sender.send(request("https://Orders.run.app/a%2fb?c=d#e"))
    assert outcome.http_status == 200
    assert target.received == [b"GET /base/a%2fb?c=d HTTP/1.1\r\nHost: Orders.run.app\r\n\r\n"]
    assert outcome.request_line == "GET /base/a%2fb?c=d HTTP/1.1"
    assert names.asked == ["orders.test"]


async def test_a_request_that_was_given_its_place_is_not_mapped() -> None:
    """App Engine's, whose Host is of its own; what is denied is denied it too."""
    async with RawTarget.serving() as target:
        async with sending(NO_SECOND, targets="*=http://127.0.0.2:1") as sender:
            assert (await sender.send(request(target.url(), host="s.example"))).http_status == 200
        async with sending(NO_LOOPBACK) as sender:
            assert (await sender.send(request(target.url(), host="s.example"))).unsent
    assert len(target.received) == 1


async def test_a_wildcard_that_makes_no_host_is_a_reason() -> None:
    """An attempt that was not sent."""
    async with sending(TargetPolicy(), targets="*=http://a-*.test") as sender:
        outcome = await sender.send(request("http://[::1]/"))
    assert outcome.unsent
    assert outcome.error == "--target-map makes no host of the URL's [::1]: the host is not a name"


@pytest.mark.parametrize(
    "path", ["/\r\nX-Evil: 1", "/ HTTP/1.1\r\nHost: b\r\n\r\nGET /", "/?a\nb", "/\x00\x0b\x85\u2028"]
)
async def test_a_url_cannot_break_the_request_line(path: str) -> None:
    """Line ends are percent-encoded: one request, one line, the headers that are ours."""
    async with RawTarget.serving(OK) as target, sending(BEYOND) as sender:
        assert (await sender.send(request(f"http://a.test:{target.port}{path}"))).http_status == 200
    head = target.received[0].removesuffix(b"\r\n\r\n").split(b"\r\n")
    assert [len(target.received), len(head), head[0].count(b" ")] == [1, 2, 2]
    assert head[0].isascii()


@pytest.mark.parametrize("method", ["GET / HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET", "GET\n", "G T", "", "G\u00c9T"])
async def test_a_method_cannot_break_the_request_line(method: str) -> None:
    """None is made by a caller, who chooses of seven; should one ever be, it is not sent."""
    async with RawTarget.serving() as target, sending(BEYOND) as sender:
        outcome = await sender.send(
            OutgoingRequest(TASK, method, f"http://a.test:{target.port}/", [], b"", SECOND)
        )
    assert outcome.unsent
    assert target.connections == 0
