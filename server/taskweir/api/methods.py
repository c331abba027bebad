"""The methods of a service, found by walking its descriptor, and the one place where every call passes."""

import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeAlias

from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from taskweir.api.call import Call
from taskweir.deadline import call_deadline
from taskweir.domain.errors import Code, InvalidArgument, Refusal

_log = logging.getLogger(__name__)

_PATH_VARIABLE: Final = re.compile(r"\{([a-z_.]+)=")


class InternalError(Refusal):
    """A bug of ours: its traceback is logged here, and the caller learns no more than production would say."""

    code: ClassVar[Code] = Code.INTERNAL
    text = "Internal error encountered."


@dataclass(frozen=True, slots=True)
class Service:
    """A servicer, and the name under which clients call it (stubs are generated under names of their own)."""

    name: str
    descriptor: ServiceDescriptor
    servicer: object

    def methods(self) -> Iterator["Method"]:
        """Those of the descriptor that the servicer implements. A generated base only answers that it does not, and
        unlike ours its methods are no coroutines."""
        for descriptor in self.descriptor.methods:
            implementation = getattr(self.servicer, descriptor.name)
            if inspect.iscoroutinefunction(implementation):
                yield Method(
                    rpc=f"{self.name}/{descriptor.name}",
                    name=descriptor.name,
                    routing_field=_routing_field(descriptor),
                    parse=GetMessageClass(descriptor.input_type).FromString,
                    implementation=implementation,
                )


def _routing_field(descriptor: MethodDescriptor) -> str:
    """The first variable of the method's HTTP path, by which Google routes the call, e.g. queue.name."""
    rule = descriptor.GetOptions().Extensions[annotations_pb2.http]
    variable = _PATH_VARIABLE.search(getattr(rule, rule.WhichOneof("pattern")))
    assert variable is not None
    return variable[1]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a service. `implementation` takes a request message and a Call, and raises Refusals."""

    rpc: str
    name: str
    routing_field: str
    parse: Callable[[bytes], Message]
    implementation: Callable[[Any, Call], Awaitable[Message]]


Check: TypeAlias = Callable[[Method, Message, Call], None]
"""Looks at a call before it is served. Raises Refusals."""


class Calls:
    """Every call of every surface passes here."""

    def __init__(self, checks: Sequence[Check] = ()) -> None:
        self._checks = tuple(checks)

    async def answer(self, method: Method, data: bytes, call: Call) -> bytes:
        """Serve a call in protobuf. Raises Refusals, InternalError among them, and nothing else."""
        try:
            request = method.parse(data)
        except DecodeError as error:
            raise InvalidArgument("The request could not be parsed.") from error
        return (await self.serve(method, request, call)).SerializeToString()

    async def serve(self, method: Method, request: Message, call: Call) -> Message:
        """Serve a call in messages. Raises as `answer` does."""
        call_deadline.set(call.deadline)
        try:
            for check in self._checks:
                check(method, request, call)
            return await method.implementation(request, call)
        except Refusal:
            raise
        except Exception as error:  # a bug: nobody above could do more than this
            _log.exception("%s failed", method.rpc)
            raise InternalError from error
