"""What the tokens of attempts say (reference: Cloud Tasks' documentation of OidcToken and OAuthToken)."""

import base64
import hashlib
import hmac
from typing import Final

from taskweir.domain.model import OAuthToken, OidcToken
from taskweir.domain.times import HOUR, SECOND, Instant

PRODUCTION_ISSUER: Final = "https://accounts.google.com"
DEFAULT_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
LIFE: Final = 3_600
"""Seconds from an OIDC token's iat to its exp."""
CLAIMS: Final = ("aud", "azp", "email", "email_verified", "exp", "iat", "iss", "sub")

_ACCOUNT_NUMBERS: Final = 10**20
"""Production's have 21 digits and begin with a 1."""


def id_claims(token: OidcToken, issuer: str, now: Instant) -> dict[str, str | int | bool]:
    """The claims of an OIDC token that is minted now; its audience is filled in."""
    account, second = account_number(token.service_account_email), now // SECOND
    return {
        "aud": token.audience,
        "azp": account,
        "email": token.service_account_email,
        "email_verified": True,
        "exp": second + LIFE,
        "iat": second,
        "iss": issuer,
        "sub": account,
    }


def account_number(email: str) -> str:
    """A service account's unique id: always the same 21 digits for an address, whose case does not matter."""
    digest = hashlib.sha256(email.lower().encode()).digest()
    return str(_ACCOUNT_NUMBERS + int.from_bytes(digest) % _ACCOUNT_NUMBERS)


def access_token(token: OAuthToken, secret: bytes, now: Instant) -> str:
    """An opaque token for the account and the scope, which nobody guesses who does not know the secret. The same for
    an hour, as production's are while they are kept."""
    said = "\0".join((token.service_account_email, token.scope or DEFAULT_SCOPE, str(now // HOUR)))
    digest = hmac.digest(secret, said.encode(), "sha512")
    return "ya29.c." + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
