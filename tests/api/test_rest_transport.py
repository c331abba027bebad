"""Requests over REST that come slowly, in part or too large, and what becomes of their connections."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.api.library import BODY_LIMIT, NAME, Request, ServedLibrary, serving

from taskweir.api.call import Call
from taskweir.api.http.server import HttpServer
from taskweir.api.methods import Calls, Method
from taskweir.domain.errors import Code


@pytest.fixture
async def library() -> AsyncIterator[ServedLibrary]:
    async with serving() as served:
        yield served


@contextlib.asynccontextmanager
async def unfinished(port: int, headers: bytes = b"") -> AsyncIterator[asyncio.StreamReader]:
    """A client that never sends the rest of what it has begun."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /v1/books:create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n" + headers)
    writer.write(b"\r\n{")
    try:
        async with asyncio.timeout(10):
            yield reader
    finally:
        writer.transport.abort()


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (b" " * (BODY_LIMIT + 1), {}),
        (gzip.compress(b" " * (BODY_LIMIT + 1)), {"Content-Encoding": "gzip"}),
    ],
    ids=["plain", "compressed"],
)
async def test_a_body_past_the_limit_is_refused(data: bytes, headers: dict[str, str]) -> None:
    """As large as it is when decompressed; and counted as a call."""
    observed: list[tuple[str, Code]] = []
    async with serving(Calls(observe=lambda rpc, code, _: observed.append((rpc, code)))) as library:
        status, answer = await library.ask("POST", "/v1/books:create", data=data, headers=headers)
        whole = b"{}" + b" " * (BODY_LIMIT - 2)
        assert (await library.ask("POST", "/v1/books:create", data=whole))[0] == 200

    message = f"Request payload size exceeds the limit: {BODY_LIMIT} bytes."
    assert (status, answer["error"]["message"]) == (400, message)
    assert observed == [(f"{NAME}/CreateBook", Code.INVALID_ARGUMENT), (f"{NAME}/CreateBook", Code.OK)]


async def test_a_body_that_is_not_what_its_headers_say_is_refused(
    library: ServedLibrary, caplog: pytest.LogCaptureFixture
) -> None:
    """It is the client's doing, and nothing to log."""
    how = {"data": b"no gzip", "headers": {"Content-Encoding": "gzip"}}
    status, answer = await library.ask("POST", "/v1/books:create", **how)

    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("headers", "idle", "told"),
    [
        (b"X-Server-Timeout: 0.05\r\n", 600.0, "The request's deadline passed"),
        (b"", 0.05, "Nothing of the request's body came for 0.05 s."),
        (b"X-Server-Timeout: 600\r\n", 0.05, "Nothing of the request's body came for 0.05 s."),
    ],
)
async def test_a_body_must_come_in_time(headers: bytes, idle: float, told: str) -> None:
    """Before the deadline, and without long pauses. The call is counted."""
    observed: list[Code] = []
    calls = Calls(observe=lambda rpc, code, seconds: observed.append(code))
    async with serving(calls, body_idle=idle) as library, unfinished(library.http.port, headers) as reader:
        assert (await reader.readline()).startswith(b"HTTP/1.1 504")
        assert told.encode() in await reader.readuntil(b"}}")
    assert observed == [Code.DEADLINE_EXCEEDED]


async def test_a_client_that_asks_first_is_told_to_go_on(library: ServedLibrary) -> None:
    """Only where somebody will read what it sends."""
    asking = b"Expect: 100-continue\r\n"
    async with unfinished(library.http.port, asking) as reader:
        assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
    async with unfinished(library.http.port, asking + b"Origin: http://evil.example\r\n") as reader:
        assert (await reader.readline()).startswith(b"HTTP/1.1 403")


async def test_a_stop_does_not_wait_for_uploads(library: ServedLibrary) -> None:
    """A request runs once it has come."""
    async with unfinished(library.http.port, b"Expect: 100-continue\r\n") as reader:
        await reader.readline()
        await library.rest.stop(600)


async def test_an_upload_that_ends_after_the_stop_is_refused(library: ServedLibrary) -> None:
    """Nobody would wait for what it calls."""
    reader, writer = await asyncio.open_connection("127.0.0.1", library.http.port)
    writer.write(b"POST /v1/books:create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n")
    writer.write(b"Expect: 100-continue\r\n\r\n{")
    async with asyncio.timeout(10):
        await reader.readuntil(b"\r\n\r\n")
        await library.rest.stop(600)
        writer.write(b"}")
        assert (await reader.readline()).startswith(b"HTTP/1.1 503")
    writer.transport.abort()


async def test_an_answer_must_be_taken_in_time() -> None:
    """The deadline is for that too: the connection ends, and a stop need not wait."""
    large = Request(tags=["x" * 100_000] * 200)

    async def carry_out(method: Method, request: Any, call: Call) -> Any:
        return large

    async with serving(Calls(carry_out=carry_out)) as library:
        reader, writer = await asyncio.open_connection("127.0.0.1", library.http.port, limit=1_000)
        writer.write(b"GET /v1/anyhow HTTP/1.1\r\nHost: localhost\r\nX-Server-Timeout: 0.5\r\n\r\n")
        async with asyncio.timeout(10):
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            await library.rest.stop(600)
            with contextlib.suppress(ConnectionResetError):
                assert len(await reader.read()) < 20_000_000
        writer.transport.abort()


async def test_a_bug_outside_of_calls_is_an_internal_error(caplog: pytest.LogCaptureFixture) -> None:
    """In the envelope, and logged once."""

    async def answer(request: object) -> Any:
        raise RuntimeError("a bug")

    http = await HttpServer.start("127.0.0.1", 0, lambda: None, {}, answer)
    async with unfinished(http.port) as reader:
        assert (await reader.readline()).startswith(b"HTTP/1.1 500")
        assert b'"message":"Internal error encountered."' in await reader.readuntil(b"}}")
    await http.stop()
    assert caplog.text.count("RuntimeError: a bug") == 1


async def test_a_reply_that_cannot_be_written_is_an_internal_error(caplog: pytest.LogCaptureFixture) -> None:
    """It is a bug of ours, and the call is counted as one."""
    observed: list[Code] = []

    async def carry_out(method: Method, request: Any, call: Call) -> Any:
        return None

    async with serving(Calls((), carry_out, lambda rpc, code, seconds: observed.append(code))) as library:
        status, _ = await library.ask("GET", "/v1/anyhow")

    assert (status, observed) == (500, [Code.INTERNAL])
    assert "Anyhow failed" in caplog.text
