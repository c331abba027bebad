"""Query parameters of every Google API, and the forms of answers that they ask for."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.rpc import error_details_pb2, status_pb2
from tests.api.library import Request, ServedLibrary, serving

from taskweir.api.call import Call
from taskweir.api.methods import Calls, Method
from taskweir.domain.errors import Code, Refusal

JSON = "application/json; charset=UTF-8"
PROTO = "application/x-protobuf"


@pytest.fixture
async def library() -> AsyncIterator[ServedLibrary]:
    async with serving() as served:
        yield served


async def get(library: ServedLibrary, path: str) -> tuple[int, str, bytes]:
    async with library.session.get(library.url + path) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.read()


@pytest.mark.parametrize(
    ("query", "content_type", "body"),
    [
        ("", JSON, b'{"name":"x","kind":"ATLAS"}'),
        ("&alt=", JSON, b'{"name":"x","kind":"ATLAS"}'),
        ("&alt=json", JSON, b'{"name":"x","kind":"ATLAS"}'),
        ("&alt=media", JSON, b'{"name":"x","kind":"ATLAS"}'),
        ("&alt=json;enum-encoding=int", JSON, b'{"name":"x","kind":2}'),
        ("&$alt=proto&alt=json", PROTO, Request(name="x", kind=2).SerializeToString()),
        ("&alt=proto", PROTO, Request(name="x", kind=2).SerializeToString()),
        ("&alt=proto&fields=kind", PROTO, Request(kind=2).SerializeToString()),
        ("&prettyPrint=false", JSON, b'{"name":"x","kind":"ATLAS"}'),
        ("&prettyPrint=true", JSON, b'{\n  "name": "x",\n  "kind": "ATLAS"\n}\n'),
        ("&$prettyPrint=1", JSON, b'{\n  "name": "x",\n  "kind": "ATLAS"\n}\n'),
        ("&fields=name", JSON, b'{"name":"x"}'),
        ("&$fields=name&$alt=json;enum-encoding=int", JSON, b'{"name":"x"}'),
        ("&fields=", JSON, b'{"name":"x","kind":"ATLAS"}'),
        ("&fields=page_size", JSON, b"{}"),
    ],
)
async def test_a_reply_comes_in_the_form_that_is_asked_for(
    library: ServedLibrary, query: str, content_type: str, body: bytes
) -> None:
    """JSON on one line, if nothing is asked for."""
    assert await get(library, f"/v1/anyhow?name=x&kind=2{query}") == (200, content_type, body)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("alt=xml", 'Invalid value for the parameter alt: "xml". It may be json, media or proto.'),
        ("$alt=JSON", 'Invalid value for the parameter alt: "JSON". It may be json, media or proto.'),
        ("alt=json;enum-encoding=float", 'Invalid value for the parameter alt: "json;enum-encoding=float".'),
        ("prettyPrint=yes", 'Invalid value for the parameter prettyPrint: "yes". It may be true or false.'),
        ("fields=nope", "Invalid field selection nope"),
        ("fields=name(", "Invalid field selection name("),
    ],
)
async def test_what_cannot_be_asked_for_is_refused(query: str, told: str) -> None:
    """As a call, which is counted; nothing is carried out."""
    observed: list[Code] = []
    async with serving(Calls(observe=lambda rpc, code, seconds: observed.append(code))) as library:
        status, answer = await library.ask("GET", f"/v1/anyhow?{query}")

    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert answer["error"]["message"].startswith(told)
    assert observed == [Code.INVALID_ARGUMENT]
    assert library.servicer.calls == []


async def test_a_download_is_raw_bytes_as_media(library: ServedLibrary) -> None:
    """Of their own type, and JSON otherwise."""
    assert await get(library, "/v1/downloads/image%2Fpng?alt=media") == (200, "image/png", b"\0\xff")
    assert await get(library, "/v1/downloads/x%0D%0Ay?alt=media") == (200, "xy", b"\0\xff")
    assert await get(library, "/v1/downloads/%0A?alt=media") == (200, "application/octet-stream", b"\0\xff")
    assert await library.ask("GET", "/v1/downloads/x") == (200, {"contentType": "x", "data": "AP8="})


async def test_a_refusal_comes_in_the_form_that_is_asked_for(library: ServedLibrary) -> None:
    """As google.rpc.Status, or indented."""
    status, content_type, body = await get(library, "/v1/ones/not%20found?alt=proto")
    told = status_pb2.Status.FromString(body)
    help_ = error_details_pb2.Help()
    assert (status, content_type, told.code, told.message) == (404, PROTO, 5, "No such book.")
    assert told.details[0].Unpack(help_)
    assert help_.links[0].url == "https://books.example/"

    status, content_type, body = await get(library, "/v1/ones/not%20found?prettyPrint=true")
    assert (status, content_type) == (404, JSON)
    assert body.startswith(b'{\n  "error": {\n    "code": 404,\n')


@pytest.mark.parametrize(
    "path", ["/nope?alt=proto", "/v1/a%ED%A0%80?alt=proto", "/v1/ones/x?alt=proto&fields=nope"]
)
async def test_what_nobody_serves_is_told_in_that_form_too(library: ServedLibrary, path: str) -> None:
    """Also where the path is no text, or another parameter is refused."""
    async with library.session.get(library.url + path) as answer:
        assert answer.status in (400, 404)
        code = status_pb2.Status.FromString(await answer.read()).code
    assert code == (5 if answer.status == 404 else 3)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (Code.INVALID_ARGUMENT, "badRequest"),
        (Code.OUT_OF_RANGE, "badRequest"),
        (Code.UNAUTHENTICATED, "authError"),
        (Code.PERMISSION_DENIED, "forbidden"),
        (Code.NOT_FOUND, "notFound"),
        (Code.ALREADY_EXISTS, "alreadyExists"),
        (Code.FAILED_PRECONDITION, "failedPrecondition"),
        (Code.ABORTED, "aborted"),
        (Code.RESOURCE_EXHAUSTED, "rateLimitExceeded"),
        (Code.UNAVAILABLE, "backendError"),
        (Code.INTERNAL, "backendError"),
    ],
)
async def test_the_first_format_lists_errors(code: Code, reason: str) -> None:
    """In older words, beside those of today."""

    async def refuse(method: Method, request: object, call: Call) -> Any:
        refused = Refusal("No.")
        refused.code = code  # type: ignore[misc]
        raise refused

    async with serving(Calls(carry_out=refuse)) as library:
        _, first = await library.ask("GET", "/v1/anyhow?$.xgafv=1")
        _, second = await library.ask("GET", "/v1/anyhow?$.xgafv=2")

    assert first["error"].pop("errors") == [{"message": "No.", "domain": "global", "reason": reason}]
    assert first == second


async def test_a_path_without_a_service_lists_errors_too(library: ServedLibrary) -> None:
    """Whoever asks for that format reads it always."""
    _, answer = await library.ask("GET", "/nope?$.xgafv=1")
    assert answer["error"]["errors"][0]["reason"] == "notFound"


@pytest.mark.parametrize("name", ["access_token", "oauth_token", "$oauth_token"])
async def test_a_credential_may_be_in_the_query(library: ServedLibrary, name: str) -> None:
    """Where a header could be as well."""
    await library.ask("GET", f"/v1/anyhow?{name}=secret")
    [(_, _, call)] = library.servicer.calls
    assert call.header("authorization") == "Bearer secret"


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("?fields=name", '{"name":"x"}'),
        ("?prettyPrint=true", '{"name":"x","kind":"ATLAS"}'),
        ("?alt=json;enum-encoding=int", '{"name":"x","kind":2}'),
        ("?alt=media", '{"name":"x","kind":"ATLAS"}'),
    ],
)
async def test_events_have_what_is_asked_for(library: ServedLibrary, query: str, data: str) -> None:
    """On one line always."""
    library.servicer.coming.put_nowait(Request(name="x", kind=2))
    library.servicer.coming.put_nowait(None)
    _, content_type, body = await get(library, f"/v1/shelves/1/books:watch{query}")
    assert content_type == "text/event-stream; charset=UTF-8"
    assert body.decode() == f":\n\ndata: {data}\n\n"


async def test_events_are_no_protobuf(library: ServedLibrary) -> None:
    """There is no way to tell one from the next."""
    status, content_type, body = await get(library, "/v1/shelves/1/books:watch?alt=proto")
    assert (status, content_type, status_pb2.Status.FromString(body).code) == (400, PROTO, 3)
