"""One attempt: what is recorded of it, and what its observer is told."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from taskweir.clock import SteeredClock
from taskweir.domain.app_engine import AppEngine
from taskweir.domain.errors import Unavailable
from taskweir.domain.history import AttemptRecord
from taskweir.domain.history import Outcome as Kind
from taskweir.domain.lifecycle import AttemptResult, Ending, begin_attempt
from taskweir.domain.model import HttpRequest, Queue, RateLimits, RetryConfig, Task
from taskweir.domain.names import QueueName
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.times import LATEST, SECOND, Instant, Micros
from taskweir.push import attempt
from taskweir.push.attempt import Dispatcher
from taskweir.push.sender import Outcome

START: Instant = 1_700_000_000 * SECOND
NAME = QueueName("p", "us-central1", "q")
QUEUE = Queue(NAME, RateLimits(500, 100, 1000), RetryConfig(100, 0, SECOND, SECOND, 16), uid=7)
SCHEDULED = Task(NAME.task("t"), HttpRequest("http://h/"), START - SECOND, START - SECOND, uid=1, queue_uid=7)
TASK = begin_attempt(SCHEDULED, START)
REAL_NOW = datetime(2030, 1, 1, tzinfo=UTC)
ANSWERED = Outcome(
    200, 1_500, request_line="POST / HTTP/1.1", headers_sent=[("Host", "h")], body_start=b"thanks"
)


@dataclass
class Store:
    """Says `answers` in turn; of what it was told it keeps all."""

    answers: Sequence[object] = (Ending.DONE,)
    told: list[tuple[AttemptResult, Instant, AttemptRecord | None]] = field(default_factory=list)

    async def finish_attempt(
        self, result: AttemptResult, now: Instant, record: AttemptRecord | None = None
    ) -> object:
        self.told.append((result, now, record))
        answer = self.answers[len(self.told) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Sender:
    """Brings about one outcome; what it does takes `seconds` of the clock."""

    outcome: Outcome
    clock: SteeredClock
    seconds: int = 0

    async def send(self, request: OutgoingRequest) -> Outcome:
        self.clock.advance(self.seconds * SECOND)
        return self.outcome

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Observer:
    seen: list[tuple[object, ...]] = field(default_factory=list)

    def attempt_begun(self, task: Task, *, forced: bool) -> None:
        self.seen.append(("begun", task.name.id, forced))

    def attempt_recorded(
        self, task: Task, outcome: Kind, latency: Micros, ending: Ending | Instant | None
    ) -> None:
        self.seen.append(("recorded", task.name.id, outcome, latency, ending))

    def attempt_over(self, task: Task) -> None:
        self.seen.append(("over", task.name.id))


async def attempted(
    outcome: Outcome = ANSWERED,
    *,
    store: Store | None = None,
    seconds: int = 0,
    forced: bool = False,
    heard: Callable[[AttemptResult, Instant], None] | None = None,
    **settings: Any,
) -> Store:
    """The store after one attempt."""
    store = store or Store()
    clock = SteeredClock(frozen_at=START)
    sender = Sender(outcome, clock, seconds)
    await Dispatcher(store, sender, clock, AppEngine(), **settings).attempt(
        TASK, QUEUE, heard or (lambda *_: None), forced=forced
    )
    return store


async def record_of(outcome: Outcome, **settings: Any) -> AttemptRecord:
    (told,) = (await attempted(outcome, keeps_history=True, **settings)).told
    assert told[2] is not None
    return told[2]


async def test_the_record_tells_all_of_the_attempt() -> None:
    """Times of the clock, the latency of real time, and the request and answer as the sender saw them."""
    assert await record_of(ANSWERED, seconds=3) == AttemptRecord(
        task=NAME.task("t"),
        number=1,
        forced=False,
        schedule_time=START - SECOND,
        dispatch_time=START,
        response_time=START + 3 * SECOND,
        outcome=Kind.SUCCEEDED,
        request_line="POST / HTTP/1.1",
        headers=[("Host", "h")],
        http_status=200,
        latency=1_500,
        body_start=b"thanks",
        error="",
    )


async def test_a_run_s_record_says_that_it_was_forced() -> None:
    """RunTask asked for it."""
    assert (await record_of(ANSWERED, forced=True)).forced


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome(200, 1), Kind.SUCCEEDED),
        (Outcome(299, 1), Kind.SUCCEEDED),
        (Outcome(302, 1), Kind.FAILED),
        (Outcome(404, 1), Kind.FAILED),
        (Outcome(503, 1), Kind.FAILED),
        (Outcome(None, 1, timed_out=True, error="too late"), Kind.TIMED_OUT),
        (Outcome(None, 1, error="reset"), Kind.NO_ANSWER),
        (Outcome(None, 0, unsent=True, error="no such scheme"), Kind.NOT_SENT),
    ],
)
async def test_the_record_names_the_outcome(outcome: Outcome, kind: Kind) -> None:
    """Each kind of it, with status and error as they are."""
    record = await record_of(outcome)
    assert (record.outcome, record.http_status, record.error) == (kind, outcome.http_status, outcome.error)


async def test_secrets_are_blacked_out_and_long_values_are_cut() -> None:
    """Headers, body and error alike stay within what is kept."""
    headers = [("authorization", "Bearer abc"), ("X-Api-Key", "abc"), ("X-Long", "v" * 2_000), ("X-A", "1")]
    outcome = Outcome(None, 1, error="e" * 2_000, headers_sent=headers, body_start=b"b" * 2_000)
    record = await record_of(outcome)
    assert record.headers == [
        ("authorization", "Bearer ***"),
        ("X-Api-Key", "***"),
        ("X-Long", "v" * 1_024 + "…"),
        ("X-A", "1"),
    ]
    assert (record.body_start, record.error) == (b"b" * 1_024, "e" * 1_024)


async def test_without_history_no_record_is_made() -> None:
    """It would cost time for nothing."""
    ((_, _, record),) = (await attempted()).told
    assert record is None


async def test_a_record_keeps_its_time_while_the_store_cannot_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trouble makes the recording late, not the answer."""
    monkeypatch.setattr(attempt, "_RECORD_AGAIN_AFTER", 0)
    store = await attempted(store=Store([Unavailable(), Unavailable(), Ending.DONE]), keeps_history=True)
    assert [record.response_time for _, _, record in store.told if record is not None] == [START] * 3


@pytest.mark.parametrize("ending", [Ending.DONE, Ending.OUT_OF_ATTEMPTS, START + SECOND, None])
async def test_the_observer_is_told_of_beginning_and_end(ending: Ending | Instant | None) -> None:
    """With what the store made of the task, which it was told before."""
    observer = Observer()
    await attempted(replace(ANSWERED, http_status=500), store=Store([ending]), observer=observer, forced=True)
    assert observer.seen == [
        ("begun", "t", True),
        ("recorded", "t", Kind.FAILED, 1_500, ending),
        ("over", "t"),
    ]


@pytest.mark.parametrize(
    ("header", "wait"), [("30", 30 * SECOND), ("Tue, 01 Jan 2030 00:01:00 GMT", 60 * SECOND), ("soon", None)]
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_heeded_by_the_server_s_clock(
    header: str, wait: Micros | None, status: int
) -> None:
    """A date is of real time, which is years from where the clock stands; it ends when the answer is there."""
    store = await attempted(
        Outcome(status, 1, retry_after=header),
        seconds=3,
        real_now=lambda: round(REAL_NOW.timestamp()) * SECOND,
    )
    ((result, _, _),) = store.told
    assert result.answer.not_before == (None if wait is None else START + 3 * SECOND + wait)


async def test_retry_after_near_the_end_of_time_ends_there() -> None:
    """A later time could not be shown."""
    clock, store = SteeredClock(frozen_at=LATEST - SECOND), Store()
    sender = Sender(Outcome(503, 1, retry_after="60"), clock)
    await Dispatcher(store, sender, clock, AppEngine()).attempt(TASK, QUEUE, lambda *_: None)
    assert store.told[0][0].answer.not_before == LATEST


async def test_who_watches_for_congestion_hears_of_the_answer_when_it_comes() -> None:
    """Before it is recorded, which may take long; and never where that is switched off."""
    heard: list[tuple[int | None, Instant]] = []

    def hear(result: AttemptResult, now: Instant) -> None:
        assert not store.told
        heard.append((result.answer.previous_response, now))

    store = Store()
    await attempted(Outcome(503, 1), store=store, seconds=3, heard=hear)
    assert heard == [(503, START + 3 * SECOND)]
    store = Store()
    await attempted(Outcome(503, 1), store=store, heard=hear, slows_queues=False)
    assert len(heard) == len(store.told) == 1


async def test_an_attempt_that_is_cut_off_is_over_all_the_same() -> None:
    """With nothing recorded of it."""
    hanging, observer = Store(), Observer()
    dispatcher = Dispatcher(hanging, _HangingSender(), SteeredClock(START), AppEngine(), observer=observer)
    flight = asyncio.create_task(dispatcher.attempt(TASK, QUEUE, lambda *_: None))
    await asyncio.sleep(0)
    flight.cancel()
    await asyncio.gather(flight, return_exceptions=True)
    assert (observer.seen, hanging.told) == ([("begun", "t", False), ("over", "t")], [])


class _HangingSender:
    async def send(self, request: OutgoingRequest) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError("an event that nobody sets")

    async def close(self) -> None:
        """Nothing is open."""
