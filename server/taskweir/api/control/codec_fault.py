"""Faults of taskweir.control.v1."""

import re
from collections.abc import Collection
from typing import Final

from google.rpc import code_pb2

from taskweir.api.control.codec_request import LONGEST_WAIT, duration_within, invalid, scope
from taskweir.api.convert import enum_number, put_micros
from taskweir.domain.errors import Code, NotFound, quoted
from taskweir.domain.fault import (
    Action,
    AnswerEarly,
    AttemptMatch,
    CallMatch,
    CutOff,
    Delay,
    DeliverTwice,
    Fail,
    Fault,
    LoseEffect,
    Match,
)
from taskweir_pb.control.v1 import control_pb2 as pb

_NAME: Final = re.compile(r"faults/([1-9][0-9]{0,17})")
_STATUSES: Final = range(100, 600)


def fault_of(message: pb.Fault, rpcs: Collection[str], path: str = "fault") -> Fault:
    """What a caller sent; output-only fields are passed over. `rpcs` are the full paths of the methods that faults can
    be about. Raises InvalidArgument."""
    match = _match(message, rpcs, path)
    action = _action(message, path, of_call=isinstance(match, CallMatch))
    if message.times < 0:
        raise invalid(f"{path}.times", "it cannot be negative.")
    # Written so that it refuses what is no number too.
    if message.HasField("percent") and not 0 < message.percent <= 100:
        raise invalid(f"{path}.percent", "it must be above 0 and at most 100.")
    percent = message.percent if message.HasField("percent") else None
    return Fault(match, action, times=message.times, percent=percent, seed=message.seed)


def fault_number(name: str) -> int:
    """Raises NotFound for what names no fault."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise NotFound(f'There is no fault named "{quoted(name)}".')
    return int(match[1])


def _match(message: pb.Fault, rpcs: Collection[str], path: str) -> Match:
    match message.WhichOneof("match"):
        case "call":
            _check_method(message.call.method, rpcs, f"{path}.call.method")
            about = scope(f"{path}.call.parent", message.call.parent, of_task=True)
            return CallMatch(message.call.method, about)
        case "attempt":
            about = scope(f"{path}.attempt.parent", message.attempt.parent, of_task=True)
            return AttemptMatch(about, message.attempt.target)
    raise invalid(path, "one of 'call' and 'attempt' must be set.")


def _check_method(method: str, rpcs: Collection[str], path: str) -> None:
    if method and method not in rpcs and all(rpc.rpartition("/")[2] != method for rpc in rpcs):
        raise invalid(path, f'there is no method "{quoted(method)}".')


def _action(message: pb.Fault, path: str, *, of_call: bool) -> Action:
    match message.WhichOneof("action"):
        case "fail":
            return _fail(message.fail, f"{path}.fail", of_call=of_call)
        case "delay":
            where = f"{path}.delay.duration"
            duration = duration_within(where, message.delay.duration, LONGEST_WAIT, "an hour")
            if not duration:
                raise invalid(where, "it must be above zero.")
            return Delay(duration)
        case "cut_off":
            return CutOff(message.cut_off.after_effect)
        case "lose_effect":
            return LoseEffect()
        case "answer_early":
            where = f"{path}.answer_early.delay"
            return AnswerEarly(duration_within(where, message.answer_early.delay, LONGEST_WAIT, "an hour"))
        case "deliver_twice":
            return DeliverTwice()
    raise invalid(
        path,
        "one of 'fail', 'delay', 'cut_off', 'lose_effect', 'answer_early' and 'deliver_twice' must be set.",
    )


def _fail(message: pb.Fail, path: str, *, of_call: bool) -> Fail:
    """Zero is as good as unset: the message cannot tell them apart."""
    if not of_call:
        for field, value in (("code", message.code), ("message", message.message)):
            if value:
                raise invalid(f"{path}.{field}", "it is for calls; attempts fail with 'http_status'.")
        status = message.http_status or Fail().http_status
        if status not in _STATUSES:
            raise invalid(f"{path}.http_status", "it must be from 100 to 599.")
        return Fail(http_status=status, after_effect=message.after_effect)
    if message.http_status:
        raise invalid(f"{path}.http_status", "it is for attempts; calls fail with 'code'.")
    if message.code not in code_pb2.Code.values():
        raise invalid(f"{path}.code", f"{message.code} is no code.")
    code = Code(message.code) if message.code else Fail().code
    return Fail(code, message.message, after_effect=message.after_effect)


def fault_message(fault: Fault) -> pb.Fault:
    message = pb.Fault(
        name=fault.name,
        times=fault.times,
        percent=fault.percent,
        seed=fault.seed,
        matched_count=fault.matched,
        acted_count=fault.acted,
    )
    _put_match(message, fault.match)
    _put_action(message, fault)
    return message


def _put_match(message: pb.Fault, match: Match) -> None:
    if isinstance(match, CallMatch):
        message.call.SetInParent()
        message.call.method = match.method
        message.call.parent = str(match.scope)
    else:
        message.attempt.SetInParent()
        message.attempt.target = match.target
        message.attempt.parent = str(match.scope)


def _put_action(message: pb.Fault, fault: Fault) -> None:
    match fault.action:
        case Fail() as fail:
            _put_fail(message.fail, fail, of_call=isinstance(fault.match, CallMatch))
        case Delay(duration=duration):
            put_micros(message.delay.duration, duration)
        case CutOff(after_effect=after_effect):
            message.cut_off.SetInParent()
            message.cut_off.after_effect = after_effect
        case LoseEffect():
            message.lose_effect.SetInParent()
        case AnswerEarly(delay=delay):
            put_micros(message.answer_early.delay, delay)
        case DeliverTwice():
            message.deliver_twice.SetInParent()


def _put_fail(message: pb.Fail, fail: Fail, *, of_call: bool) -> None:
    if of_call:
        message.code = enum_number(fail.code)
        message.message = fail.message
    else:
        message.http_status = fail.http_status
    message.after_effect = fail.after_effect
