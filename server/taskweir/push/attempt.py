"""One attempt, from begun task to recorded answer."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.answer import answer_of
from taskweir.domain.errors import Unavailable
from taskweir.domain.lifecycle import AttemptResult, Ending
from taskweir.domain.model import Queue, Task
from taskweir.domain.requests import AppEngineHost, outgoing_request
from taskweir.domain.times import MILLISECOND, Instant
from taskweir.push.sender import Outcome, Sender
from taskweir.store.base import Store

_LOG: Final = logging.getLogger("taskweir.attempt")
_RECORD_AGAIN_AFTER: Final = 1.0
"""Seconds of real time between tries to record an attempt while the store cannot write."""


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Sends a task whose attempt has begun, and records what became of it."""

    store: Store
    sender: Sender
    clock: Clock
    app_engine: AppEngineHost

    async def attempt(self, task: Task, queue: Queue, *, forced: bool = False) -> None:
        """Recording is tried as long as it takes: the task is held until then, and not sent again. `forced` is an
        attempt that RunTask asked for."""
        outcome = await self._send(task, queue)
        result = _result(task, outcome, forced=forced)
        ending = await self._record(result)
        _log(task, result, outcome, ending)

    async def _send(self, task: Task, queue: Queue) -> Outcome:
        try:
            return await self.sender.send(outgoing_request(task, queue, self.app_engine))
        except Exception as error:
            # Our own fault; as a failed attempt the task stays under the retry law instead of being held for ever.
            _LOG.exception("attempt task=%s failed by a fault of the server", task.name)
            return Outcome(None, latency=0, unsent=True, error=f"internal error: {error}")

    async def _record(self, result: AttemptResult) -> Ending | Instant | None:
        while True:
            try:
                return await self.store.finish_attempt(result, self.clock.now())
            except Unavailable:
                await asyncio.sleep(_RECORD_AGAIN_AFTER)


def _result(task: Task, outcome: Outcome, *, forced: bool) -> AttemptResult:
    assert task.last_attempt is not None
    return AttemptResult(
        task_uid=task.uid,
        queue_uid=task.queue_uid,
        number=task.dispatch_count,
        attempt=task.last_attempt,
        answer=answer_of(
            task.payload,
            outcome.http_status,
            timed_out=outcome.timed_out,
            error=outcome.error,
            unsent=outcome.unsent,
        ),
        forced=forced,
    )


def _log(task: Task, result: AttemptResult, outcome: Outcome, ending: Ending | Instant | None) -> None:
    if not _LOG.isEnabledFor(logging.INFO):
        return
    fields: dict[str, object] = {
        "task": str(task.name),
        "attempt": result.number,
        "status": outcome.http_status or ("timeout" if outcome.timed_out else "none"),
        "latency_ms": round(outcome.latency / MILLISECOND, 1),
        "then": _then(ending),
    }
    if outcome.error:
        fields["error"] = outcome.error
    _LOG.info("attempt", extra=fields)


def _then(ending: Ending | Instant | None) -> str:
    match ending:
        case Ending():
            return ending.name.lower()
        case None:
            return "gone"
        case _:
            return "retry"
