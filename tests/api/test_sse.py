"""Streams over REST: server-sent events."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.api.library import Request, ServedLibrary, serving
from tests.eventually import eventually

from taskweir.api.methods import Calls
from taskweir.domain.errors import Code, Unavailable

PATH = "/v1/shelves/1/books:watch"


BEGUN = b":\n\n"
"""The comment that comes with the headers."""


@pytest.fixture
async def library() -> AsyncIterator[ServedLibrary]:
    async with serving() as served:
        yield served


async def test_each_message_is_an_event(library: ServedLibrary) -> None:
    """As it comes, in one line of data; the end of the stream is the end of the answer."""
    async with library.session.get(library.url + PATH) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream; charset=UTF-8"
        assert await answer.content.readexactly(len(BEGUN)) == BEGUN
        library.servicer.coming.put_nowait(Request(name="a\nb"))
        assert await answer.content.readline() == b'data: {"name":"a\\nb"}\n'
        assert await answer.content.readline() == b"\n"
        library.servicer.coming.put_nowait(Request(kind=2))
        library.servicer.coming.put_nowait(None)
        assert await answer.read() == b'data: {"kind":"ATLAS"}\n\n'


async def test_the_answer_begins_before_the_first_message(library: ServedLibrary) -> None:
    """So that a client knows it is heard."""
    async with library.session.get(library.url + PATH) as answer:
        assert answer.status == 200
        assert library.servicer.watching.is_set()


async def test_a_silent_stream_shows_that_it_is_there() -> None:
    """By comments, which are no events; and goes on after them."""
    async with serving(heartbeat=0.01) as library, library.session.get(library.url + PATH) as answer:
        assert await answer.content.readexactly(2 * len(BEGUN)) == 2 * BEGUN
        library.servicer.coming.put_nowait(Request(name="a"))
        while (line := await answer.content.readline()) in (b":\n", b"\n"):
            """More of them."""
        assert line == b'data: {"name":"a"}\n'


async def test_a_request_that_is_refused_is_no_stream(library: ServedLibrary) -> None:
    """It is answered as any other, whoever refuses it."""
    for path, told in ((f"{PATH}?kind=NOVEL", "No kinds, please."), (f"{PATH}?pageSize=x", "page_size")):
        status, answer = await library.ask("GET", path)
        assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
        assert told in answer["error"]["message"]


async def test_a_refusal_on_the_way_is_the_last_event(library: ServedLibrary) -> None:
    """In the envelope, under a name of its own."""
    async with library.session.get(library.url + PATH) as answer:
        library.servicer.coming.put_nowait(Request(name="a"))
        library.servicer.coming.put_nowait(Unavailable("The disk is full."))
        assert await answer.read() == BEGUN + (
            b'data: {"name":"a"}\n\n'
            b"event: error\n"
            b'data: {"error":{"code":503,"message":"The disk is full.","status":"UNAVAILABLE"}}\n\n'
        )


async def test_a_deadline_ends_a_stream() -> None:
    """With a refusal, though nothing came; it is counted so."""
    observed: list[Code] = []
    async with serving(Calls(observe=lambda rpc, code, _: observed.append(code))) as library:
        async with library.session.get(library.url + PATH, headers={"X-Server-Timeout": "0.05"}) as answer:
            assert b'"status":"DEADLINE_EXCEEDED"' in await answer.read()
        assert library.servicer.left.is_set()
    assert observed == [Code.DEADLINE_EXCEEDED]


async def test_a_stream_ends_when_its_client_leaves() -> None:
    """What watches for it is closed, and the call counts as cancelled."""
    observed: list[tuple[str, Code]] = []
    async with serving(Calls(observe=lambda rpc, code, _: observed.append((rpc, code)))) as library:
        async with library.session.get(library.url + PATH) as answer:
            library.servicer.coming.put_nowait(Request(name="a"))
            await answer.content.readline()
        async with asyncio.timeout(10):
            await library.servicer.left.wait()
    assert observed == [("taskweir.library.v1.Library/WatchBooks", Code.CANCELLED)]


async def test_a_stream_ends_with_the_server() -> None:
    """At once and in good order, whatever the grace; it counts as what the client sees."""
    observed: list[Code] = []
    async with serving(Calls(observe=lambda rpc, code, _: observed.append(code))) as library:
        async with library.session.get(library.url + PATH) as answer:
            async with asyncio.timeout(10):
                await library.rest.stop(600)
            assert await answer.read() == BEGUN
        assert library.servicer.left.is_set()
    assert observed == [Code.OK]


@pytest.mark.parametrize(
    ("heartbeat", "headers", "code"),
    [
        (0.05, b"", Code.CANCELLED),
        (0.05, b"X-Server-Timeout: 600\r\n", Code.CANCELLED),
        (600.0, b"X-Server-Timeout: 0.2\r\n", Code.DEADLINE_EXCEEDED),
    ],
)
async def test_a_client_that_reads_nothing_is_given_up(heartbeat: float, headers: bytes, code: Code) -> None:
    """After two heartbeats, or at its deadline: what waits for it would fill the memory."""
    observed: list[Code] = []
    calls = Calls(observe=lambda rpc, code, _: observed.append(code))
    async with serving(calls, heartbeat) as library:
        for _ in range(200):
            library.servicer.coming.put_nowait(Request(name="x" * 100_000))
        _, writer = await asyncio.open_connection("127.0.0.1", library.http.port, limit=1_000)
        writer.write(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n".encode() + headers + b"\r\n")
        async with asyncio.timeout(10):
            await library.servicer.left.wait()
        await eventually(lambda: observed)
        assert observed == [code]
        writer.transport.abort()
