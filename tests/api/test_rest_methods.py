"""HTTP methods: those in a header, those that are not served, and those that every path has."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from tests.api.library import Request, ServedLibrary, serving

from taskweir.domain.errors import Code


@pytest.fixture
async def library() -> AsyncIterator[ServedLibrary]:
    async with serving() as served:
        yield served


OVERRIDE = "X-HTTP-Method-Override"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
BOOK = {"name": "shelves/1/books/2"}


@pytest.mark.parametrize(
    ("override", "path", "how", "rpc", "request_"),
    [
        ("GET", "/v1/shelves/1/books/2", {}, "GetBook", BOOK),
        ("get ", "/v1/shelves/1/books/2", {}, "GetBook", BOOK),
        ("GET", "/v1/shelves/1/books/2", {"data": "pageSize=5"}, "GetBook", BOOK),
        (
            "GET",
            "/v1/shelves/1/books/2?isDry=true",
            {"data": "pageSize=5&tags=a+%C3%BC", "headers": FORM},
            "GetBook",
            {**BOOK, "isDry": True, "pageSize": 5, "tags": ["a ü"]},
        ),
        (
            "GET",
            "/v1/anyhow",
            {"data": "fields=name&name=x&kind=2", "headers": FORM},
            "Anyhow",
            {"name": "x"},
        ),
        (
            "PATCH",
            "/v1/shelves/1/books/2?updateMask=page_size",
            {"data": '{"pageSize": 5}'},
            "UpdateBook",
            {"book": {**BOOK, "pageSize": 5}, "updateMask": "pageSize"},
        ),
        ("PUT", "/v1/shelves/1/tags", {"data": '["a"]'}, "SetTags", {"name": "shelves/1", "tags": ["a"]}),
        ("DELETE", "/v1/shelves/1", {}, "", {}),
        ("POST", "/v1/books:create", {"data": '{"name": "x"}'}, "CreateBook", {"name": "x"}),
    ],
)
async def test_a_post_may_stand_for_another_method(
    library: ServedLibrary, override: str, path: str, how: dict[str, Any], rpc: str, request_: dict[str, Any]
) -> None:
    """For a GET, a form in the body is the query."""
    how = {**how, "headers": {OVERRIDE: override, **how.get("headers", {})}}
    assert await library.ask("POST", path, **how) == (200, request_)
    if rpc:
        [(called, message, call)] = library.servicer.calls
        assert (called, call.http.method) == (rpc, override.strip().upper())
        if rpc != "Anyhow":
            assert message == ParseDict(request_, Request())


async def test_a_form_that_is_no_text_or_too_long_is_refused(library: ServedLibrary) -> None:
    """As a query would be."""
    for data in (b"name=%FF", b"name=\xff", b"name=" + b"x" * (1 << 20)):
        how: dict[str, Any] = {"data": io.BytesIO(data), "headers": {OVERRIDE: "GET", **FORM}}
        assert (await library.ask("POST", "/v1/anyhow", **how))[0] == 400


@pytest.mark.parametrize("override", ["HEAD", "PURGE", "", "GET, PUT"])
async def test_no_other_method_can_be_meant(library: ServedLibrary, override: str) -> None:
    """It is told which can."""
    status, answer = await library.ask("POST", "/v1/anyhow", headers={OVERRIDE: override})
    assert status == 400
    assert "It may be DELETE, GET, PATCH, POST, PUT." in answer["error"]["message"]


async def test_only_a_post_stands_for_another_method(library: ServedLibrary) -> None:
    """Others are what they are."""
    how: dict[str, Any] = {"headers": {OVERRIDE: "DELETE"}}
    assert await library.ask("GET", "/v1/shelves/1/books/2", **how) == (200, BOOK)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/shelves/1/books/2", "GET, HEAD, OPTIONS, PATCH"),
        ("POST", "/v1/shelves/1/books/2", "GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/v1/books:create", "OPTIONS, POST"),
        ("GET", "/v1/shelves/1", "DELETE, OPTIONS, PURGE"),
        ("HEAD", "/v1/shelves/1/books:watch", "GET, OPTIONS"),
    ],
)
async def test_another_method_is_not_allowed(
    library: ServedLibrary, method: str, path: str, allowed: str
) -> None:
    """And told which are, in the envelope."""
    async with library.session.request(method, library.url + path) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, allowed)
        if method != "HEAD":
            error = (await answer.json())["error"]
            assert (error["code"], error["status"]) == (405, Code.UNIMPLEMENTED.name)
            assert error["message"].endswith(f"there are: {allowed}.")


async def test_a_path_tells_its_methods(library: ServedLibrary) -> None:
    """Where no method of its own answers OPTIONS."""
    async with library.session.options(f"{library.url}/v1/shelves/1/books/2") as answer:
        assert (answer.status, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, PATCH")
    assert (await library.ask("OPTIONS", "/nope"))[0] == 404
    assert await library.ask("OPTIONS", "/v1/anyhow?name=x") == (200, {"name": "x"})


async def test_head_is_get_without_the_body(library: ServedLibrary) -> None:
    """Its length is told; refusals have their status."""
    async with library.session.get(f"{library.url}/v1/shelves/1/books/2") as answer:
        headers, body = answer.headers, await answer.read()
    async with library.session.head(f"{library.url}/v1/shelves/1/books/2") as answer:
        assert (answer.status, await answer.read()) == (200, b"")
        for name in ("Content-Type", "Content-Length"):
            assert answer.headers[name] == headers[name]
    assert int(headers["Content-Length"]) == len(body)
    async with library.session.head(f"{library.url}/v1/ones/not%20found") as answer:
        assert (answer.status, await answer.read()) == (404, b"")
