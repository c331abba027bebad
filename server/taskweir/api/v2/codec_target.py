"""Targets of v2: HTTP requests, App Engine requests, and what a queue overrides in them."""

from typing import Final

from taskweir.api.convert import enum_number, enum_value
from taskweir.domain.model import (
    AppEngineRequest,
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
from taskweir_pb.v2 import target_pb2

_HTTP_METHOD: Final = "google.cloud.tasks.v2.HttpMethod"
_SCHEME: Final = "google.cloud.tasks.v2.UriOverride.Scheme"
_ENFORCE_MODE: Final = "google.cloud.tasks.v2.UriOverride.UriOverrideEnforceMode"


def http_request(message: target_pb2.HttpRequest, path: str) -> HttpRequest:
    """`path` names the message in the request, here and below. Raises InvalidArgument."""
    return HttpRequest(
        url=message.url,
        http_method=_http_method(message.http_method, path) or HttpMethod.POST,
        headers=dict(message.headers),
        body=message.body,
        authorization=_authorization(message),
    )


def put_http_request(message: target_pb2.HttpRequest, request: HttpRequest) -> None:
    """Write all but the body."""
    message.url = request.url
    message.http_method = enum_number(request.http_method)
    message.headers.update(request.headers)
    _put_authorization(message, request.authorization)


def app_engine_request(message: target_pb2.AppEngineHttpRequest, path: str) -> AppEngineRequest:
    return AppEngineRequest(
        relative_uri=message.relative_uri,
        http_method=_http_method(message.http_method, path) or HttpMethod.POST,
        headers=dict(message.headers),
        body=message.body,
        routing=routing(message.app_engine_routing),
    )


def put_app_engine_request(message: target_pb2.AppEngineHttpRequest, request: AppEngineRequest) -> None:
    """Write all but the body."""
    message.http_method = enum_number(request.http_method)
    put_routing(message.app_engine_routing, request.routing)
    message.relative_uri = request.relative_uri
    message.headers.update(request.headers)


def routing(message: target_pb2.AppEngineRouting) -> AppEngineRouting:
    """The host is output only, and made anew by the domain."""
    return AppEngineRouting(message.service, message.version, message.instance)


def put_routing(message: target_pb2.AppEngineRouting, value: AppEngineRouting) -> None:
    message.service = value.service
    message.version = value.version
    message.instance = value.instance
    message.host = value.host


def http_target(message: target_pb2.HttpTarget, path: str) -> HttpTarget:
    uri_override = (
        _uri_override(message.uri_override, f"{path}.uri_override")
        if message.HasField("uri_override")
        else None
    )
    return HttpTarget(
        uri_override=uri_override,
        http_method=_http_method(message.http_method, path),
        header_overrides=tuple((item.header.key, item.header.value) for item in message.header_overrides),
        authorization=_authorization(message),
    )


def put_http_target(message: target_pb2.HttpTarget, target: HttpTarget) -> None:
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


def _http_method(number: int, path: str) -> HttpMethod | None:
    return enum_value(HttpMethod, number, f"{path}.http_method", _HTTP_METHOD) if number else None


def _uri_override(message: target_pb2.UriOverride, path: str) -> UriOverride:
    scheme = (
        enum_value(Scheme, message.scheme, f"{path}.scheme", _SCHEME) if message.HasField("scheme") else None
    )
    return UriOverride(
        scheme=scheme,
        host=message.host if message.HasField("host") else None,
        port=message.port if message.HasField("port") else None,
        path=message.path_override.path if message.HasField("path_override") else None,
        query=message.query_override.query_params if message.HasField("query_override") else None,
        enforce_mode=enum_value(
            EnforceMode, message.uri_override_enforce_mode, f"{path}.uri_override_enforce_mode", _ENFORCE_MODE
        ),
    )


def _put_uri_override(message: target_pb2.UriOverride, override: UriOverride) -> None:
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


def _authorization(message: target_pb2.HttpRequest | target_pb2.HttpTarget) -> Authorization | None:
    match message.WhichOneof("authorization_header"):
        case "oauth_token":
            return OAuthToken(message.oauth_token.service_account_email, message.oauth_token.scope)
        case "oidc_token":
            return OidcToken(message.oidc_token.service_account_email, message.oidc_token.audience)
    return None


def _put_authorization(
    message: target_pb2.HttpRequest | target_pb2.HttpTarget, token: Authorization | None
) -> None:
    match token:
        case OAuthToken(email, scope):
            message.oauth_token.service_account_email = email
            message.oauth_token.scope = scope
        case OidcToken(email, audience):
            message.oidc_token.service_account_email = email
            message.oidc_token.audience = audience
