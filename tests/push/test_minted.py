"""A minted token goes out, and stays nowhere."""

from collections.abc import Sequence

import pytest
from tests.push.raw_target import RawTarget

from taskweir.domain.model import Authorization, OAuthToken, OidcToken
from taskweir.domain.names import QueueName
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import SECOND
from taskweir.push.curl_sender import CurlSender
from taskweir.push.sender import Outcome
from taskweir.push.tokens import NoToken

TASK = QueueName("p", "l", "q").task("t")
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL3QvIn0." + "bQx7-Tz_kL03vWq9Ys" * 12
NOT_KEPT = b"[not kept]"


class OneToken:
    """Mints always the same."""

    def __init__(self) -> None:
        self.asked: list[Authorization] = []

    async def bearer(self, authorization: Authorization) -> str:
        self.asked.append(authorization)
        return f"Bearer {TOKEN}"


class Broken:
    """Mints none."""

    async def bearer(self, authorization: Authorization) -> str:
        raise NoToken("no ink")


async def sent(
    target: RawTarget,
    headers: Sequence[tuple[str, str]] = (),
    *,
    userinfo: str = "",
    tokens: OneToken | Broken | None = None,
) -> Outcome:
    url = target.url("/a").replace("://", f"://{userinfo}")
    sender = CurlSender(tokens=tokens or OneToken())
    request = OutgoingRequest(
        TASK, "GET", url, headers, b"", 10 * SECOND, authorization=OidcToken("a@b", "aud")
    )
    try:
        return await sender.send(request)
    finally:
        await sender.close()


def answer(body: bytes, headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 500 No\r\n%bContent-Length: %d\r\n\r\n%b" % (headers, len(body), body)


@pytest.mark.parametrize(
    ("headers", "userinfo"), [((), ""), ([("authorization", "mine"), ("X-A", "1")], ""), ((), "user:pass@")]
)
async def test_the_token_is_the_only_authorization_that_goes_out(
    headers: Sequence[tuple[str, str]], userinfo: str
) -> None:
    """Before a caller's own and before what the URL has; that one was sent is shown, and not which."""
    async with RawTarget.serving() as target:
        outcome = await sent(target, headers, userinfo=userinfo)
        lines = target.received[0].split(b"\r\n")
        assert [line for line in lines if b"uthorization" in line] == [
            b"Authorization: Bearer " + TOKEN.encode()
        ]
        shown = [value for name, value in outcome.headers_sent if name.lower() == "authorization"]
        assert shown == ["Bearer [not kept]"]
        assert len(outcome.headers_sent) == len(lines) - 3
        assert TOKEN not in repr(outcome)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"hello world", b"hello world"),
        (b"Bearer " + TOKEN.encode(), b"Bearer " + NOT_KEPT),
        (b'{"a": "Bearer %b"}' % TOKEN.encode(), b'{"a": "Bearer ' + NOT_KEPT + b'"}'),
        (b"%b, %b" % (TOKEN.encode(), TOKEN.encode()), NOT_KEPT + b", " + NOT_KEPT),
        (b"sig: " + TOKEN.encode().rpartition(b".")[2], b"sig: " + NOT_KEPT),
        (b"." * 900 + TOKEN.encode(), b"." * 900 + NOT_KEPT),
        (b"." * 1_000 + TOKEN.encode(), b"." * 1_000 + NOT_KEPT),
        (b"." * 1_030 + TOKEN.encode(), b"." * 1_024),
    ],
    ids=["none", "whole", "quoted", "twice", "its last part", "cut off", "its first bytes", "past the end"],
)
async def test_a_target_s_echo_of_the_token_is_not_kept(body: bytes, kept: bytes) -> None:
    """Nor a piece of it: an answer's body is cut, and so is what it says of a token."""
    async with RawTarget.serving(answer(body)) as target:
        outcome = await sent(target)
        assert (outcome.http_status, outcome.body_start) == (500, kept)


@pytest.mark.parametrize("offset", range(9))
async def test_wherever_a_piece_of_the_token_begins_it_is_found(offset: int) -> None:
    """At any distance from the body's beginning, from any place in the token."""
    piece = TOKEN.encode()[offset * 3 + 40 :][:60]
    async with RawTarget.serving(answer(b"-" * offset + piece + b"!")) as target:
        assert (await sent(target)).body_start == b"-" * offset + NOT_KEPT + b"!"


async def test_an_echo_in_a_header_is_not_kept_either() -> None:
    """Of the answer's headers, one is looked at."""
    async with RawTarget.serving(answer(b"", b"Retry-After: %b\r\n" % TOKEN.encode())) as target:
        assert (await sent(target)).retry_after == NOT_KEPT.decode()


async def test_where_no_token_can_be_minted_nothing_goes_out() -> None:
    """The attempt has failed, and says why."""
    async with RawTarget.serving() as target:
        outcome = await sent(target, tokens=Broken())
        assert (outcome.unsent, outcome.error, target.received) == (True, "no ink", [])


async def test_what_is_to_be_minted_is_what_the_request_says() -> None:
    """For each request, and for those alone that ask for a token."""
    tokens = OneToken()
    sender = CurlSender(tokens=tokens)
    async with RawTarget.serving() as target:
        for authorization in (OidcToken("a@b", "c"), OAuthToken("a@b"), None, OidcToken("a@b", "c")):
            request = OutgoingRequest(TASK, "GET", target.url(), [], b"", SECOND, authorization=authorization)
            await sender.send(request)
        assert [b"Authorization" in request for request in target.received] == [True, True, False, True]
    await sender.close()
    assert tokens.asked == [OidcToken("a@b", "c"), OAuthToken("a@b"), OidcToken("a@b", "c")]
