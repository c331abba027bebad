"""The pages that verifiers read."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from tests.api.running import running

from taskweir.domain.errors import Unavailable
from taskweir.store.sqlite import SqliteStore
from taskweir.tokens.once import Once
from taskweir.tokens.pages import token_pages

DISCOVERY = "/.well-known/openid-configuration"
GOOGLE = "https://accounts.google.com"


@asynccontextmanager
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(raise_for_status=False) as session:
        yield session


async def test_the_discovery_document_is_google_s_as_far_as_there_is_anything() -> None:
    """Google's keys are not ours, so it leads here, by the name that the caller used."""
    async with running() as server, session() as http:
        base = f"http://{server.server.http_address}"
        async with http.get(base + DISCOVERY, headers={"Host": "tasks.local:99"}) as answer:
            assert await answer.json() == {
                "issuer": GOOGLE,
                "jwks_uri": "http://tasks.local:99/oauth2/v3/certs",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "claims_supported": ["aud", "azp", "email", "email_verified", "exp", "iat", "iss", "sub"],
            }


@pytest.mark.parametrize(
    ("issuer", "place"), [("http://t.local:8124", ""), ("https://t.local/tasks/a", "/tasks/a")]
)
async def test_an_issuer_of_one_s_own_is_where_everything_is(issuer: str, place: str) -> None:
    """Below its path, and at the root too."""
    async with running(openid_issuer=issuer) as server, session() as http:
        base = f"http://{server.server.http_address}"
        for at in {place, ""}:
            async with http.get(base + at + DISCOVERY) as answer:
                found = await answer.json()
                assert answer.headers["Cache-Control"] == "public, max-age=60"
            assert (found["issuer"], found["jwks_uri"]) == (issuer, f"{issuer}/oauth2/v3/certs")
            async with http.get(f"{base}{at}/oauth2/v3/certs") as answer:
                assert len((await answer.json())["keys"]) == 1


async def test_pages_are_for_everybody() -> None:
    """Also of a server that wants credentials, and for web pages of any origin; they are fresh for a minute, but for the
    one that says where its caller is."""
    async with running(strict="true") as server, session() as http:
        base = f"http://{server.server.http_address}"
        bodies = {}
        for path in (DISCOVERY, "/oauth2/v3/certs", "/oauth2/v1/certs", "/jwks"):
            for method in ("GET", "HEAD"):
                async with http.request(
                    method, base + path, headers={"Origin": "https://evil.example"}
                ) as answer:
                    assert (answer.status, answer.content_type) == (200, "application/json")
                    fresh = "no-store" if path == DISCOVERY else "public, max-age=60"
                    assert answer.headers["Cache-Control"] == fresh
                    bodies[method, path] = await answer.text()
            async with http.post(base + path) as answer:
                assert answer.status in (401, 404, 405)
        assert not any(body for (method, _), body in bodies.items() if method == "HEAD")
        assert bodies["GET", "/jwks"] == bodies["GET", "/oauth2/v3/certs"]
        (key,) = json.loads(bodies["GET", "/jwks"])["keys"]
        assert (key["alg"], key["use"], key["kty"], key["e"]) == ("RS256", "sig", "RSA", "AQAB")


async def told(address: str, target: str, *headers: str, version: str = "1.1") -> tuple[str, bytes]:
    """Where the keys are, by an answer that no cache may keep; and the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    lines = [f"GET {target} HTTP/{version}", *headers, "Connection: close", "", ""]
    writer.write("\r\n".join(lines).encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.partition(b"\r\n")[0]:
        return "refused", answer
    assert b"Cache-Control: no-store" in head
    return json.loads(body)["jwks_uri"].removesuffix("/oauth2/v3/certs"), answer


async def test_a_caller_without_a_host_is_told_the_port_s_own_address() -> None:
    """HTTP/1.0."""
    async with running() as server:
        address = server.server.http_address
        assert (await told(address, DISCOVERY, version="1.0"))[0] == f"http://{address}"


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("Tasks.Local", "tasks.local"),
        ("task_weir:8124", "task_weir:8124"),
        ("[::1]:8124", "[::1]:8124"),
        ("10.0.0.1", "10.0.0.1"),
        ("t:", "t"),
    ],
)
async def test_a_caller_is_told_its_own_name_of_the_server(host: str, place: str) -> None:
    """In the one form that hosts have here."""
    async with running() as server:
        assert (await told(server.server.http_address, DISCOVERY, f"Host: {host}"))[0] == f"http://{place}"


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.example/keys?"],
        ["evil.example/keys#"],
        ["user@evil.example"],
        ["good.test:80@evil.example"],
        ["evil.example\\@good.test"],
        ["evil.example:99999"],
        ["evil.example:x"],
        ["evil.example:80:80"],
        ["[::1"],
        ["[evil.example]"],
        ["::1"],
        ['evil.example"'],
        ["evil.example,good.test"],
        ["evil%2fexample"],
        ["evil%00.example"],
        ["<script>"],
        [":80"],
        [""],
        ["evil.example", "good.test"],
    ],
)
async def test_a_host_that_is_none_leads_nowhere(hosts: list[str]) -> None:
    """It is refused before, or the port says its own address, and nothing of it."""
    async with running() as server:
        address = server.server.http_address
        place, answer = await told(address, DISCOVERY, *(f"Host: {host}" for host in hosts))
    if place != "refused":
        assert place == f"http://{address}"
        assert b"evil" not in answer
        assert b"script" not in answer


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("http://good.test:81", "good.test:81"),
        ("http://GOOD.test", "good.test"),
        ("http://u@good.test", None),
    ],
)
async def test_a_whole_url_as_what_is_asked_for_goes_before_host(target: str, place: str | None) -> None:
    """RFC 9112, 3.2.2."""
    async with running() as server:
        address = server.server.http_address
        found, _ = await told(address, target + DISCOVERY, "Host: evil.example")
    assert found == f"http://{place or address}"


async def test_over_tls_the_keys_are_at_https() -> None:
    """Where the port speaks it."""

    async def no_key() -> Any:
        raise AssertionError("it is not asked for")

    page: Callable[[Any], Awaitable[web.Response]] = token_pages(Once(no_key), GOOGLE, has_tls=True)[
        DISCOVERY
    ]

    text = (await page(make_mocked_request("GET", DISCOVERY, {"Host": "t:1"}))).text
    assert text is not None
    assert json.loads(text)["jwks_uri"] == "https://t:1/oauth2/v3/certs"


async def test_where_no_key_can_be_kept_there_is_none_to_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason; and once it can, there is."""

    async def full_disk(*_: object) -> bytes:
        raise Unavailable("disk full")

    async with running() as server, session() as http:
        url = f"http://{server.server.http_address}/oauth2/v3/certs"
        monkeypatch.setattr(SqliteStore, "keep_secret", full_disk)
        async with http.get(url) as answer:
            assert (answer.status, await answer.text()) == (503, "disk full\n")
        monkeypatch.undo()
        async with http.get(url) as answer:
            assert answer.status == 200
