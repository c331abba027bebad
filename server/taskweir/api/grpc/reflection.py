"""gRPC reflection, so that tools such as grpcurl need no proto files. It tells the true names of everything."""

from collections.abc import Iterable
from typing import Final

import grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from taskweir.api.descriptors import descriptor_pool

NAME: Final = "grpc.reflection.v1alpha.ServerReflection"
_NEWER_NAME: Final = "grpc.reflection.v1.ServerReflection"
"""The same messages under another package. Newer clients ask for it first; it is not listed, because no descriptor
of that name is at hand."""


def reflection_handlers(services: Iterable[str]) -> list[grpc.GenericRpcHandler]:
    """Handlers for both names. Each of the services must be in the descriptor pool."""
    servicer = reflection.aio.ReflectionServicer((*services, NAME), pool=descriptor_pool())
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return [
        grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler})
        for name in (NAME, _NEWER_NAME)
    ]
