"""One attempt, from begun task to recorded answer."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from taskweir.clock import Clock, real_now
from taskweir.domain import history
from taskweir.domain.answer import answer_of
from taskweir.domain.errors import Unavailable
from taskweir.domain.lifecycle import AttemptResult, Ending
from taskweir.domain.model import Queue, Task
from taskweir.domain.requests import AppEngine, outgoing_request
from taskweir.domain.retry_after import wait_asked_for
from taskweir.domain.times import LATEST, MILLISECOND, Instant, Micros
from taskweir.push.sender import Outcome, Sender
from taskweir.store.base import Store

_LOG: Final = logging.getLogger("taskweir.attempt")
_RECORD_AGAIN_AFTER: Final = 1.0
"""Seconds of real time between tries to record an attempt while the store cannot write."""
_ERROR_KEPT: Final = 1_024
"""Characters of an error that are kept in the history."""


class AttemptObserver(Protocol):
    """Is told of attempts, on the event loop. Must not block or raise."""

    def attempt_begun(self, task: Task, *, forced: bool) -> None:
        """`task` is as begun: its last attempt is this one. `forced` when RunTask asked for it."""
        ...

    def attempt_recorded(
        self, task: Task, outcome: history.Outcome, latency: Micros, ending: Ending | Instant | None
    ) -> None:
        """`ending` is what `Store.finish_attempt` said."""
        ...

    def attempt_over(self, task: Task) -> None:
        """It is recorded, or was cut off before it could be."""
        ...


class _Nobody:
    """Observes nothing."""

    def attempt_begun(self, task: Task, *, forced: bool) -> None: ...

    def attempt_recorded(
        self, task: Task, outcome: history.Outcome, latency: Micros, ending: Ending | Instant | None
    ) -> None: ...

    def attempt_over(self, task: Task) -> None: ...


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Sends a task whose attempt has begun, and records what became of it; for the history too, if one is kept.

    `slows_queues` is the switch of congestion control; `real_now` is the time that targets live in.
    """

    store: Store
    sender: Sender
    clock: Clock
    app_engine: AppEngine
    keeps_history: bool = False
    observer: AttemptObserver = field(default_factory=_Nobody)
    slows_queues: bool = True
    real_now: Callable[[], Instant] = real_now

    async def attempt(
        self,
        task: Task,
        queue: Queue,
        heard: Callable[[AttemptResult, Instant], None],
        *,
        forced: bool = False,
    ) -> None:
        """Recording is tried as long as it takes: the task is held until then, and not sent again. `heard` is called
        as soon as the attempt has ended, with the time, if queues are to be slowed down. `forced` is an attempt that
        RunTask asked for."""
        self.observer.attempt_begun(task, forced=forced)
        try:
            outcome = await self._send(task, queue)
            now = self.clock.now()
            result = _result(task, outcome, self._not_before(outcome, now), forced=forced)
            if self.slows_queues:
                heard(result, now)
            kind = _kind(outcome, result)
            record = _record_of(task, result, outcome, kind, now) if self.keeps_history else None
            ending = await self._record(result, record)
            self.observer.attempt_recorded(task, kind, outcome.latency, ending)
            _log(task, result, outcome, ending)
        finally:
            self.observer.attempt_over(task)

    async def _send(self, task: Task, queue: Queue) -> Outcome:
        try:
            return await self.sender.send(outgoing_request(task, queue, self.app_engine))
        except Exception as error:
            # Our own fault; as a failed attempt the task stays under the retry law instead of being held for ever.
            _LOG.exception("attempt task=%s failed by a fault of the server", task.name)
            return Outcome(None, latency=0, unsent=True, error=f"internal error: {error}")

    def _not_before(self, outcome: Outcome, now: Instant) -> Instant | None:
        """What Retry-After asks for, by the server's clock."""
        if not outcome.retry_after:
            return None
        wait = wait_asked_for(outcome.retry_after, self.real_now())
        return None if wait is None else min(now + wait, LATEST)

    async def _record(
        self, result: AttemptResult, record: history.AttemptRecord | None
    ) -> Ending | Instant | None:
        while True:
            try:
                return await self.store.finish_attempt(result, self.clock.now(), record)
            except Unavailable:
                await asyncio.sleep(_RECORD_AGAIN_AFTER)


def _result(task: Task, outcome: Outcome, not_before: Instant | None, *, forced: bool) -> AttemptResult:
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
            not_before=not_before,
        ),
        forced=forced,
    )


def _record_of(
    task: Task, result: AttemptResult, outcome: Outcome, kind: history.Outcome, now: Instant
) -> history.AttemptRecord:
    return history.AttemptRecord(
        task=task.name,
        number=result.number,
        forced=result.forced,
        schedule_time=result.attempt.schedule_time,
        dispatch_time=result.attempt.dispatch_time,
        response_time=now,
        outcome=kind,
        request_line=outcome.request_line,
        headers=history.headers_to_keep(outcome.headers_sent),
        http_status=outcome.http_status,
        latency=outcome.latency,
        body_start=outcome.body_start[: history.BODY_KEPT],
        error=outcome.error[:_ERROR_KEPT],
    )


def _kind(outcome: Outcome, result: AttemptResult) -> history.Outcome:
    if outcome.unsent:
        return history.Outcome.NOT_SENT
    if outcome.timed_out:
        return history.Outcome.TIMED_OUT
    if outcome.http_status is None:
        return history.Outcome.NO_ANSWER
    return history.Outcome.SUCCEEDED if result.answer.succeeded else history.Outcome.FAILED


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
