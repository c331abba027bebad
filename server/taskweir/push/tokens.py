"""The port to what mints the tokens of attempts."""

from typing import Protocol

from taskweir.domain.model import Authorization


class NoToken(Exception):
    """No token can be minted now; the text says why, and the attempt fails with it."""


class Tokens(Protocol):
    """Mints tokens. What it gives is never logged or kept."""

    async def bearer(self, authorization: Authorization) -> str:
        """The value of the Authorization header of an attempt that is sent now. An OIDC token's audience is filled in.
        Raises NoToken."""
        ...


class NoTokens:
    """Where there is nothing to mint with."""

    async def bearer(self, authorization: Authorization) -> str:
        raise NoToken("the task asks for a token, and there is nothing to mint it with")
