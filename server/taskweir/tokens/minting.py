"""Minting the tokens of attempts."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from taskweir.domain.errors import Unavailable
from taskweir.domain.model import Authorization, OAuthToken, OidcToken
from taskweir.domain.times import SECOND, Instant
from taskweir.domain.token_claims import access_token, id_claims
from taskweir.push.tokens import NoToken
from taskweir.tokens.once import Once

if TYPE_CHECKING:
    from taskweir.tokens.signing_key import SigningKey

_THREADS: Final = max(1, min(4, (os.cpu_count() or 1) - 1))
"""Signing keeps a processor busy and leaves Python's lock alone: one processor is left to the loop."""
_MOST_KEPT: Final = 1_024
"""Tokens of the present second."""
_LONGEST_KEPT: Final = 1_024
"""Characters of account and audience together: those of longer ones are signed each time, so that what is kept has some
megabytes at most."""


class Minting:
    """Implements `push.tokens.Tokens`.

    A token is minted for each attempt. What attempts of the same account and audience get within a second has the same
    bytes anyway, so it is signed once.
    """

    def __init__(
        self, key: "Once[SigningKey]", secret: Once[bytes], issuer: str, now: Callable[[], Instant]
    ) -> None:
        """`key` signs ID tokens, `secret` is what access tokens are made with; `now` is the time that tokens tell."""
        self.key = key
        self._secret = secret
        self._issuer = issuer
        self._now = now
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="taskweir-sign")
        self._second = 0
        self._signed: dict[OidcToken, asyncio.Task[str]] = {}

    async def bearer(self, authorization: Authorization) -> str:
        """See the port."""
        try:
            match authorization:
                case OidcToken():
                    return f"Bearer {await self._id_token(authorization)}"
                case OAuthToken():
                    now = self._now()
                    return f"Bearer {access_token(authorization, await self._secret(), now)}"
        except Unavailable as error:
            raise NoToken(f"no token can be minted: {error}") from error

    def close(self) -> None:
        """What is still being signed is wanted by nobody."""
        self.key.close()
        self._secret.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _id_token(self, token: OidcToken) -> str:
        now = self._now()
        if len(token.service_account_email) + len(token.audience) > _LONGEST_KEPT:
            return await self._sign(token, now)
        if now // SECOND != self._second:
            self._second, self._signed = now // SECOND, {}
        signing = self._signed.get(token)
        if signing is None:
            signing = self._begin(token, now)
        # One that is cancelled does not end it for the others.
        return signing.result() if signing.done() else await asyncio.shield(signing)

    def _begin(self, token: OidcToken, now: Instant) -> asyncio.Task[str]:
        if len(self._signed) >= _MOST_KEPT:
            del self._signed[next(iter(self._signed))]
        signed = self._signed
        signed[token] = signing = asyncio.create_task(self._sign(token, now))

        def ended(_: asyncio.Task[str]) -> None:
            if (signing.cancelled() or signing.exception() is not None) and signed.get(token) is signing:
                del signed[token]

        signing.add_done_callback(ended)
        return signing

    async def _sign(self, token: OidcToken, now: Instant) -> str:
        key = await self.key()
        claims = id_claims(token, self._issuer, now)
        return await asyncio.get_running_loop().run_in_executor(self._threads, key.sign, claims)
