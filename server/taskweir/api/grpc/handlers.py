"""Methods as handlers of grpc.aio: bytes in, bytes out.

gRPC is given no deserializer of its own: it would answer UNKNOWN to a request that cannot be parsed.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, Final, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import Message
from google.rpc import status_pb2

from taskweir.api.call import Call
from taskweir.api.methods import AnyMethod, Authenticate, Calls, Method, Service, StreamingMethod
from taskweir.api.status import rpc_status
from taskweir.api.streams import Streams
from taskweir.domain.errors import Refusal, Unauthenticated

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_STATUS_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}
_ESCAPED: Final = re.compile(rb"[^ -$&-~]")
_DETAILS_TRAILER: Final = "grpc-status-details-bin"
_TRAILERS_LIMIT: Final = 7_000
"""Bytes of message and details. gRPC clients begin to refuse trailers at 8 KiB, and then see RESOURCE_EXHAUSTED."""


def generic_handler(service: Service, calls: Calls, streams: Streams) -> grpc.GenericRpcHandler:
    """Handlers for what the service implements; gRPC itself answers UNIMPLEMENTED to the rest."""
    methods = {method.name: method for method in service.methods()}
    handlers = {name: _handler(method, calls, streams) for name, method in methods.items()}
    if calls.are_for_everybody:
        return grpc.method_handlers_generic_handler(service.name, handlers)
    by_rpc = {method.rpc: method for method in methods.values()}

    def authenticate(rpc: str, authorization: str | None) -> None:
        calls.authenticate(by_rpc[rpc], authorization)

    return Guarded({methods[name].rpc: handler for name, handler in handlers.items()}, authenticate)


class Guarded(grpc.GenericRpcHandler):  # type: ignore[misc] # the package carries no types
    """Is asked for a handler when the head of a call is there, and nothing of its message has been received."""

    def __init__(
        self,
        handlers: Mapping[str, grpc.RpcMethodHandler],
        authenticate: Authenticate,
        for_nobody: Mapping[str, grpc.RpcMethodHandler] | None = None,
    ) -> None:
        """Handlers by the full paths of methods, without the slash they begin with. Callers that do not pass are
        refused, or get what `for_nobody` has for all of these methods: it must not read what they send."""
        self._handlers = handlers
        self._authenticate = authenticate
        self._for_nobody = for_nobody

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        rpc = handler_call_details.method.removeprefix("/")
        handler = self._handlers.get(rpc)
        if handler is None:
            return None
        head = Call(rpc, handler_call_details.invocation_metadata or (), None)
        try:
            self._authenticate(rpc, head.header("authorization"))
        except Unauthenticated as refusal:
            return _refusing(refusal) if self._for_nobody is None else self._for_nobody[rpc]
        return handler


def let_pass(_rpc: str, _authorization: str | None) -> None:
    """Everybody: the server has no tokens."""


def _refusing(refusal: Refusal) -> grpc.RpcMethodHandler:
    """A handler that takes a stream of messages is given none before it asks for them, whatever the client sends."""

    async def refuse(_messages: object, context: _Context) -> None:
        await _abort(context, refusal)

    return grpc.stream_unary_rpc_method_handler(refuse)


def _handler(method: Method | StreamingMethod, calls: Calls, streams: Streams) -> grpc.RpcMethodHandler:
    if isinstance(method, StreamingMethod):
        return grpc.unary_stream_rpc_method_handler(_stream(method, calls, streams))
    return grpc.unary_unary_rpc_method_handler(_unary(method, calls))


def _unary(method: Method, calls: Calls) -> Callable[[bytes, _Context], Awaitable[bytes]]:
    async def handle(data: bytes, context: _Context) -> bytes:
        try:
            return await calls.serve(method, partial(method.parse, data), _serialized, _call(method, context))
        except Refusal as refusal:
            await _abort(context, refusal)
            raise

    return handle


def _stream(
    method: StreamingMethod, calls: Calls, streams: Streams
) -> Callable[[bytes, _Context], Awaitable[None]]:
    async def handle(data: bytes, context: _Context) -> None:
        call = _call(method, context)
        call.begin = lambda: context.send_initial_metadata(())
        call.is_stopped = streams.have_ended
        replies = calls.stream(method, partial(method.parse, data), _serialized, call)
        try:
            with streams:
                async with aclosing(replies):
                    async for reply in replies:
                        await context.write(reply)
        except Refusal as refusal:
            await _abort(context, refusal)
            raise

    return handle


def _serialized(reply: Message) -> bytes:
    return reply.SerializeToString()


def _call(method: AnyMethod, context: _Context) -> Call:
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
