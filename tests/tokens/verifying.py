"""How handlers verify OIDC tokens, against a server's own pages."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import jwt
import requests
from google.auth.transport.requests import Request as Transport
from google.oauth2 import id_token

from taskweir.testing import Request

Claims = Mapping[str, Any]
Verify = Callable[[str, str, str], Claims]
"""The claims of a token, by the server's address and the audience; raises where it is not good."""

ISSUER: Final = "https://accounts.google.com"


def by_google_auth(token: str, base: str, audience: str) -> Claims:
    """With certificates, as its own verify_oauth2_token has them from Google."""
    return _by_google_auth(token, f"{base}/oauth2/v1/certs", audience)


def by_google_auth_and_jwks(token: str, base: str, audience: str) -> Claims:
    return _by_google_auth(token, f"{base}/oauth2/v3/certs", audience)


def by_pyjwt(token: str, base: str, audience: str) -> Claims:
    """By way of the discovery document, as generic clients go."""
    discovered = requests.get(f"{base}/.well-known/openid-configuration", timeout=10).json()
    key = jwt.PyJWKClient(discovered["jwks_uri"]).get_signing_key_from_jwt(token)
    claims: Claims = jwt.decode(
        token,
        key,
        discovered["id_token_signing_alg_values_supported"],
        audience=audience,
        issuer=discovered["issuer"],
    )
    return claims


def _by_google_auth(token: str, certificates: str, audience: str) -> Claims:
    with requests.Session() as session:
        claims: Claims = id_token.verify_token(token, Transport(session), audience, certificates)
    return claims


VERIFIERS: Final[Mapping[str, Verify]] = {
    "google-auth": by_google_auth,
    "google-auth, JWKS": by_google_auth_and_jwks,
    "PyJWT": by_pyjwt,
}


def token_of(request: Request) -> str:
    """What came as `Authorization: Bearer …`."""
    scheme, _, token = request.headers["Authorization"].partition(" ")
    assert scheme == "Bearer"
    return token


def claims_of(request: Request) -> Claims:
    """Unverified."""
    claims: Claims = jwt.decode(token_of(request), options={"verify_signature": False})
    return claims
