"""A sender in front of the real one, on which faults act."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final

from taskweir.control.faults import Faults
from taskweir.domain.fault import AnswerEarly, CutOff, Delay, DeliverTwice, Fail, Fault, LoseEffect
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.scope import Scope
from taskweir.domain.times import SECOND, Micros
from taskweir.push.late_effects import LateEffects
from taskweir.push.sender import Outcome, Sender

_LOG: Final = logging.getLogger("taskweir.fault")

_MOST_LATE: Final = 256
"""Requests that were answered before they were sent, at a time: they have bodies and sockets that no limit on attempts
in flight knows of. The attempt after them waits for room."""

_UNTOUCHED: Final = Outcome(None, latency=0)
"""Of a request that was not sent."""


class FaultySender:
    """Implements `push.sender.Sender`."""

    def __init__(self, sender: Sender, faults: Faults, late: LateEffects | None = None) -> None:
        """`late` is told of requests that are answered before they are sent."""
        self._sender = sender
        self._faults = faults
        self._effects = LateEffects() if late is None else late
        self._late: dict[asyncio.Task[None], tuple[str, Callable[[], None]]] = {}
        """With the project of each, and what is to be called at its end."""
        self._room = asyncio.Semaphore(_MOST_LATE)
        faults.when_forgotten(self._drop_late)

    def send(self, request: OutgoingRequest) -> Coroutine[Any, Any, Outcome]:
        """Not a coroutine itself, so that attempts pay for none where there is no fault."""
        if not self._faults.act_on_attempts:
            return self._sender.send(request)
        return self._send(request)

    async def close(self) -> None:
        """What was answered early and is not yet sent, never is."""
        late = list(self._late)
        self._drop_late(None)
        await asyncio.gather(*late, return_exceptions=True)
        await self._sender.close()

    async def _send(self, request: OutgoingRequest) -> Outcome:
        fault = self._faults.for_attempt(request.task, request.url)
        if fault is None:
            return await self._sender.send(request)
        _LOG.info("%s acts on an attempt of %s", fault.name, request.task)
        return await self._act(request, fault)

    async def _act(self, request: OutgoingRequest, fault: Fault) -> Outcome:
        match fault.action:
            case Fail(http_status=status, after_effect=after_effect):
                return _replaced(await self._sent_if(after_effect, request), fault, status)
            case CutOff(after_effect=after_effect):
                return _cut_off(await self._sent_if(after_effect, request), fault)
            case Delay(duration=duration):
                return await self._delayed(request, duration)
            case LoseEffect():
                return _replaced(_UNTOUCHED, fault, 200)
            case AnswerEarly(delay=delay):
                return await self._answered_early(request, fault, delay)
            case DeliverTwice():
                return await self._sent_twice(request, fault)

    async def _sent_if(self, wanted: bool, request: OutgoingRequest) -> Outcome:  # noqa: FBT001 - its whole sense
        return await self._sender.send(request) if wanted else _UNTOUCHED

    async def _delayed(self, request: OutgoingRequest, duration: Micros) -> Outcome:
        """The attempt took as long as it took; its deadline only counts from the sending."""
        began = time.monotonic()
        await asyncio.sleep(duration / SECOND)
        delayed = round((time.monotonic() - began) * SECOND)
        outcome = await self._sender.send(request)
        return replace(outcome, latency=outcome.latency + delayed)

    async def _sent_twice(self, request: OutgoingRequest, fault: Fault) -> Outcome:
        first = await self._sender.send(request)
        _log("second delivery", request, fault, await self._sender.send(request))
        return first

    async def _answered_early(self, request: OutgoingRequest, fault: Fault, delay: Micros) -> Outcome:
        began = time.monotonic()
        await self._room.acquire()
        late = asyncio.create_task(self._send_late(request, fault, delay), name=f"late {request.task}")
        self._late[late] = request.task.queue.project, self._effects.begin(Scope.of(request.task.queue))
        late.add_done_callback(self._on_late_end)
        return _replaced(Outcome(None, latency=round((time.monotonic() - began) * SECOND)), fault, 200)

    async def _send_late(self, request: OutgoingRequest, fault: Fault, delay: Micros) -> None:
        await asyncio.sleep(delay / SECOND)
        _log("late delivery", request, fault, await self._sender.send(request))

    def _on_late_end(self, late: asyncio.Task[None]) -> None:
        _, over = self._late.pop(late)
        self._room.release()
        over()
        if not late.cancelled() and late.exception() is not None:
            _LOG.error("a late delivery failed by a fault of the server", exc_info=late.exception())

    def _drop_late(self, project: str | None) -> None:
        """Of a project that is reset, or (None) all."""
        for late, (its, _) in self._late.items():
            if project in (None, its):
                late.cancel()


def _replaced(outcome: Outcome, fault: Fault, status: int) -> Outcome:
    """Answered with a status of our own, which the answer's body says; a request that could not be made has none."""
    if outcome.unsent:
        return outcome
    return replace(
        outcome,
        http_status=status,
        timed_out=False,
        error="",
        body_start=f"Injected by {fault.name}.".encode(),
        retry_after="",
    )


def _cut_off(outcome: Outcome, fault: Fault) -> Outcome:
    if outcome.unsent:
        return outcome
    return replace(
        outcome,
        http_status=None,
        timed_out=False,
        error=f"connection reset (injected by {fault.name})",
        body_start=b"",
        retry_after="",
    )


def _log(what: str, request: OutgoingRequest, fault: Fault, outcome: Outcome) -> None:
    answer = outcome.http_status or outcome.error
    _LOG.info("%s: the %s of %s was answered: %s", fault.name, what, request.task, answer)
