"""The pages by which a handler verifies OIDC tokens: public, and at the paths where Google has its own."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import web

from taskweir.domain.errors import Unavailable
from taskweir.domain.target_host import BadHost, TargetHost, split_place, target_host
from taskweir.domain.token_claims import CLAIMS, PRODUCTION_ISSUER
from taskweir.tokens.once import Once

if TYPE_CHECKING:
    from taskweir.tokens.signing_key import SigningKey

Page = Callable[[web.BaseRequest], Awaitable[web.Response]]

_DISCOVERY: Final = "/.well-known/openid-configuration"
_JWKS: Final = "/oauth2/v3/certs"
_CERTIFICATES: Final = "/oauth2/v1/certs"
_JWKS_OF_THE_EMULATOR: Final = "/jwks"
"""Where the best known emulator has it."""
_FRESH: Final = {"Cache-Control": "public, max-age=60"}
"""Not the hours of Google's: a server that is started anew on data in memory has another key."""
_END_OF_PLACE: Final = re.compile(r"[/?#]")
_FOR_ITS_CALLER: Final = {"Cache-Control": "no-store"}
"""Where a cache kept what names one caller's host, others would look for keys there."""


def token_pages(key: "Once[SigningKey]", issuer: str, *, has_tls: bool) -> Mapping[str, Page]:
    """By their paths; where the issuer's URL has a path, below that too."""
    pages = {
        _DISCOVERY: _discovery(issuer, has_tls=has_tls),
        _JWKS: _of_key(key, lambda key: {"keys": [key.jwk]}),
        _CERTIFICATES: _of_key(key, lambda key: {key.id: key.certificate}),
    }
    pages[_JWKS_OF_THE_EMULATOR] = pages[_JWKS]
    places = {"", urlsplit(issuer).path}
    return {place + path: page for place in places for path, page in pages.items()}


def _discovery(issuer: str, *, has_tls: bool) -> Page:
    """OpenID Connect Discovery 1.0, of what there is here. Google's keys are not ours, so that the default issuer's
    are where the caller found this."""

    async def discovery(request: web.BaseRequest) -> web.Response:
        is_own = issuer != PRODUCTION_ISSUER
        home = issuer if is_own else f"{'https' if has_tls else 'http'}://{_place(request)}"
        document = {
            "issuer": issuer,
            "jwks_uri": home + _JWKS,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": list(CLAIMS),
        }
        return _json(document, _FRESH if is_own else _FOR_ITS_CALLER)

    return discovery


def _place(request: web.BaseRequest) -> str:
    """Of this port: as the caller knows it, if that is a host and a port and nothing else, or as the socket does."""
    said = _said(request)
    try:
        if len(said) == 1:
            host, port = split_place(said[0])
            return target_host(host).in_url + ("" if port is None else f":{port}")
    except BadHost:
        pass  # no more is known than of a caller that says none
    assert request.transport is not None
    address, port, *_ = request.transport.get_extra_info("sockname")
    return f"{TargetHost(address=address).in_url}:{port}"


def _said(request: web.BaseRequest) -> Sequence[str]:
    """A whole URL as what is asked for goes before Host (RFC 9112, 3.2.2)."""
    if request.raw_path.startswith("/"):
        return request.headers.getall("Host", ())
    return [_END_OF_PLACE.split(request.raw_path.partition("://")[2], maxsplit=1)[0]]


def _of_key(key: "Once[SigningKey]", told: Callable[["SigningKey"], object]) -> Page:
    async def page(_: web.BaseRequest) -> web.Response:
        try:
            return _json(told(await key()))
        except Unavailable as error:
            return web.Response(status=503, text=f"{error}\n")

    return page


def _json(value: object, headers: Mapping[str, str] = _FRESH) -> web.Response:
    text = json.dumps(value, indent=2) + "\n"
    return web.Response(text=text, content_type="application/json", headers=headers)
