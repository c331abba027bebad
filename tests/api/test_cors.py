"""Pages of origins that an operator lets in, and what their browsers must be told."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import ClientSession
from tests.api.library import Request, ServedLibrary, serving
from tests.api.running import running

from taskweir.api.http.origin import Origins
from taskweir.settings import SettingsError

APP = "https://app.example"
LOCAL = "http://localhost:3000"
EVIL = "https://evil.example"
ALLOW = "Access-Control-Allow-Origin"


@pytest.fixture
async def named() -> AsyncIterator[ServedLibrary]:
    """Lets in two origins by name."""
    async with serving(allow_origin=[APP, LOCAL]) as served:
        yield served


@pytest.fixture
async def any_origin() -> AsyncIterator[ServedLibrary]:
    async with serving(allow_origin=["*"]) as served:
        yield served


async def told(
    library: ServedLibrary, method: str, path: str, headers: Mapping[str, str]
) -> tuple[int, Mapping[str, str]]:
    """Status and headers of the answer."""
    async with library.session.request(method, library.url + path, headers=headers) as answer:
        await answer.read()
        return answer.status, answer.headers


@pytest.mark.parametrize("origin", [APP, LOCAL])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/books:create", 200),
        ("GET", "/v1/ones/not%20found", 404),
        ("GET", "/nope", 404),
        ("GET", "/v1/anyhow?x=1", 400),
        ("GET", "/v1/ones/not%20working", 500),
        ("GET", "/healthz", 200),
    ],
)
async def test_every_answer_says_that_its_page_may_see_it(
    named: ServedLibrary, origin: str, method: str, path: str, status: int
) -> None:
    """Errors too."""
    code, headers = await told(named, method, path, {"Origin": origin})

    assert (code, headers.get(ALLOW), headers.get("Vary")) == (status, origin, "Origin")


async def test_a_stream_says_so_too(named: ServedLibrary) -> None:
    """From its beginning on."""
    url = f"{named.url}/v1/shelves/1/books:watch"
    async with named.session.get(url, headers={"Origin": APP}) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert (answer.headers[ALLOW], answer.headers["Vary"]) == (APP, "Origin")
        named.servicer.coming.put_nowait(Request())
        named.servicer.coming.put_nowait(None)
        assert b"data: {}" in await answer.read()


@pytest.mark.parametrize("headers", [{}, {"Origin": "{own}"}])
async def test_others_are_told_nothing(named: ServedLibrary, headers: dict[str, str]) -> None:
    """Neither programs nor pages of the server's own need it."""
    headers = {name: text.format(own=named.url) for name, text in headers.items()}

    code, answered = await told(named, "POST", "/v1/books:create", headers)

    assert (code, ALLOW in answered) == (200, False)


@pytest.mark.parametrize(
    "origin", [EVIL, "https://app.example:8443", "http://app.example", "HTTPS://APP.EXAMPLE", "null", "*", ""]
)
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
async def test_pages_of_other_origins_are_kept_out(named: ServedLibrary, origin: str, method: str) -> None:
    """And do not learn why."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}

    code, answered = await told(named, method, "/v1/books:create", headers)

    assert (code, ALLOW in answered) == (403, False)


@pytest.mark.parametrize("path", ["/v1/books:create", "/v1/shelves/1", "/nope", "/healthz"])
async def test_a_preflight_is_answered(named: ServedLibrary, path: str) -> None:
    """With every method, the headers that it asks for, and how long that holds."""
    wanted = "authorization, content-type,x-goog-api-client"
    headers = {
        "Origin": APP,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": wanted,
    }

    code, answered = await told(named, "OPTIONS", path, headers)

    assert code == 204
    assert (answered[ALLOW], answered["Vary"]) == (APP, "Origin")
    assert answered["Access-Control-Allow-Methods"] == "GET, HEAD, POST, PUT, PATCH, DELETE"
    assert answered["Access-Control-Allow-Headers"] == wanted
    assert answered["Access-Control-Max-Age"] == "7200"
    assert "Access-Control-Allow-Private-Network" not in answered
    assert named.servicer.calls == []


async def test_a_preflight_may_ask_for_a_private_address(named: ServedLibrary) -> None:
    """Which is what most of these servers have."""
    headers = {
        "Origin": APP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Private-Network": "true",
    }

    _, answered = await told(named, "OPTIONS", "/v1/books:create", headers)

    assert answered["Access-Control-Allow-Private-Network"] == "true"


@pytest.mark.parametrize("wanted", ["", "a b", "a,,b", "a;b", "ä", "a,"])
async def test_what_are_no_names_of_headers_is_not_repeated(named: ServedLibrary, wanted: str) -> None:
    """The browser then sends none."""
    headers = {
        "Origin": APP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": wanted,
    }

    code, answered = await told(named, "OPTIONS", "/v1/books:create", headers)

    assert (code, "Access-Control-Allow-Headers" in answered) == (204, False)


async def test_an_option_that_is_no_preflight_is_any_request(named: ServedLibrary) -> None:
    """For the surface to answer."""
    code, _ = await told(named, "OPTIONS", "/v1/anyhow", {"Origin": APP})

    assert code == 200


async def test_only_names_let_pages_ask_for_any_host(named: ServedLibrary, any_origin: ServedLibrary) -> None:
    """A page whose name was made to mean this machine is kept out where all pages are let in: that is none that the
    operator knows."""
    assert (await told(named, "GET", "/v1/anyhow", {"Origin": APP, "Host": "tasks.example"}))[0] == 200
    assert (await told(named, "GET", "/v1/anyhow", {"Host": "tasks.example"}))[0] == 403
    assert (await told(any_origin, "GET", "/v1/anyhow", {"Origin": APP, "Host": "tasks.example"}))[0] == 403
    assert (await told(any_origin, "GET", "/v1/anyhow", {"Origin": APP, "Host": "localhost"}))[0] == 200


@pytest.mark.parametrize("origin", [EVIL, LOCAL, "http://[::1]:5000", "chrome-extension://abc", "null"])
async def test_any_may_be_let_in(any_origin: ServedLibrary, origin: str) -> None:
    """By a star."""
    code, answered = await told(any_origin, "POST", "/v1/books:create", {"Origin": origin})

    assert (code, answered.get(ALLOW), answered.get("Vary")) == (200, origin, "Origin")


@pytest.mark.parametrize("origin", ["a b", "https://a/b", "https://", "*", ""])
async def test_what_is_no_origin_is_none_of_any(any_origin: ServedLibrary, origin: str) -> None:
    """No browser says such a thing."""
    code, answered = await told(any_origin, "POST", "/v1/books:create", {"Origin": origin})

    assert (code, ALLOW in answered) == (403, False)


async def test_a_request_has_one_origin(named: ServedLibrary) -> None:
    """Of two, neither can be believed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", named.http.port)
    writer.write(
        f"GET /v1/anyhow HTTP/1.1\r\nHost: localhost\r\nOrigin: {APP}\r\nOrigin: {APP}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 403 ")
    assert ALLOW.encode() not in head


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("https://app.example", "https://app.example"),
        ("HTTPS://App.Example", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://app.example:80", "http://app.example"),
        ("http://app.example:443", "http://app.example:443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abc", "chrome-extension://abc"),
    ],
)
def test_origins_are_known_as_browsers_write_them(given: str, name: str) -> None:
    """In lower case, without the port that goes without saying."""
    assert Origins.parse([given]) == Origins(frozenset({name}))


@pytest.mark.parametrize(
    "text",
    [
        "app.example",
        "https://app.example/",
        "https://a/b",
        "https://",
        "null",
        "https://a:0",
        "https://a:65536",
        "https://a:x",
        "https://user@a",
        "https://*.a",
        "https://ä",
        "https://a b",
        "//a",
    ],
)
async def test_what_is_no_origin_keeps_the_server_from_starting(text: str) -> None:
    """With one line that says which it is."""
    with pytest.raises(SettingsError) as refused:
        async with running(allow_origin=f"{APP},{text}"):
            raise AssertionError("it has started")

    assert str(refused.value) == (
        f"the test: {text!r} is no origin, such as https://app.example or http://localhost:3000, nor *"
    )


async def test_the_server_lets_in_whom_it_was_told_to() -> None:
    """All the way."""
    async with running(allow_origin=f"{APP},{LOCAL}") as server, ClientSession() as session:
        url = f"http://{server.server.http_address}/v2/projects/p/locations/l/queues"
        for origin, status in ((APP, 200), (LOCAL, 200), (EVIL, 403)):
            async with session.get(url, headers={"Origin": origin}) as answer:
                assert (answer.status, answer.headers.get(ALLOW) == origin) == (status, status == 200)
