"""App Engine requests of v2 and v2beta3, which are the same."""

from typing import TypeAlias

from taskweir.api.cloud_tasks.codec_target import http_method, put_routing, routing
from taskweir.api.convert import enum_number
from taskweir.domain.model import AppEngineRequest, HttpMethod
from taskweir_pb.v2 import target_pb2 as v2
from taskweir_pb.v2beta3 import target_pb2 as v2beta3

_AppEngineHttpRequest: TypeAlias = v2.AppEngineHttpRequest | v2beta3.AppEngineHttpRequest


def app_engine_request(message: _AppEngineHttpRequest, path: str) -> AppEngineRequest:
    """`path` names the message in the request. Raises InvalidArgument."""
    return AppEngineRequest(
        relative_uri=message.relative_uri,
        http_method=http_method(message, path) or HttpMethod.POST,
        headers=dict(message.headers),
        body=message.body,
        routing=routing(message.app_engine_routing),
    )


def put_app_engine_request(message: _AppEngineHttpRequest, request: AppEngineRequest, *, full: bool) -> None:
    message.http_method = enum_number(request.http_method)
    put_routing(message.app_engine_routing, request.routing)
    message.relative_uri = request.relative_uri
    message.headers.update(request.headers)
    if full:
        message.body = request.body
