"""Whose requests the HTTP port takes."""

from collections.abc import AsyncIterator

import pytest
from multidict import CIMultiDict
from tests.api.library import ServedLibrary, serving


@pytest.fixture
async def library() -> AsyncIterator[ServedLibrary]:
    async with serving() as served:
        yield served


@pytest.fixture
async def reachable() -> AsyncIterator[ServedLibrary]:
    """A server that other machines reach."""
    async with serving(host="0.0.0.0") as served:
        yield served


async def check(library: ServedLibrary, headers: list[tuple[str, str]], status: int) -> None:
    """What a method answers, what nobody serves, and the health, which is for all."""
    fields = CIMultiDict(headers)
    assert (await library.ask("POST", "/v1/books:create", headers=fields))[0] == status
    assert (await library.ask("GET", "/nope", headers=fields))[0] == (404 if status == 200 else 403)
    async with library.session.get(f"{library.url}/healthz", headers=fields) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://{host}", 200),
        ("https://{host}", 200),
        ("HTTP://{host}", 200),
        ("x://{host}", 403),
        ("{host}", 403),
        ("http://{host}/", 403),
        ("http://{host} http://evil.example", 403),
        ("http://evil.example", 403),
        ("http://127.0.0.1", 403),
        ("http://127.0.0.1:1", 403),
        ("null", 403),
        ("", 403),
    ],
)
async def test_pages_of_other_origins_are_kept_out(
    library: ServedLibrary, origin: str | None, status: int
) -> None:
    """A browser says whose page it is that calls."""
    host = library.url.removeprefix("http://")
    await check(library, [] if origin is None else [("Origin", origin.format(host=host))], status)


async def test_a_request_has_one_origin(library: ServedLibrary) -> None:
    """Of two, neither can be believed."""
    own = ("Origin", library.url)
    await check(library, [own, own], 403)
    await check(library, [own, ("Origin", "http://evil.example")], 403)


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)],
)
@pytest.mark.parametrize("mode", ["navigate", "no-cors"])
async def test_what_a_browser_tells_no_origin_of_is_kept_out_too(
    library: ServedLibrary, site: str, status: int, mode: str
) -> None:
    """An image's address or a link can be anything that takes GET; what the user types is of no site."""
    headers = [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode)]
    await check(library, headers, status)
    assert (await library.ask("GET", "/v1/shelves/1/books/x:upload", headers=dict(headers)))[0] == status
    assert len(library.servicer.calls) == (2 if status == 200 else 0)


@pytest.mark.parametrize(
    ("origins", "status"), [(["*"], 200), (["http://app.example"], 403), (["*", "http://app.example"], 200)]
)
async def test_where_any_page_may_call_it_need_not_be_known(origins: list[str], status: int) -> None:
    """Of what comes without an origin nobody knows whether it is of a page that is let in by name."""
    async with serving(allow_origin=origins) as library:
        await check(library, [("Sec-Fetch-Site", "cross-site")], status)
        own = [("Sec-Fetch-Site", "cross-site"), ("Origin", "http://app.example")]
        await check(library, own, 200)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST.:8124", 200),
        ("127.0.0.1:", 200),
        ("192.0.2.1:8124", 200),
        ("[::1]:8124", 200),
        ("[::ffff:127.0.0.1]", 200),
        ("evil.example", 403),
        ("evil.example:8124", 403),
        ("localhost.evil.example", 403),
        ("app.localhost", 403),
        ("127.0.0.1.evil.example", 403),
        ("127.1", 403),
        ("2130706433", 403),
        ("0x7f.0.0.1", 403),
        ("127.0.0.1:evil.example", 403),
        ("127.0.0.1:1:evil.example", 403),
        ("[::1]evil.example", 403),
        ("[::1", 403),
        ("[127.0.0.1]", 403),
        ("[evil.example]", 403),
        ("::1", 403),
        ("localhost, evil.example", 403),
        ("evil.example@localhost", 403),
        ("localhost@evil.example", 403),
        ("127.0.0.1:٨", 403),
    ],
)
async def test_names_can_be_made_to_mean_this_machine(
    library: ServedLibrary, reachable: ServedLibrary, host: str, status: int
) -> None:
    """Pages of such a name are of its origin, wherever the server listens; on loopback nobody else asks for one, and
    elsewhere containers do."""
    await check(library, [("Host", host)], status)
    await check(library, [("Host", host), ("Origin", f"http://{host}")], status)
    await check(reachable, [("Host", host)], 200)
    await check(reachable, [("Host", host), ("Origin", f"http://{host}")], status)
