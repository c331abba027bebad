"""What bodies of requests take: how much of them is held, how long, and that others have their turn meanwhile."""

import asyncio
import contextlib
import gc
import gzip
import io
import weakref
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from tests.api.library import Request, ServedLibrary, serving
from tests.eventually import eventually

from taskweir.api.rest.body_budget import BodyBudget
from taskweir.api.rest.exchange import Exchange
from taskweir.api.rest.json_text import MOST_VALUES, parsed
from taskweir.api.rest.side_threads import LARGE_BODY
from taskweir.domain.errors import InvalidArgument, Refusal, ResourceExhausted

MIB = 1 << 20
CREATE = "/v1/books:create"
GZIP = {"Content-Encoding": "gzip"}
PROTO = {"Content-Type": "application/x-protobuf"}


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[weakref.ref[Refusal]]]:
    """What calls were refused with, as long as that is in memory. Garbage is not collected."""
    told: list[weakref.ref[Refusal]] = []
    refused = Exchange.refused

    def noted(exchange: Exchange, refusal: Refusal) -> aiohttp.web.Response:
        told.append(weakref.ref(refusal))
        return refused(exchange, refusal)

    monkeypatch.setattr(Exchange, "refused", noted)
    gc.disable()
    yield told
    gc.enable()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"nope": 1}', {}),
        (b'{"nope": "%b"}' % (b"x" * LARGE_BODY), {}),
        (b'{"nope": ' + b"x" * LARGE_BODY, {}),
        (b'{"pageSize": "%b"}' % (b"x" * LARGE_BODY), {}),
        (b"\xff" * (LARGE_BODY + 1), PROTO),
        (gzip.compress(b" " * (3 * MIB)), GZIP),
        (b"no gzip", GZIP),
    ],
    ids=["small", "unknown name", "no JSON", "misfit", "no protobuf", "unpacks to too much", "no gzip"],
)
async def test_a_refused_body_is_let_go(
    refusals: list[weakref.ref[Refusal]], body: bytes, headers: dict[str, str]
) -> None:
    """With the refusal: its traceback would hold it."""
    async with serving(body_limit=2 * MIB) as library:
        assert (await library.ask("POST", CREATE, data=io.BytesIO(body), headers=headers))[0] == 400
        assert len(refusals) == 1
        await eventually(lambda: refusals[0]() is None)


async def test_a_compressed_body_takes_turns_with_others_as_it_is_unpacked() -> None:
    """All of it may have come at once."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with serving(body_limit=32 * MIB) as library:
        body = gzip.compress(b" " * (64 * MIB))
        ticking = asyncio.create_task(others())
        try:
            answer = await library.ask("POST", CREATE, data=io.BytesIO(body), headers=GZIP)
        finally:
            ticking.cancel()
    assert answer[0] == 400
    assert turns > 24


async def test_what_is_left_of_a_compressed_body_is_not_unpacked() -> None:
    """The connection ends instead."""
    async with serving(body_limit=MIB) as library:
        reader, writer = await asyncio.open_connection("127.0.0.1", library.http.port)
        body = gzip.compress(b" " * (64 * MIB))
        head = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % (CREATE.encode(), len(body)) + body)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nConnection: close\r\n" in answer


async def test_a_share_of_the_budget_is_given_back() -> None:
    """At its end, whatever it was for."""
    budget = BodyBudget(10 * MIB, patience=0)
    with budget.share() as share:
        await share.take(6 * MIB)
        await share.take(4 * MIB)
        with budget.share() as other, pytest.raises(ResourceExhausted):
            await other.take(2 * MIB)
    with budget.share() as share:
        await share.take(10 * MIB)


async def test_small_bodies_may_go_beyond_the_budget() -> None:
    """By a quarter, and each by a mebibyte."""
    budget = BodyBudget(4 * MIB, patience=0)
    with budget.share() as large, budget.share() as small, budget.share() as late:
        await large.take(4 * MIB)
        await small.take(MIB // 2)
        await small.take(MIB // 2)
        with pytest.raises(ResourceExhausted):
            await small.take(1)
        with pytest.raises(ResourceExhausted) as refused:
            await late.take(1)
    assert refused.value.message == "The server holds as many bytes of requests as it may. Try again later."


async def test_what_does_not_fit_waits_for_what_others_give_back() -> None:
    """As long as there is patience."""
    budget = BodyBudget(4 * MIB, patience=60)
    with budget.share() as late:
        with budget.share() as early:
            await early.take(4 * MIB)
            waiting = asyncio.create_task(late.take(3 * MIB))
            await asyncio.sleep(0)
            assert not waiting.done()
        async with asyncio.timeout(10):
            await waiting


@contextlib.asynccontextmanager
async def busy(budget: BodyBudget) -> AsyncIterator[ServedLibrary]:
    """A server that holds a request of 3 MiB."""
    async with serving(body_limit=8 * MIB, bodies=budget) as library:
        message = Request(name="not yet", cover=bytes(3 * MIB)).SerializeToString()
        held = asyncio.create_task(library.ask("POST", CREATE, data=io.BytesIO(message), headers=PROTO))
        await library.servicer.watching.wait()
        yield library
        library.servicer.let.set()
        assert (await held)[0] == 200
        assert (await library.ask("POST", CREATE, data=io.BytesIO(message), headers=PROTO))[0] == 200


async def test_bodies_that_are_too_much_together_are_refused() -> None:
    """Until a call that holds one has ended. Packed ones count as what they unpack to."""
    more = Request(cover=bytes(2 * MIB)).SerializeToString()
    async with busy(BodyBudget(4 * MIB, patience=0)) as library:
        for body, headers in ((more, PROTO), (gzip.compress(more), {**PROTO, **GZIP})):
            status, answer = await library.ask("POST", CREATE, data=io.BytesIO(body), headers=headers)
            assert (status, answer["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
        assert (await library.ask("POST", CREATE, data=b"{}"))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": [%b]}' % b",".join([b"{}"] * (MOST_VALUES // 2 + 1)),
        b"[%b]" % b",".join([b"1"] * (MOST_VALUES + 1)),
        b"[%b" % (b"[" * MOST_VALUES),
        rb'["\"", "\\", %b]' % b",".join([b"1"] * MOST_VALUES),
    ],
    ids=["objects", "numbers", "lists", "after strings"],
)
def test_json_of_very_many_values_is_refused_unread(body: bytes) -> None:
    """They would be in memory before anybody could say that there are too many."""
    with pytest.raises(InvalidArgument) as refused:
        parsed(body)
    assert refused.value.message == "Invalid JSON payload received. It has more than 100000 values."


@pytest.mark.parametrize(
    "body",
    [
        b'["%b"]' % (b",{[" * MOST_VALUES),
        rb'["\"%b", "\\"]' % (b",{[" * MOST_VALUES),
        b"[%b]" % b",".join([b"1"] * MOST_VALUES),
    ],
    ids=["in a string", "after an escape", "as many as there may be"],
)
def test_what_only_looks_like_very_many_values_is_read(body: bytes) -> None:
    """In a string it is none."""
    assert isinstance(parsed(body), list)
