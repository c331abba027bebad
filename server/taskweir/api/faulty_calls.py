"""What a fault does to a call."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import cache, partial
from operator import attrgetter
from typing import ClassVar, Final, TypeAlias

from google.protobuf.message import Message

from taskweir.api.call import Call
from taskweir.api.methods import Method
from taskweir.control.faults import Faults
from taskweir.domain.errors import Code, Refusal, Unavailable
from taskweir.domain.fault import AnswerEarly, CutOff, Delay, DeliverTwice, Fail, Fault, LoseEffect
from taskweir.domain.names import LocationName, OperationName
from taskweir.domain.scope import Scope
from taskweir.domain.times import SECOND
from taskweir.effect import LostEffect, call_effect

_LOG: Final = logging.getLogger("taskweir.fault")

_Serve: TypeAlias = Callable[[], Awaitable[Message]]


class CallCutOff(Unavailable):
    """The call gets no answer. A surface that can, ends the connection; over gRPC no server can for one call, so this
    says what a client of gRPC says of a connection that broke."""

    text = "Socket closed"


@cache
def _refusal(wanted: Code) -> type[Refusal]:
    """The faults' own refusals, for there is none of every code elsewhere."""

    class Injected(Refusal):
        code: ClassVar[Code] = wanted

    return Injected


class FaultyCalls:
    """Carries out calls, unless a fault says otherwise."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def __call__(self, method: Method, request: Message, call: Call) -> Awaitable[Message]:
        """Not a coroutine itself, so that calls pay for none where there is no fault."""
        if not self._faults.act_on_calls:
            return method.implementation(request, call)
        return self._serve(method, request, call)

    async def _serve(self, method: Method, request: Message, call: Call) -> Message:
        about = _about(method, request)
        serve = partial(method.implementation, request, call)
        fault = self._faults.for_call(method.rpc, about)
        if fault is None:
            return await serve()
        _LOG.info("%s acts on %s", fault.name, method.rpc)
        return await _served(fault, serve, about)


def _about(method: Method, request: Message) -> Scope:
    """The resource by which the call is routed, as far as a scope can say it; a name that is none is about nothing
    that a fault could name."""
    name = attrgetter(method.routing_field)(request) if method.routing_field else ""
    scope = Scope.parse(name)
    if scope is not None:
        return scope
    operation = OperationName.parse(name)
    location = operation.location if operation else LocationName.parse_cmek_config(name)
    return Scope.of(location) if location else Scope()


async def _served(fault: Fault, serve: _Serve, about: Scope) -> Message:
    match fault.action:
        case Fail(code=code, message=message, after_effect=after_effect):
            if after_effect:
                await _with_answer_dropped(serve, fault)
            raise _refusal(code)(message or f"Injected by {fault.name}.")
        case CutOff(after_effect=after_effect):
            if after_effect:
                await _with_answer_dropped(serve, fault)
            raise CallCutOff
        case Delay(duration=duration):
            await asyncio.sleep(duration / SECOND)
            return await serve()
        case LoseEffect():
            return await _with_effect(serve, LostEffect(about.project))
        case AnswerEarly(delay=delay):
            return await _with_effect(serve, LostEffect(about.project, delay / SECOND))
        case DeliverTwice():
            return await _twice(serve, fault)


async def _with_answer_dropped(serve: _Serve, fault: Fault) -> None:
    try:
        await serve()
    except Refusal as refusal:
        _LOG.info("%s: the answer that was dropped is a refusal: %s", fault.name, refusal.message)


async def _with_effect(serve: _Serve, effect: LostEffect) -> Message:
    # Undone at the end: over HTTP the next call on the connection is served in the same context.
    token = call_effect.set(effect)
    try:
        return await serve()
    finally:
        call_effect.reset(token)


async def _twice(serve: _Serve, fault: Fault) -> Message:
    """The first answer counts, a refusal too."""
    first: Message | Refusal
    try:
        first = await serve()
    except Refusal as refusal:
        first = refusal
    try:
        await serve()
    except Refusal as refusal:
        _LOG.info("%s: the second delivery was refused: %s", fault.name, refusal.message)
    if isinstance(first, Refusal):
        raise first
    return first
