"""gRPC reflection, so that tools such as grpcurl need no proto files. It tells the true names of everything."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Any, Final, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import Message
from grpc_reflection.v1alpha import reflection, reflection_pb2

from taskweir.api.descriptors import descriptor_pool
from taskweir.api.grpc.handlers import Guarded, let_pass
from taskweir.api.grpc.health import LONGEST_STREAM
from taskweir.api.methods import Authenticate

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

NAME: Final = "grpc.reflection.v1alpha.ServerReflection"
_NEWER_NAME: Final = "grpc.reflection.v1.ServerReflection"
"""The same messages under another package. Newer clients ask for it first; it is not listed, because no descriptor
of that name is at hand."""


def reflection_handler(services: Iterable[str], authenticate: Authenticate | None) -> grpc.GenericRpcHandler:
    """Handles both names. Each of the services must be in the descriptor pool. Callers that do not pass are refused."""
    servicer = reflection.aio.ReflectionServicer((*services, NAME), pool=descriptor_pool())
    handler = grpc.stream_stream_rpc_method_handler(
        _ending(servicer),
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    handlers = {f"{name}/ServerReflectionInfo": handler for name in (NAME, _NEWER_NAME)}
    return Guarded(handlers, authenticate or let_pass)


def _ending(
    servicer: reflection.aio.ReflectionServicer,
) -> Callable[[AsyncIterator[Message], _Context], Awaitable[None]]:
    """A stream would go on until its client ends it: so would a connection that does nothing else."""

    async def handle(questions: AsyncIterator[Message], context: _Context) -> None:
        # It ends in good order: what was asked has been answered.
        with contextlib.suppress(TimeoutError):
            async with (
                asyncio.timeout(LONGEST_STREAM),
                aclosing(servicer.ServerReflectionInfo(questions, context)) as answers,
            ):
                async for answer in answers:
                    await context.write(answer)

    return handle
