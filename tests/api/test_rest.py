"""REST made of google.api.http rules, over a real socket."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from google.protobuf.json_format import ParseDict
from tests.api.library import NAME, Request, ServedLibrary, serving
from tests.eventually import eventually

from taskweir.api.call import Call
from taskweir.api.faulty_calls import CallCutOff
from taskweir.api.methods import Calls, Method
from taskweir.deadline import call_deadline
from taskweir.domain.errors import Code, Refusal


@pytest.fixture
async def library() -> AsyncIterator[ServedLibrary]:
    async with serving() as served:
        yield served


BOOK = {"name": "shelves/1/books/2"}


@pytest.mark.parametrize(
    ("method", "path", "body", "rpc", "request_"),
    [
        # paths
        ("GET", "/v1/shelves/1/books/2", None, "GetBook", BOOK),
        ("GET", "/v1/shelves/1/books/a%20b%2Fc", None, "GetBook", {"name": "shelves/1/books/a b%2Fc"}),
        ("GET", "/v1/ones/a%2Fb%3Ac", None, "GetOne", {"name": "a/b:c"}),
        ("GET", "/v1/files/a/b/c.txt", None, "GetFile", {"name": "a/b/c.txt"}),
        ("PURGE", "/v1/shelves/1", None, "Purge", {"name": "shelves/1"}),
        ("DELETE", "/v1/anyhow", None, "Anyhow", {}),
        ("POST", "/v1/anyhow", "not looked at", "Anyhow", {}),
        # queries
        ("GET", "/v1/shelves/1/books?pageSize=5", None, "ListBooks", {"parent": "shelves/1", "pageSize": 5}),
        ("GET", "/v1/anyhow?page_size=5", None, "Anyhow", {"pageSize": 5}),
        ("GET", "/v1/anyhow?tags=a&tags=b+c&tags=", None, "Anyhow", {"tags": ["a", "b c", ""]}),
        ("GET", "/v1/anyhow?kinds=NOVEL&kinds=2", None, "Anyhow", {"kinds": ["NOVEL", "ATLAS"]}),
        ("GET", "/v1/anyhow?kind=ATLAS", None, "Anyhow", {"kind": "ATLAS"}),
        ("GET", "/v1/anyhow?isDry=true&flag=false", None, "Anyhow", {"isDry": True, "flag": False}),
        ("GET", "/v1/anyhow?most=0&ratio=0.5", None, "Anyhow", {"most": 0, "ratio": 0.5}),
        ("GET", "/v1/anyhow?ratio=Infinity", None, "Anyhow", {"ratio": "Infinity"}),
        (
            "GET",
            "/v1/anyhow?sinceTime=2026-01-02T03:04:05.5Z&within=1.5s",
            None,
            "Anyhow",
            {"sinceTime": "2026-01-02T03:04:05.500Z", "within": "1.500s"},
        ),
        ("GET", "/v1/anyhow?updateMask=a,pageSize", None, "Anyhow", {"updateMask": "a,pageSize"}),
        (
            "GET",
            "/v1/anyhow?update_mask=a&update_mask=book.page_size,b",
            None,
            "Anyhow",
            {"updateMask": "a,book.pageSize,b"},
        ),
        (
            "GET",
            "/v1/anyhow?book.book.name=x&book.is_dry=true&book.tags=t",
            None,
            "Anyhow",
            {"book": {"book": {"name": "x"}, "isDry": True, "tags": ["t"]}},
        ),
        ("GET", "/v1/anyhow?name=a&name=b", None, "Anyhow", {"name": "b"}),
        ("GET", "/v1/anyhow?cover=AQI=", None, "Anyhow", {"cover": "AQI="}),
        (
            "GET",
            (
                "/v1/anyhow?alt=json&$alt=json&key=k&access_token=t&oauth_token=o&prettyPrint=false&fields=*"
                "&quotaUser=q&userIp=1&uploadType=media&upload_protocol=raw&callback=c&$.xgafv=1&%24.xgafv=2"
            ),
            None,
            "Anyhow",
            {},
        ),
        # bodies
        (
            "POST",
            "/v1/shelves/1/books",
            {"name": "n", "page_size": 3, "ratio": None, "book": {"kind": 2}, "tags": ["x"]},
            "CreateBook",
            {"parent": "shelves/1", "name": "n", "pageSize": 3, "book": {"kind": "ATLAS"}, "tags": ["x"]},
        ),
        ("POST", "/v1/shelves/1/books", {"parent": "other"}, "CreateBook", {"parent": "shelves/1"}),
        ("POST", "/v1/shelves/1/books?isDry=true", {}, "CreateBook", {"parent": "shelves/1", "isDry": True}),
        ("POST", "/v1/shelves/1/books", "", "CreateBook", {"parent": "shelves/1"}),
        ("POST", "/v1/books:create", {"name": "n"}, "CreateBook", {"name": "n"}),
        (
            "PATCH",
            "/v1/shelves/1/books/2?updateMask=name",
            {"tags": ["x"], "name": "other"},
            "UpdateBook",
            {"book": {"name": "shelves/1/books/2", "tags": ["x"]}, "updateMask": "name"},
        ),
        ("PATCH", "/v1/shelves/1/books/2", "", "UpdateBook", {"book": BOOK}),
        ("PUT", "/v1/shelves/1/tags", ["a", "b"], "SetTags", {"name": "shelves/1", "tags": ["a", "b"]}),
    ],
)
async def test_a_request_becomes_a_message(
    library: ServedLibrary, method: str, path: str, body: Any, rpc: str, request_: dict[str, Any]
) -> None:
    """Of its path, its query and its body, in the rule's terms; the answer is the message in JSON."""
    data = None if body is None else body if isinstance(body, str) else json.dumps(body)

    assert await library.ask(method, path, data=data) == (200, request_)

    [(called, message, _)] = library.servicer.calls
    assert called == rpc
    assert message == ParseDict(request_, Request())


@pytest.mark.parametrize(
    ("path", "body", "message", "field"),
    [
        ("", {"x": 1}, 'Invalid JSON payload received. Unknown name "x": Cannot find field.', ""),
        (
            "",
            {"book": {"x": 1}},
            "Invalid JSON payload received. Unknown name \"x\" at 'book': Cannot find field.",
            "book",
        ),
        (
            "",
            {"books": [{}, {"\ud800": 1}]},
            "Invalid JSON payload received. Unknown name \"?\" at 'books[1]': Cannot find field.",
            "books[1]",
        ),
        ("", {"pageSize": "x"}, "Invalid value at 'page_size' (TYPE_INT32), \"x\"", "page_size"),
        ("", {"pageSize": 1.5}, "Invalid value at 'page_size' (TYPE_INT32), 1.5", "page_size"),
        ("", {"name": 5}, "Invalid value at 'name' (TYPE_STRING), 5", "name"),
        ("", {"name": "\ud800"}, "Invalid value at 'name' (TYPE_STRING), \"?\"", "name"),
        ("", {"ratio": 10**400}, f"Invalid value at 'ratio' (TYPE_DOUBLE), {10**400}", "ratio"),
        ("", {"isDry": "yes"}, "Invalid value at 'is_dry' (TYPE_BOOL), \"yes\"", "is_dry"),
        ("", {"tags": "x"}, "Invalid value at 'tags' (a list), \"x\"", "tags"),
        ("", {"tags": ["x", 5]}, "Invalid value at 'tags[1]' (TYPE_STRING), 5", "tags[1]"),
        (
            "",
            {"book": {"kind": "POEM"}},
            "Invalid value at 'book.kind' (type.googleapis.com/taskweir.library.v1.Kind), \"POEM\"",
            "book.kind",
        ),
        (
            "",
            {"book": "x"},
            "Invalid value at 'book' (type.googleapis.com/taskweir.library.v1.Request), \"x\"",
            "book",
        ),
        (
            "",
            {"sinceTime": "soon"},
            "Invalid value at 'since_time' (type.googleapis.com/google.protobuf.Timestamp), \"soon\"",
            "since_time",
        ),
        (
            "",
            {"book": {"a": "x", "b": "y"}},
            "Invalid value at 'book' (oneof), oneof field 'choice' is already set. Cannot set 'b'",
            "book",
        ),
        (
            "?x=1",
            {},
            (
                'Invalid JSON payload received. Unknown name "x": Cannot bind query parameter. '
                "Field 'x' could not be found in request message."
            ),
            "",
        ),
        (
            "?book=1",
            {},
            (
                'Invalid JSON payload received. Unknown name "book": Cannot bind query parameter. '
                "Field 'book' could not be found in request message."
            ),
            "",
        ),
        (
            "?books.name=1",
            {},
            (
                'Invalid JSON payload received. Unknown name "books.name": Cannot bind query parameter. '
                "Field 'books.name' could not be found in request message."
            ),
            "",
        ),
        ("?book.pageSize=x", {}, "Invalid value at 'book.page_size' (TYPE_INT32), \"x\"", "book.page_size"),
        ("?isDry=yes", {}, "Invalid value at 'is_dry' (TYPE_BOOL), \"yes\"", "is_dry"),
        (
            "?kinds=NOVEL&kinds=POEM",
            {},
            ("Invalid value at 'kinds[1]' (type.googleapis.com/taskweir.library.v1.Kind), \"POEM\""),
            "kinds[1]",
        ),
        (
            "?within=soon",
            {},
            "Invalid value at 'within' (type.googleapis.com/google.protobuf.Duration), \"soon\"",
            "within",
        ),
    ],
)
async def test_what_does_not_fit_is_told(
    library: ServedLibrary, path: str, body: Any, message: str, field: str
) -> None:
    """In Google's words, with the names that clients know, and as details too. Nothing is called."""
    status, answer = await library.ask("POST", f"/v1/books:create{path}", data=json.dumps(body))

    assert status == 400
    assert answer["error"] == {
        "code": 400,
        "message": message if len(message) < 1_000 else answer["error"]["message"],
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"description": answer["error"]["message"]} | ({"field": field} if field else {})
                ],
            }
        ],
    }
    assert library.servicer.calls == []


async def test_all_that_does_not_fit_is_told_at_once(library: ServedLibrary) -> None:
    """A line and a detail each, but of a flood only the first twenty."""
    _, two = await library.ask("POST", "/v1/books:create", data='{"x": 1, "pageSize": "x"}')
    _, flood = await library.ask("POST", "/v1/books:create", json={str(number): 1 for number in range(500)})

    assert len(two["error"]["message"].splitlines()) == 2
    assert len(two["error"]["details"][0]["fieldViolations"]) == 2
    assert len(flood["error"]["message"].splitlines()) == 20


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"{nope", "Invalid JSON payload received. Unexpected token.\n{nope\n ^"),
        (
            b'{"name": "n"',
            'Invalid JSON payload received. Unexpected end of string.\n{"name": "n"\n            ^',
        ),
        (
            b'{"name": "a long story",\r\n' + b" " * 30 + b"x" * 50,
            f"Unexpected token.\n{' ' * 20}{'x' * 20}\n{' ' * 20}^",
        ),
        (b'\xef\xbb\xbf{"name": "n"}', "Unexpected token."),
        ('{"name": "n"}'.encode("utf-16"), "The payload is not UTF-8."),
        (b"null", "Root element must be a message."),
        (b"[]", 'Unknown name "": Root element must be a message.'),
        (b"5", 'Unknown name "": Root element must be a message.'),
        (b'{"name": "\xff"}', "The payload is not UTF-8."),
        (b"[" * 100_000, "It is nested more than 100 levels deep."),
        (b"[" * 975 + b"]" * 975, "It is nested more than 100 levels deep."),
        (b"[" * 101 + b"]" * 101, "It is nested more than 100 levels deep."),
        (b'{"book": ' * 100 + b"{}" + b"}" * 100, "It is nested more than 100 levels deep."),
        (b'{"pageSize": ' + b"9" * 5_000 + b"}", "A number in it cannot be read."),
        (b'{"pageSize": NaN}', "A number in it cannot be read."),
    ],
)
async def test_what_is_no_json_object_is_refused(library: ServedLibrary, data: bytes, told: str) -> None:
    """As an argument that is invalid, not as a bug."""
    status, answer = await library.ask("POST", "/v1/books:create", data=data)

    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert told in answer["error"]["message"]


async def test_a_hundred_levels_are_not_too_many(library: ServedLibrary) -> None:
    """As many as protobuf reads; brackets that stand side by side are no levels."""
    deep = b'{"book": ' * 99 + b"{}" + b"}" * 99
    broad = json.dumps({"tags": ["[{"] * 200, "books": [{}] * 200})

    assert (await library.ask("POST", "/v1/books:create", data=deep))[0] == 200
    assert (await library.ask("POST", "/v1/books:create", data=broad))[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404),
        ("GET", "/v1/shelves/1/books/2/", 404),
        ("HEAD", "/v1/anyhow/x", 404),
        ("POST", "/healthz", 404),
        ("GET", "/v1/not-there", 404),
        ("GET", "/v1/a%0Ab", 404),
        ("GET", "/v1/ones/%FF", 400),
        ("GET", "/v1/anyhow?name=%FF", 400),
    ],
)
async def test_what_nobody_serves_is_not_found(
    library: ServedLibrary, method: str, path: str, status: int
) -> None:
    """In JSON."""
    if method == "HEAD":
        async with library.session.head(library.url + path) as answer:
            assert answer.status == status
        return
    code, envelope = await library.ask(method, path)

    assert (code, envelope["error"]["code"]) == (status, status)


async def test_a_refusal_has_googles_envelope(library: ServedLibrary) -> None:
    """Its details unpacked, and told by their true types."""
    assert await library.ask("GET", "/v1/ones/not%20found") == (
        404,
        {
            "error": {
                "code": 404,
                "message": "No such book.",
                "status": "NOT_FOUND",
                "details": [
                    {
                        "@type": "type.googleapis.com/google.rpc.Help",
                        "links": [{"description": "Books", "url": "https://books.example/"}],
                    }
                ],
            }
        },
    )


async def test_a_bug_is_an_internal_error(library: ServedLibrary, caplog: pytest.LogCaptureFixture) -> None:
    """Logged with its traceback, which the caller does not see."""
    status, answer = await library.ask("GET", "/v1/ones/not%20working")

    assert (status, answer["error"]["message"]) == (500, "Internal error encountered.")
    assert "a bug" in caplog.text


@pytest.mark.parametrize("code", [code for code in Code if code])
async def test_every_code_has_its_status(code: Code) -> None:
    """The canonical mapping."""
    statuses = [499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401]

    async def refuse(method: Method, request: object, call: Call) -> Any:
        refused = Refusal("No.")
        refused.code = code  # type: ignore[misc]
        raise refused

    async with serving(Calls(carry_out=refuse)) as library:
        assert await library.ask("GET", "/v1/anyhow") == (
            statuses[code - 1],
            {"error": {"code": statuses[code - 1], "message": "No.", "status": code.name}},
        )


async def test_official_clients_get_numbers_for_enums(library: ServedLibrary) -> None:
    """They ask for them in a parameter of every call."""
    for alt in (
        "$alt=json;enum-encoding=int",
        "%24alt=json%3Benum-encoding%3Dint",
        "alt=json;enum-encoding=int",
    ):
        assert await library.ask("GET", f"/v1/anyhow?kind=ATLAS&{alt}") == (200, {"kind": 2})


async def test_a_method_sees_its_call(library: ServedLibrary) -> None:
    """Its name, its headers, and a deadline where the client sent one."""
    before = time.monotonic()
    await library.ask("GET", "/v1/anyhow", headers={"X-Server-Timeout": "20", "X-A": "1"})
    for passed_over in ("soon", "nan", "inf"):
        await library.ask("GET", "/v1/anyhow", headers={"X-Server-Timeout": passed_over})

    first, *others = [call for _, _, call in library.servicer.calls]
    assert (first.rpc, first.header("x-a")) == (f"{NAME}/Anyhow", "1")
    assert first.deadline is not None
    assert before + 19 < first.deadline < before + 21
    assert [call.deadline for call in others] == [None] * 3


async def test_a_call_ends_with_its_deadline(library: ServedLibrary) -> None:
    """The store sees it too, and what is not done by then is cancelled."""
    seen = []

    async def look(method: Method, request: Any, call: Call) -> Any:
        seen.append(call_deadline.get() == call.deadline)
        return await method.implementation(request, call)

    async with serving(Calls(carry_out=look)) as library:
        how = {"headers": {"X-Server-Timeout": "0.05"}}
        status, answer = await library.ask("GET", "/v1/ones/not%20yet", **how)

        assert (status, answer["error"]["status"]) == (504, "DEADLINE_EXCEEDED")
        assert library.servicer.left.is_set()
        assert seen == [True]


async def test_a_call_that_the_caller_gave_up_is_cancelled(library: ServedLibrary) -> None:
    """As over gRPC."""
    asking = asyncio.create_task(library.ask("GET", "/v1/ones/not%20yet"))
    await library.servicer.watching.wait()
    asking.cancel()
    async with asyncio.timeout(10):
        await library.servicer.left.wait()


async def test_a_call_that_is_cut_off_gets_no_answer() -> None:
    """The connection ends, and the next one is served."""
    cut = [True]

    async def carry_out(method: Method, request: Any, call: Call) -> Any:
        if cut.pop():
            raise CallCutOff
        return request

    async with serving(Calls(carry_out=carry_out)) as library:
        with pytest.raises(aiohttp.ClientConnectionError):
            await library.ask("POST", "/v1/books:create")
        cut.append(False)
        assert (await library.ask("POST", "/v1/books:create"))[0] == 200


async def test_a_stop_lets_calls_finish_and_takes_no_new_ones(library: ServedLibrary) -> None:
    """For the grace it is given."""
    running = asyncio.create_task(library.ask("GET", "/v1/ones/not%20yet"))
    await library.servicer.watching.wait()
    stop = asyncio.create_task(library.rest.stop(60))
    await asyncio.sleep(0)

    status, answer = await library.ask("GET", "/v1/anyhow")
    assert (status, answer["error"]["status"]) == (503, "UNAVAILABLE")
    assert not stop.done()
    library.servicer.let.set()
    assert (await running)[0] == 200
    async with asyncio.timeout(10):
        await stop


async def test_a_stop_waits_no_longer_than_its_grace(library: ServedLibrary) -> None:
    """The port then ends what still runs."""
    running = asyncio.create_task(library.ask("GET", "/v1/ones/not%20yet"))
    await library.servicer.watching.wait()
    async with asyncio.timeout(10):
        await library.rest.stop(0)
        await library.http.stop()
        with pytest.raises(aiohttp.ClientConnectionError):
            await running
    await eventually(library.servicer.left.is_set)
