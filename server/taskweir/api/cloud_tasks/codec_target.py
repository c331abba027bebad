"""HTTP requests, routing, and what a queue overrides: the same in every version."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from taskweir.api.cloud_tasks.codec_fields import enum_field
from taskweir.api.convert import enum_number
from taskweir.domain.model import (
    AppEngineRouting,
    Authorization,
    EnforceMode,
    HttpMethod,
    HttpRequest,
    HttpTarget,
    OAuthToken,
    OidcToken,
    Scheme,
    UriOverride,
)
from taskweir_pb.v2 import target_pb2 as v2
from taskweir_pb.v2beta2 import target_pb2 as v2beta2
from taskweir_pb.v2beta3 import target_pb2 as v2beta3

_HttpRequest: TypeAlias = v2.HttpRequest | v2beta3.HttpRequest | v2beta2.HttpRequest
_AppEngineRouting: TypeAlias = v2.AppEngineRouting | v2beta3.AppEngineRouting | v2beta2.AppEngineRouting
_HttpTarget: TypeAlias = v2.HttpTarget | v2beta3.HttpTarget | v2beta2.HttpTarget
_UriOverride: TypeAlias = v2.UriOverride | v2beta3.UriOverride | v2beta2.UriOverride
_HasHeaders: TypeAlias = (
    _HttpRequest | v2.AppEngineHttpRequest | v2beta3.AppEngineHttpRequest | v2beta2.AppEngineHttpRequest
)
_HasMethod: TypeAlias = _HasHeaders | _HttpTarget

_METHODS: Final = {method.value: method for method in HttpMethod}
"""By number: an enum's own call takes ten times as long."""


def http_request(message: _HttpRequest, path: str) -> HttpRequest:
    """`path` names the message in the request, here and below. Raises InvalidArgument."""
    return HttpRequest(
        url=message.url,
        http_method=http_method(message, path) or HttpMethod.POST,
        headers=headers_of(message),
        body=message.body,
        authorization=_authorization(message),
    )


def put_http_request(message: _HttpRequest, request: HttpRequest, *, full: bool) -> None:
    message.url = request.url
    message.http_method = enum_number(request.http_method)
    put_headers(message, request.headers)
    _put_authorization(message, request.authorization)
    if full:
        message.body = request.body


def headers_of(message: _HasHeaders) -> dict[str, str]:
    """One by one, here and below: a map's own `items` and `update` are Python's for any mapping, and take twice as
    long."""
    field = message.headers
    return {name: field[name] for name in field}


def put_headers(message: _HasHeaders, headers: Mapping[str, str]) -> None:
    field = message.headers
    for name in headers:
        field[name] = headers[name]


def routing(message: _AppEngineRouting) -> AppEngineRouting:
    """The host is output only, and made anew by the domain."""
    return AppEngineRouting(message.service, message.version, message.instance)


def put_routing(message: _AppEngineRouting, value: AppEngineRouting) -> None:
    message.service = value.service
    message.version = value.version
    message.instance = value.instance
    message.host = value.host


def http_target(message: _HttpTarget, path: str) -> HttpTarget:
    uri_override = (
        _uri_override(message.uri_override, f"{path}.uri_override")
        if message.HasField("uri_override")
        else None
    )
    return HttpTarget(
        uri_override=uri_override,
        http_method=http_method(message, path),
        header_overrides=tuple((item.header.key, item.header.value) for item in message.header_overrides),
        authorization=_authorization(message),
    )


def put_http_target(message: _HttpTarget, target: HttpTarget) -> None:
    message.SetInParent()
    if target.uri_override is not None:
        _put_uri_override(message.uri_override, target.uri_override)
    if target.http_method is not None:
        message.http_method = enum_number(target.http_method)
    for key, value in target.header_overrides:
        header = message.header_overrides.add().header
        header.key = key
        header.value = value
    _put_authorization(message, target.authorization)


def http_method(message: _HasMethod, path: str) -> HttpMethod | None:
    """None where it is unspecified."""
    number = message.http_method
    if not number:
        return None
    return _METHODS.get(number) or enum_field(HttpMethod, message, "http_method", path)


def _uri_override(message: _UriOverride, path: str) -> UriOverride:
    scheme = enum_field(Scheme, message, "scheme", path) if message.HasField("scheme") else None
    return UriOverride(
        scheme=scheme,
        host=message.host if message.HasField("host") else None,
        port=message.port if message.HasField("port") else None,
        path=message.path_override.path if message.HasField("path_override") else None,
        query=message.query_override.query_params if message.HasField("query_override") else None,
        enforce_mode=enum_field(EnforceMode, message, "uri_override_enforce_mode", path),
    )


def _put_uri_override(message: _UriOverride, override: UriOverride) -> None:
    message.SetInParent()
    if override.scheme is not None:
        message.scheme = enum_number(override.scheme)
    if override.host is not None:
        message.host = override.host
    if override.port is not None:
        message.port = override.port
    if override.path is not None:
        message.path_override.path = override.path
    if override.query is not None:
        message.query_override.query_params = override.query
    message.uri_override_enforce_mode = enum_number(override.enforce_mode)


def _authorization(message: _HttpRequest | _HttpTarget) -> Authorization | None:
    match message.WhichOneof("authorization_header"):
        case "oauth_token":
            return OAuthToken(message.oauth_token.service_account_email, message.oauth_token.scope)
        case "oidc_token":
            return OidcToken(message.oidc_token.service_account_email, message.oidc_token.audience)
    return None


def _put_authorization(message: _HttpRequest | _HttpTarget, token: Authorization | None) -> None:
    match token:
        case OAuthToken(email, scope):
            message.oauth_token.service_account_email = email
            message.oauth_token.scope = scope
        case OidcToken(email, audience):
            message.oidc_token.service_account_email = email
            message.oidc_token.audience = audience
