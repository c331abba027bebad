"""Bodies of requests that are no JSON, that are nobody's to read, or that are large."""

import asyncio
import gzip
import io
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf.message import Message
from tests.api.library import NAME, Request, ServedLibrary, serving

from taskweir.api.methods import Calls
from taskweir.api.rest import request as rest_request
from taskweir.api.rest.json_text import parsed
from taskweir.api.rest.side_threads import LARGE_BODY
from taskweir.domain.errors import Code

PROTO = {"Content-Type": "application/x-protobuf"}
MUCH = b"x" * LARGE_BODY + b" "


@pytest.fixture
async def library() -> AsyncIterator[ServedLibrary]:
    async with serving() as served:
        yield served


@pytest.mark.parametrize(
    ("method", "path", "body", "request_"),
    [
        ("POST", "/v1/books:create", Request(name="x", page_size=5), {"name": "x", "pageSize": 5}),
        (
            "POST",
            "/v1/shelves/1/books?isDry=true",
            Request(name="x", parent="other"),
            {"name": "x", "parent": "shelves/1", "isDry": True},
        ),
        (
            "PATCH",
            "/v1/shelves/1/books/2?updateMask=tags",
            Request(name="other", tags=["x"]),
            {"book": {"name": "shelves/1/books/2", "tags": ["x"]}, "updateMask": "tags"},
        ),
        ("POST", "/v1/books:create", Request(), {}),
    ],
)
async def test_a_body_may_be_protobuf(
    library: ServedLibrary, method: str, path: str, body: Message, request_: dict[str, Any]
) -> None:
    """The message that the binding's body is."""
    data = body.SerializeToString()
    for content_type in ("application/x-protobuf", "Application/Protobuf; charset=x"):
        headers = {"Content-Type": content_type}
        assert await library.ask(method, path, data=data, headers=headers) == (200, request_)


@pytest.mark.parametrize(
    ("path", "data", "told"),
    [
        ("POST /v1/books:create", b"\xff", "The request could not be parsed."),
        ("POST /v1/books:create", b"\x0a\x01\xff", "The request could not be parsed."),
        ("PUT /v1/shelves/1/tags", b"", "The request's body is a field that only JSON can hold alone."),
    ],
)
async def test_protobuf_that_does_not_fit_is_refused(
    library: ServedLibrary, path: str, data: bytes, told: str
) -> None:
    """As over gRPC."""
    status, answer = await library.ask(*path.split(), data=data, headers=PROTO)
    assert (status, answer["error"]["message"]) == (400, told)


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/shelves/1/books:upload", ""),
        ("/v1/shelves/1/books/:upload", ""),
        ("/v1/shelves/1/books/b%2Fc:upload", "b/c"),
    ],
)
async def test_a_raw_body_is_taken_as_it_is(
    library: ServedLibrary, method: str, path: str, name: str
) -> None:
    """Whatever it is, by whatever method it comes, and by whatever path leads there."""
    for data, content_type in ((b'{"x": 1}', "application/json"), (b"\0\xff", "application/x-protobuf")):
        status, _ = await library.ask(method, path, data=data, headers={"Content-Type": content_type})
        called, message, call = library.servicer.calls.pop()

        assert (status, called, message.parent, message.name) == (200, "Upload", "shelves/1", name)
        assert (message.media.data, message.media.content_type) == (data, content_type)
        assert call.http.method == method


async def test_a_raw_body_is_no_query(library: ServedLibrary) -> None:
    """Even where a form would be one."""
    form = "application/x-www-form-urlencoded"
    headers = {"X-HTTP-Method-Override": "GET", "Content-Type": form}
    assert (await library.ask("POST", "/v1/shelves/1/books:upload", data=b"a=b", headers=headers))[0] == 200
    [(_, message, call)] = library.servicer.calls
    assert (message.media.data, message.media.content_type, call.http.method) == (b"a=b", form, "GET")


async def test_a_raw_body_may_be_empty(library: ServedLibrary) -> None:
    """It is there all the same; the query still sets fields, and the body is no query."""
    assert (await library.ask("PUT", "/v1/shelves/1/books:upload?isDry=true"))[0] == 200
    [(_, message, _)] = library.servicer.calls
    assert (message.is_dry, message.media.data, message.HasField("media")) == (True, b"", True)


async def test_a_call_has_its_headers_as_they_were_sent(library: ServedLibrary) -> None:
    """In their order and spelling, but for the encoding of the body, which is gone."""
    reader, writer = await asyncio.open_connection("127.0.0.1", library.http.port)
    body = gzip.compress(b"plain")
    writer.write(
        b"POST /v1/shelves/1/books:upload HTTP/1.1\r\nHost: localhost\r\nX-MiXed: a\r\nx-mixed: b\r\n"
        b"X-Latin: caf\xe9\r\nX-Utf: caf\xc3\xa9\r\nCONTENT-encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
        % (len(body), body)
    )
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()

    [(_, message, call)] = library.servicer.calls
    assert message.media.data == b"plain"
    assert call.http.headers == [
        ("Host", "localhost"),
        ("X-MiXed", "a"),
        ("x-mixed", "b"),
        ("X-Latin", "café"),
        ("X-Utf", "café"),
        ("Content-Length", str(len(body))),
    ]
    assert call.header("x-latin") == "café"


@pytest.fixture
def parsing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that parse."""
    threads: list[str] = []

    def told(body: bytes) -> object:
        threads.append(threading.current_thread().name)
        return parsed(body)

    monkeypatch.setattr(rest_request, "parsed", told)
    return threads


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"name": "%b"}' % MUCH, 200, Code.OK),
        (b'{"nope": "%b"}' % MUCH, 400, Code.INVALID_ARGUMENT),
        (MUCH, 400, Code.INVALID_ARGUMENT),
    ],
    ids=["right", "wrong", "no JSON"],
)
async def test_a_large_body_is_parsed_beside_the_loop(
    parsing: list[str], body: bytes, status: int, code: Code
) -> None:
    """What is wrong with it is told and counted as ever."""
    observed: list[tuple[str, Code]] = []
    calls = Calls(observe=lambda rpc, code, _: observed.append((rpc, code)))
    async with serving(calls, body_limit=2 << 20) as library:
        assert (await library.ask("POST", "/v1/books:create", data=io.BytesIO(body)))[0] == status
        assert (await library.ask("POST", "/v1/books:create", data="{}"))[0] == 200

    assert observed == [(f"{NAME}/CreateBook", code), (f"{NAME}/CreateBook", Code.OK)]
    assert [name.startswith("taskweir-beside") for name in parsing] == [True, False]


async def test_a_bug_beside_the_loop_is_an_internal_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Logged as a bug in the loop would be."""

    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(rest_request, "parsed", broken)
    async with serving(body_limit=2 << 20) as library:
        status, answer = await library.ask("POST", "/v1/books:create", data=io.BytesIO(b'"%b"' % MUCH))

    assert (status, answer["error"]["message"]) == (500, "Internal error encountered.")
    assert "RuntimeError: a bug" in caplog.text
