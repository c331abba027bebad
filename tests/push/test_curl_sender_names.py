"""The sender and names: libcurl connects to the addresses that the resolver found, and looks nothing up itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from tests.eventually import eventually
from tests.push.names import Names
from tests.push.raw_target import HANG, RawTarget

from taskweir.domain.names import QueueName
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import MILLISECOND, SECOND, Micros
from taskweir.push.curl_sender import CurlSender
from taskweir.push.resolver import KEPT_FOR, Resolver

TASK = QueueName("p", "l", "q").task("t")


class Time:
    """The resolver's time, moved by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def sending(names: Names, now: Time | None = None) -> AsyncIterator[CurlSender]:
    """A sender that resolves by these names."""
    sender = CurlSender(resolver=Resolver(names, now=now))
    try:
        yield sender
    finally:
        await sender.close()


def request(name: str, target: RawTarget, deadline: Micros = 10 * SECOND) -> OutgoingRequest:
    """A request to the target by a name."""
    return OutgoingRequest(TASK, "GET", f"http://{name}:{target.port}/", [], b"", deadline)


async def test_localhost_is_reached_and_host_stays_the_name() -> None:
    """As this machine resolves it, though the target listens on 127.0.0.1 only."""
    async with RawTarget.serving() as target:
        sender = CurlSender()
        try:
            for _ in range(3):
                assert (await sender.send(request("localhost", target))).http_status == 200
        finally:
            await sender.close()
        assert target.received == [b"GET / HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % target.port] * 3
        assert target.connections == 1


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["127.0.0.2", "127.0.0.1"], ["::1", "127.0.0.1"], ["2001:db8::1", "127.0.0.1"]],
    ids=["one", "first refuses", "v6 refuses", "v6 unreachable"],
)
async def test_a_name_is_reached_at_one_of_its_addresses(addresses: Sequence[str]) -> None:
    """No name server knows it but ours; one lookup and one connection serve all requests."""
    async with RawTarget.serving() as target:
        with Names.serving({"a.test": addresses}) as names:
            async with sending(names) as sender:
                for name in ("a.test", "A.Test", "a.test"):
                    assert (await sender.send(request(name, target))).http_status == 200
            assert names.asked == ["a.test"]
        assert [line.split(b"\r\n")[1].split(b":")[1] for line in target.received] == [
            b" a.test",
            b" A.Test",
            b" a.test",
        ]
        assert target.connections == 1


async def test_a_name_that_is_known_already_needs_no_lookup_by_libcurl_either() -> None:
    """Every transfer brings the addresses, not only the one whose name had to be looked up."""
    async with RawTarget.serving() as target:
        with Names.serving({"a.test": ["127.0.0.1"]}) as names:
            resolver = Resolver(names)
            await resolver.resolve("a.test", SECOND)
            sender = CurlSender(resolver=resolver)
            assert (await sender.send(request("a.test", target))).http_status == 200
            await sender.close()
        assert names.asked == ["a.test"]


async def test_what_a_name_has_become_counts_for_the_next_connection() -> None:
    """Addresses of an earlier lookup are not used again, while they are libcurl's too to remember."""
    clock = Time()
    async with RawTarget.serving() as target:
        with Names.serving({"a.test": ["127.0.0.2"]}) as names:
            async with sending(names, clock) as sender:
                assert "connect" in (await sender.send(request("a.test", target))).error
                names.table["a.test"] = ["127.0.0.1"]
                assert "connect" in (await sender.send(request("a.test", target))).error
                clock.now += KEPT_FOR
                assert (await sender.send(request("a.test", target))).http_status == 200
        assert names.asked == ["a.test"] * 2


async def test_the_same_name_on_two_ports_is_looked_up_once() -> None:
    """And each port gets its own requests."""
    async with RawTarget.serving() as one, RawTarget.serving() as other:
        with Names.serving({"a.test": ["127.0.0.1"]}) as names:
            async with sending(names) as sender:
                await asyncio.gather(*(sender.send(request("a.test", target)) for target in (one, other)))
            assert names.asked == ["a.test"]
        assert len(one.received) == len(other.received) == 1


async def test_a_name_that_is_not_found_is_a_failed_attempt_with_a_reason() -> None:
    """Not an unsent one: production answers it as it does any target that does not respond."""
    async with RawTarget.serving() as target:
        with Names.serving({}) as names:
            async with sending(names) as sender:
                for _ in range(2):
                    outcome = await sender.send(request("a.test", target))
                    assert outcome.error == "could not resolve host: a.test: Name or service not known"
                    assert (outcome.http_status, outcome.timed_out, outcome.unsent) == (None, False, False)
            assert names.asked == ["a.test"]


async def test_a_lookup_that_outlasts_the_deadline_is_a_timeout() -> None:
    """Its time is the attempt's latency."""
    async with RawTarget.serving() as target:
        with Names.serving({}, hanging=["a.test"]) as names:
            async with sending(names) as sender:
                outcome = await sender.send(request("a.test", target, deadline=50 * MILLISECOND))
                assert outcome.timed_out
                assert (outcome.http_status, outcome.unsent) == (None, False)
                assert "could not resolve host: a.test" in outcome.error
                assert outcome.latency == 50 * MILLISECOND


@pytest.mark.real_time
async def test_the_lookup_takes_its_time_from_the_deadline() -> None:
    """What is left is all that the target has; the outcome's latency is both."""
    deadline = 500 * MILLISECOND
    async with RawTarget.serving(HANG) as target:
        with Names.serving({"a.test": ["127.0.0.1"]}, hanging=["a.test"]) as names:
            async with sending(names) as sender:
                began = time.monotonic()
                call = asyncio.create_task(sender.send(request("a.test", target, deadline)))
                asyncio.get_running_loop().call_later(0.25, names.let_go, "a.test")
                outcome = await call
                took = round((time.monotonic() - began) * SECOND)
        assert outcome.timed_out
        assert len(target.received) == 1
        assert deadline - 5 * MILLISECOND <= outcome.latency <= took < deadline + 240 * MILLISECOND


async def test_names_that_hang_hold_up_no_other_target() -> None:
    """Ten would fill libcurl's own threads."""
    silent = [f"silent{n}.test" for n in range(20)]
    async with RawTarget.serving() as target:
        with Names.serving({"a.test": ["127.0.0.1"]}, hanging=silent) as names:
            async with sending(names) as sender:
                stuck = [asyncio.create_task(sender.send(request(name, target))) for name in silent]
                await eventually(lambda: len(names.asked) == 20)
                assert (await sender.send(request("a.test", target))).http_status == 200
                assert not any(call.done() for call in stuck)
                await sender.close()
                assert {outcome.error for outcome in await asyncio.gather(*stuck)} == {
                    "the sender was closed"
                }


async def test_closing_does_not_wait_for_names_that_hang() -> None:
    """The server's stop has a time limit that a name server knows nothing of."""
    async with RawTarget.serving() as target:
        with Names.serving({}, hanging=["a.test"]) as names:
            sender = CurlSender(resolver=Resolver(names))
            call = asyncio.create_task(sender.send(request("a.test", target)))
            await eventually(lambda: names.asked)
            began = time.monotonic()
            await sender.close()
            outcome = await call
            assert time.monotonic() - began < 5
            assert (outcome.http_status, outcome.error, outcome.unsent) == (
                None,
                "the sender was closed",
                False,
            )


async def test_a_caller_cancelled_while_its_name_is_looked_up_sends_nothing() -> None:
    """Even when the name is found later."""
    async with RawTarget.serving() as target:
        with Names.serving({"a.test": ["127.0.0.1"]}, hanging=["a.test"]) as names:
            async with sending(names) as sender:
                calls = [
                    asyncio.create_task(sender.send(request(name, target))) for name in ("a.test", "A.test")
                ]
                await eventually(lambda: names.asked)
                calls[0].cancel()
                names.let_go("a.test")
                ends = await asyncio.gather(*calls, return_exceptions=True)
                assert isinstance(ends[0], asyncio.CancelledError)
        assert len(target.received) == 1
        assert b"Host: A.test" in target.received[0]


async def test_addresses_need_no_lookup() -> None:
    """In any form."""
    async with RawTarget.serving() as target:
        with Names.serving({}) as names:
            async with sending(names) as sender:
                for host in ("127.0.0.1", "0x7f.1", "2130706433"):
                    assert (await sender.send(request(host, target))).http_status == 200
            assert names.asked == []
