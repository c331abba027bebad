"""Minting, with a key that counts."""

import asyncio
import threading
from typing import Any

import pytest

from taskweir.domain.errors import Unavailable
from taskweir.domain.model import OAuthToken, OidcToken
from taskweir.domain.times import HOUR, SECOND
from taskweir.push.tokens import NoToken
from taskweir.tokens.minting import _LONGEST_KEPT, _MOST_KEPT, Minting
from taskweir.tokens.once import Once

NOW = 1_700_000_000 * SECOND


class CountingKey:
    """Signs with a number of its own, and knows on which threads; only when it is let."""

    def __init__(self) -> None:
        self.signed: list[dict[str, Any]] = []
        self.threads: set[threading.Thread] = set()
        self.may_sign = threading.Event()
        self.may_sign.set()

    def sign(self, claims: dict[str, Any]) -> str:
        assert self.may_sign.wait(10)
        self.threads.add(threading.current_thread())
        self.signed.append(claims)
        return f"{claims['aud']}-{claims['iat']}-{len(self.signed)}"


class Bench:
    """The parts, and the time."""

    def __init__(self) -> None:
        self.now = NOW
        self.key = CountingKey()
        self.trouble: Unavailable | None = None
        self.minting = Minting(Once(self._key), Once(self._secret), "https://issuer", lambda: self.now)

    async def _key(self) -> Any:
        if self.trouble is not None:
            raise self.trouble
        return self.key

    async def _secret(self) -> bytes:
        if self.trouble is not None:
            raise self.trouble
        return b"secret"


@pytest.fixture
async def bench() -> Any:
    bench = Bench()
    yield bench
    bench.minting.close()


async def test_attempts_of_one_second_share_what_would_be_the_same(bench: Bench) -> None:
    """Whoever asks while it is signed waits for it; the second after, it is minted anew."""
    first = await asyncio.gather(*(bench.minting.bearer(OidcToken("a@b", "t")) for _ in range(50)))
    assert set(first) == {f"Bearer t-{NOW // SECOND}-1"}
    bench.now += SECOND - 1
    assert await bench.minting.bearer(OidcToken("a@b", "t")) == first[0]
    bench.now += 1
    assert await bench.minting.bearer(OidcToken("a@b", "t")) == f"Bearer t-{NOW // SECOND + 1}-2"
    bench.now -= SECOND
    assert await bench.minting.bearer(OidcToken("a@b", "t")) == f"Bearer t-{NOW // SECOND}-3"


async def test_each_account_and_audience_has_its_own(bench: Bench) -> None:
    """Signed beside the loop."""
    tokens = [OidcToken(email, audience) for email in ("a@b", "c@d") for audience in ("t", "u")]
    await asyncio.gather(*map(bench.minting.bearer, tokens))
    assert sorted((claims["email"], claims["aud"]) for claims in bench.key.signed) == [
        ("a@b", "t"),
        ("a@b", "u"),
        ("c@d", "t"),
        ("c@d", "u"),
    ]
    assert all(claims["iss"] == "https://issuer" for claims in bench.key.signed)
    assert threading.current_thread() not in bench.key.threads


async def test_what_is_kept_within_a_second_is_bounded(bench: Bench) -> None:
    """The oldest goes."""
    for n in range(_MOST_KEPT + 10):
        await bench.minting.bearer(OidcToken("a@b", str(n)))
    assert len(bench.minting._signed) == _MOST_KEPT
    assert (await bench.minting.bearer(OidcToken("a@b", "10"))).endswith("-11")
    assert (await bench.minting.bearer(OidcToken("a@b", "9"))).endswith(f"-{_MOST_KEPT + 11}")


@pytest.mark.parametrize("over", [0, 1])
async def test_a_long_token_is_not_kept(bench: Bench, over: int) -> None:
    """It is signed for each attempt: what is kept is bounded in bytes too."""
    token = OidcToken("a" * 300, "t" * (_LONGEST_KEPT - 300 + over))
    first, second = [await bench.minting.bearer(token) for _ in range(2)]
    assert (first == second) is (over == 0)
    assert len(bench.minting._signed) == 1 - over


async def test_an_attempt_that_ends_takes_no_token_from_the_others(bench: Bench) -> None:
    """Of two that wait, the first is cancelled."""
    bench.key.may_sign.clear()
    first, second = (asyncio.create_task(bench.minting.bearer(OidcToken("a@b", "t"))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    bench.key.may_sign.set()
    assert (await second).startswith("Bearer t-")


@pytest.mark.parametrize("token", [OidcToken("a@b", "t"), OAuthToken("a@b")])
async def test_where_the_data_can_keep_no_secret_there_is_no_token(
    bench: Bench, token: OidcToken | OAuthToken
) -> None:
    """With the reason; when it can again, there is one at once."""
    bench.trouble = Unavailable("disk full")
    for _ in range(2):
        with pytest.raises(NoToken, match="disk full"):
            await bench.minting.bearer(token)
    bench.trouble = None
    assert (await bench.minting.bearer(token)).startswith("Bearer ")


async def test_access_tokens_last_for_the_hour(bench: Bench) -> None:
    """Nothing is signed for them."""
    bench.now = 100 * HOUR
    first = await bench.minting.bearer(OAuthToken("a@b"))
    assert first.startswith("Bearer ya29.")
    bench.now += HOUR - 1
    assert await bench.minting.bearer(OAuthToken("a@b")) == first
    bench.now += 1
    assert await bench.minting.bearer(OAuthToken("a@b")) != first
    assert bench.key.signed == []


async def test_closing_waits_for_nothing() -> None:
    """Who still waits is cancelled, or has had his token."""
    bench = Bench()
    bench.key.may_sign.clear()
    waiting = [asyncio.create_task(bench.minting.bearer(OidcToken("a@b", str(n)))) for n in range(20)]
    for _ in range(5):
        await asyncio.sleep(0)
    bench.minting.close()
    bench.key.may_sign.set()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert any(isinstance(end, asyncio.CancelledError) for end in ended)
    assert all(isinstance(end, str | asyncio.CancelledError) for end in ended)
