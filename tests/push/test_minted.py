"""A minted token goes out, and stays nowhere."""

import asyncio
import gzip
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Sequence

import pytest
from tests.push.raw_target import RawTarget

from taskweir.domain.model import Authorization, OAuthToken, OidcToken
from taskweir.domain.names import QueueName
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import SECOND
from taskweir.push.curl_sender import CurlSender
from taskweir.push.sender import Outcome
from taskweir.push.tokens import NoToken
from taskweir.push.transfer import CLOSED

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


@pytest.mark.parametrize("before", ["", "1", "12", '{"Authorization": "Bearer '])
@pytest.mark.parametrize("alphabet", [b64encode, urlsafe_b64encode])
async def test_an_echo_in_base64_is_not_kept(before: str, alphabet: Callable[[bytes], bytes]) -> None:
    """Wherever the token begins in what is encoded, and where the answer's start ends."""
    echo = alphabet(f"{before}{TOKEN}~~".encode())
    for body in (echo, b"." * 900 + echo):
        async with RawTarget.serving(answer(body)) as target:
            kept = (await sent(target)).body_start
        assert NOT_KEPT in kept
        left = kept.replace(NOT_KEPT, b"").strip(b".")
        assert len(left) <= len(alphabet(before.encode())) + len(alphabet(b"~~~"))


@pytest.mark.parametrize("hexed", [TOKEN.encode().hex(), TOKEN.encode().hex().upper()])
async def test_an_echo_in_hex_is_not_kept(hexed: str) -> None:
    """In either case."""
    async with RawTarget.serving(answer(b"a: " + hexed.encode()[:900] + b"!")) as target:
        kept = (await sent(target)).body_start
    assert kept.startswith(b"a: " + NOT_KEPT)
    assert kept.replace(NOT_KEPT, b"") == b"a: !"


@pytest.mark.parametrize(
    ("encoding", "kept"),
    [
        (b"", b"hello"),
        (b"Content-Encoding: identity\r\n", b"hello"),
        (b"Content-Encoding: gzip\r\n", b""),
        (b"content-encoding: identity, br\r\n", b""),
    ],
)
async def test_of_an_encoded_answer_nothing_is_kept(encoding: bytes, kept: bytes) -> None:
    """Where a token was sent, which could be found in it only by who decodes it."""
    async with RawTarget.serving(answer(b"hello", encoding)) as target:
        assert (await sent(target)).body_start == kept
        sender = CurlSender()
        outcome = await sender.send(OutgoingRequest(TASK, "GET", target.url(), [], b"", 10 * SECOND))
        await sender.close()
        assert outcome.body_start == b"hello"


async def test_a_compressed_echo_is_not_kept() -> None:
    """As a handler behind a proxy sends it when the task asks for gzip."""
    body = gzip.compress(b"Authorization: Bearer " + TOKEN.encode(), 0)
    assert TOKEN.encode() in body
    async with RawTarget.serving(answer(body, b"Content-Encoding: gzip\r\n")) as target:
        outcome = await sent(target, [("Accept-Encoding", "gzip")])
    assert (outcome.http_status, outcome.body_start) == (500, b"")


@pytest.mark.parametrize("before", ["", "chunked, ", "caf\u00e9 "])
@pytest.mark.parametrize("echo", [TOKEN, TOKEN[-150:], TOKEN.encode().hex()])
async def test_what_libcurl_quotes_of_a_target_is_not_kept(before: str, echo: str) -> None:
    """It says which transfer coding it does not know; its errors are cut, within the token too."""
    said = f"{before}{echo}".encode()
    async with RawTarget.serving(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: %b\r\n\r\nhi" % said) as target:
        outcome = await sent(target)
    assert outcome.http_status is None
    assert "Transfer-Encoding" in outcome.error
    assert NOT_KEPT.decode() in outcome.error
    assert not any(echo[at : at + 15] in outcome.error for at in range(len(echo) - 15))


async def test_an_echo_in_a_header_is_not_kept_either() -> None:
    """Of the answer's headers, one is looked at."""
    async with RawTarget.serving(answer(b"", b"Retry-After: %b\r\n" % TOKEN.encode())) as target:
        assert (await sent(target)).retry_after == NOT_KEPT.decode()


async def test_where_no_token_can_be_minted_nothing_goes_out() -> None:
    """The attempt has failed, and says why."""
    async with RawTarget.serving() as target:
        outcome = await sent(target, tokens=Broken())
        assert (outcome.unsent, outcome.error, target.received) == (True, "no ink", [])


async def test_a_sender_that_is_closed_while_a_token_is_minted_sends_nothing() -> None:
    """Its handles are gone."""
    is_asked, may_mint = asyncio.Event(), asyncio.Event()

    class Slow(OneToken):
        async def bearer(self, authorization: Authorization) -> str:
            is_asked.set()
            await may_mint.wait()
            return await super().bearer(authorization)

    sender = CurlSender(tokens=Slow())
    async with RawTarget.serving() as target:
        url = target.url()
        request = OutgoingRequest(TASK, "GET", url, [], b"", SECOND, authorization=OidcToken("a@b", "c"))
        sending = asyncio.create_task(sender.send(request))
        async with asyncio.timeout(10):
            await is_asked.wait()
        await sender.close()
        may_mint.set()
        outcome = await sending
        assert (outcome.unsent, outcome.error, target.connections) == (True, CLOSED, 0)


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
