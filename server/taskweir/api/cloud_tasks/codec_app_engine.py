"""App Engine requests. Those of v2 and v2beta3 are the same; v2beta2 has other names for two of their fields."""

from typing import TypeAlias

from taskweir.api.cloud_tasks.codec_target import headers_of, http_method, put_headers, put_routing, routing
from taskweir.api.convert import enum_number
from taskweir.domain.model import AppEngineRequest, HttpMethod
from taskweir_pb.v2 import target_pb2 as v2
from taskweir_pb.v2beta2 import target_pb2 as v2beta2
from taskweir_pb.v2beta3 import target_pb2 as v2beta3

_AppEngineHttpRequest: TypeAlias = v2.AppEngineHttpRequest | v2beta3.AppEngineHttpRequest
_AnyAppEngineHttpRequest: TypeAlias = _AppEngineHttpRequest | v2beta2.AppEngineHttpRequest


def app_engine_request(message: _AppEngineHttpRequest, path: str) -> AppEngineRequest:
    """`path` names the message in the request. Raises InvalidArgument."""
    return app_engine_request_with(message.relative_uri, message.body, message, path)


def app_engine_request_with(
    relative_uri: str, body: bytes, message: _AnyAppEngineHttpRequest, path: str
) -> AppEngineRequest:
    """All but what v2beta2 names otherwise. Raises InvalidArgument."""
    return AppEngineRequest(
        relative_uri=relative_uri,
        http_method=http_method(message, path) or HttpMethod.POST,
        headers=headers_of(message),
        body=body,
        routing=routing(message.app_engine_routing),
    )


def put_app_engine_request(message: _AppEngineHttpRequest, request: AppEngineRequest, *, full: bool) -> None:
    put_all_but_uri_and_body(message, request)
    message.relative_uri = request.relative_uri
    if full:
        message.body = request.body


def put_all_but_uri_and_body(message: _AnyAppEngineHttpRequest, request: AppEngineRequest) -> None:
    message.http_method = enum_number(request.http_method)
    put_routing(message.app_engine_routing, request.routing)
    put_headers(message, request.headers)
