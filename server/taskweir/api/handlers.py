"""Methods as handlers of grpc.aio: bytes in, bytes out.

gRPC is given no deserializer of its own: it would answer UNKNOWN to a request that cannot be parsed.
"""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import grpc
import grpc.aio
from google.rpc import status_pb2

from taskweir.api.call import Call
from taskweir.api.methods import Calls, Method, Service
from taskweir.api.status import rpc_status
from taskweir.domain.errors import Refusal

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_STATUS_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}
_ESCAPED: Final = re.compile(rb"[^ -$&-~]")
_DETAILS_TRAILER: Final = "grpc-status-details-bin"
_TRAILERS_LIMIT: Final = 7_000
"""Bytes of message and details. gRPC clients begin to refuse trailers at 8 KiB, and then see RESOURCE_EXHAUSTED."""


def generic_handler(service: Service, calls: Calls) -> grpc.GenericRpcHandler:
    """Handlers for what the service implements; gRPC itself answers UNIMPLEMENTED to the rest."""
    handlers = {
        method.name: grpc.unary_unary_rpc_method_handler(_handler(method, calls))
        for method in service.methods()
    }
    return grpc.method_handlers_generic_handler(service.name, handlers)


def _handler(method: Method, calls: Calls) -> Callable[[bytes, _Context], Awaitable[bytes]]:
    async def handle(data: bytes, context: _Context) -> bytes:
        try:
            return await calls.answer(method, data, _call(method, context))
        except Refusal as refusal:
            await _abort(context, refusal)
            raise

    return handle


def _call(method: Method, context: _Context) -> Call:
    remaining: float | None = context.time_remaining()
    deadline = None if remaining is None else time.monotonic() + remaining
    return Call(method.rpc, context.invocation_metadata() or (), deadline)


async def _abort(context: _Context, refusal: Refusal) -> None:
    """Raises, always. A refusal without details has its code and message only, as in production."""
    code = _STATUS_CODES[refusal.code]
    if refusal.details:
        status = rpc_status(refusal.code, refusal.message, refusal.details)
        if _fits(status):
            await context.abort(code, refusal.message, ((_DETAILS_TRAILER, status.SerializeToString()),))
    await context.abort(code, _cut(refusal.message))


def _fits(status: status_pb2.Status) -> bool:
    """Some clients send and count binary trailers in base64."""
    details_size: int = status.ByteSize() * 4 // 3
    return _encoded_size(status.message) + details_size <= _TRAILERS_LIMIT


def _cut(message: str) -> str:
    while _encoded_size(message) > _TRAILERS_LIMIT:
        message = message[: len(message) * 3 // 4] + "…"
    return message


def _encoded_size(message: str) -> int:
    """Of grpc-message, in which every byte outside printable ASCII, and %, takes three."""
    encoded = message.encode()
    return len(encoded) + 2 * len(_ESCAPED.findall(encoded))
