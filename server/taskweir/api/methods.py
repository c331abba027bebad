"""The methods of a service, found by walking its descriptor, and the one place where every call passes."""

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ClassVar, Final, TypeAlias

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from taskweir.api.call import Call
from taskweir.api.http_rule import Binding, bindings_of
from taskweir.api.message_fields import FEW, check_fields
from taskweir.deadline import call_deadline
from taskweir.domain.errors import Code, InvalidArgument, Refusal, Unauthenticated

_log = logging.getLogger(__name__)


class InternalError(Refusal):
    """A bug of ours: its traceback is logged here, and the caller learns no more than production would say."""

    code: ClassVar[Code] = Code.INTERNAL
    text = "Internal error encountered."


@dataclass(frozen=True, slots=True)
class AnyMethod:
    """One method of a service, but for what it does.

    `rpc` is its full path, `request` the class of its requests. `bindings` are the ways to call it over HTTP;
    `routing_field` is the first variable of its HTTP path, by which Google routes the call, e.g. queue.name, and empty
    where the path has none.
    """

    rpc: str
    name: str
    routing_field: str
    bindings: tuple[Binding, ...]
    request: type[Message]

    def parse(self, data: bytes) -> Message:
        """The request in `data`. Raises InvalidArgument."""
        if len(data) > FEW:
            check_fields(data, self.request)
        try:
            return self.request.FromString(data)
        except DecodeError as error:
            raise InvalidArgument("The request could not be parsed.") from error


_Implementation: TypeAlias = Callable[[Any, Call], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Method(AnyMethod):
    """One that answers once. `implementation` takes a request message and a Call, and raises Refusals."""

    implementation: _Implementation


@dataclass(frozen=True, slots=True)
class StreamingMethod(AnyMethod):
    """One that answers with a stream. `implementation` is an async generator of its messages, and raises Refusals.
    Where messages may be long in coming, it says with `Call.begin` that it refuses no more."""

    implementation: Callable[[Any, Call], AsyncGenerator[Message, None]]


@dataclass(frozen=True, slots=True)
class Service:
    """A servicer, and the name under which clients call it (stubs are generated under names of their own). `reword` puts
    the messages of its refusals in words of its own, where it has any."""

    name: str
    descriptor: ServiceDescriptor
    servicer: object
    reword: Callable[[str], str] | None = None

    def methods(self) -> Iterator[Method | StreamingMethod]:
        """Those of the descriptor that the servicer implements. A generated base only answers that it does not, and
        unlike ours its methods are neither coroutines nor generators."""
        for descriptor in self.descriptor.methods:
            implementation = getattr(self.servicer, descriptor.name)
            if inspect.iscoroutinefunction(implementation):
                yield Method(*self._described(descriptor), self._worded(implementation))
            elif inspect.isasyncgenfunction(implementation):
                yield StreamingMethod(*self._described(descriptor), implementation)

    def _worded(self, implementation: _Implementation) -> _Implementation:
        reword = self.reword
        if reword is None:
            return implementation

        async def worded(request: Any, call: Call) -> Message:  # noqa: ANN401 - as the implementation
            try:
                return await implementation(request, call)
            except Refusal as refusal:
                refusal.message = reword(refusal.message)
                raise

        return worded

    def _described(
        self, descriptor: MethodDescriptor
    ) -> tuple[str, str, str, tuple[Binding, ...], type[Message]]:
        bindings = bindings_of(descriptor)
        variables = [variable.field for binding in bindings[:1] for variable in binding.template.variables]
        return (
            f"{self.name}/{descriptor.name}",
            descriptor.name,
            variables[0] if variables else "",
            bindings,
            GetMessageClass(descriptor.input_type),
        )


Authenticate: TypeAlias = Callable[[str, str | None], None]
"""Looks at what a caller shows for itself, the value of `authorization`, before anything of its request is read; and is
told the full path of the method. Raises Unauthenticated."""

Check: TypeAlias = Callable[[AnyMethod, Message, Call], None]
"""Looks at a call before it is served. Raises Refusals."""

CarryOut: TypeAlias = Callable[[Method, Message, Call], Awaitable[Message]]
"""Serves a call that passed the checks. Raises Refusals."""

Observe: TypeAlias = Callable[[str, Code, float], None]
"""Is told of each call: the full path of its method, the code it was answered with, and how many seconds it took."""

Read: TypeAlias = Callable[[], Message]
"""Makes a request's message of what was sent. Raises InvalidArgument, and what kept the request from coming whole."""

Write: TypeAlias = Callable[[Message], bytes]
"""Makes of a reply what the surface sends."""

WriteOnly: TypeAlias = Callable[[Message], bytes | Awaitable[bytes]]
"""The same of the only reply of a call, which may take so long that it is to be awaited."""

_CLOCKS_DIFFER: Final = 0.1
"""Seconds. A client ends a call by its own clock, and the deadline that it told came here later, and rounded up."""


def _carry_out(method: Method, request: Message, call: Call) -> Awaitable[Message]:
    return method.implementation(request, call)


class Calls:
    """Every call of every surface passes here. A call that its caller gave up counts as CANCELLED, and as
    DEADLINE_EXCEEDED where its deadline had passed by then; a stream that ended because the server stops, as OK."""

    def __init__(
        self,
        checks: Sequence[Check] = (),
        carry_out: CarryOut = _carry_out,
        observe: Observe | None = None,
        authenticate: Authenticate | None = None,
    ) -> None:
        self._checks = tuple(checks)
        self._carry_out = carry_out
        self._observe = observe
        self._authenticate = authenticate

    @property
    def are_for_everybody(self) -> bool:
        """Whether `authenticate` lets every caller pass."""
        return self._authenticate is None

    def authenticate(self, method: AnyMethod, authorization: str | None) -> None:
        """For surfaces to call before they read anything of a request: who may not call shall not be read at all.
        Raises Unauthenticated, and counts the call then."""
        if self._authenticate is None:
            return
        began = perf_counter()
        try:
            self._authenticate(method.rpc, authorization)
        except Unauthenticated as refusal:
            self._count(method, refusal.code, began)
            raise

    async def serve(self, method: Method, read: Read, write: WriteOnly, call: Call) -> bytes:
        """Serve a call that is answered once. Raises Refusals, InternalError among them, and nothing else."""
        began = perf_counter()
        try:
            request = self._admitted(method, read, call)
            written = write(await self._carry_out(method, request, call))
            reply = written if isinstance(written, bytes) else await written
        except BaseException as error:
            self._ended(method, call, began, error)
            raise
        self._count(method, Code.OK, began)
        return reply

    async def stream(
        self, method: StreamingMethod, read: Read, write: Write, call: Call
    ) -> AsyncGenerator[bytes, None]:
        """Serve a call that is answered with a stream, and count it when that ends. Raises as `serve` does."""
        began = perf_counter()
        try:
            request = self._admitted(method, read, call)
            async with aclosing(method.implementation(request, call)) as replies:
                async for reply in replies:
                    yield write(reply)
        except BaseException as error:
            self._ended(method, call, began, error)
            raise
        self._count(method, Code.OK, began)

    def _admitted(self, method: AnyMethod, read: Read, call: Call) -> Message:
        call_deadline.set(call.deadline)
        request = read()
        for check in self._checks:
            check(method, request, call)
        return request

    def _ended(self, method: AnyMethod, call: Call, began: float, error: BaseException) -> None:
        """Not in good order. A bug of ours is logged here; nobody above could do more about it."""
        self._count(method, _code(error, call), began)
        if isinstance(error, Exception) and not isinstance(error, Refusal):
            _log.error("%s failed", method.rpc, exc_info=error)
            raise InternalError from error

    def _count(self, method: AnyMethod, code: Code, began: float) -> None:
        if self._observe is not None:
            self._observe(method.rpc, code, perf_counter() - began)


def _code(error: BaseException, call: Call) -> Code:
    if isinstance(error, Refusal):
        return error.code
    # Generators that nobody reads any more are ended by an exception of their own.
    if not isinstance(error, asyncio.CancelledError | GeneratorExit):
        return Code.INTERNAL
    if call.is_stopped():
        return Code.OK
    late = call.deadline is not None and time.monotonic() > call.deadline - _CLOCKS_DIFFER
    return Code.DEADLINE_EXCEEDED if late else Code.CANCELLED
