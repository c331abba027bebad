"""The pages that verifiers read."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
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
            assert (found["issuer"], found["jwks_uri"]) == (issuer, f"{issuer}/oauth2/v3/certs")
            async with http.get(f"{base}{at}/oauth2/v3/certs") as answer:
                assert len((await answer.json())["keys"]) == 1


async def test_pages_are_for_everybody() -> None:
    """Also of a server that wants credentials, and for web pages of any origin; they are fresh for a minute."""
    async with running(strict="true") as server, session() as http:
        base = f"http://{server.server.http_address}"
        bodies = {}
        for path in (DISCOVERY, "/oauth2/v3/certs", "/oauth2/v1/certs", "/jwks"):
            for method in ("GET", "HEAD"):
                async with http.request(
                    method, base + path, headers={"Origin": "https://evil.example"}
                ) as answer:
                    assert (answer.status, answer.content_type) == (200, "application/json")
                    assert answer.headers["Cache-Control"] == "public, max-age=60"
                    bodies[method, path] = await answer.text()
            async with http.post(base + path) as answer:
                assert answer.status in (401, 404, 405)
        assert not any(body for (method, _), body in bodies.items() if method == "HEAD")
        assert bodies["GET", "/jwks"] == bodies["GET", "/oauth2/v3/certs"]
        (key,) = json.loads(bodies["GET", "/jwks"])["keys"]
        assert (key["alg"], key["use"], key["kty"], key["e"]) == ("RS256", "sig", "RSA", "AQAB")


async def test_a_caller_without_a_host_is_told_the_port_s_own_address() -> None:
    """HTTP/1.0."""
    async with running() as server:
        address = server.server.http_address
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
        writer.write(f"GET {DISCOVERY} HTTP/1.0\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
    assert f'"jwks_uri": "http://{address}/oauth2/v3/certs"'.encode() in answer


async def test_over_tls_the_keys_are_at_https() -> None:
    """Where the port speaks it."""

    async def no_key() -> Any:
        raise AssertionError("it is not asked for")

    page: Callable[[Any], Awaitable[web.Response]] = token_pages(Once(no_key), GOOGLE, has_tls=True)[
        DISCOVERY
    ]

    class Request:
        headers = {"Host": "t:1"}  # noqa: RUF012 - as aiohttp has it

    text = (await page(Request())).text
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
