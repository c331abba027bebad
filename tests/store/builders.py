"""Queues, tasks and results for the tests of the store, with everything filled in that a test does not care about."""

from dataclasses import replace
from typing import Any

from taskweir.domain.history import AttemptFilter, AttemptRecord, FinishedFilter, FinishedTask, Outcome
from taskweir.domain.lifecycle import Answer, AttemptResult, Ending
from taskweir.domain.model import HttpRequest, Queue, RateLimits, ResponseStatus, RetryConfig, Task
from taskweir.domain.names import LocationName, QueueName, TaskName
from taskweir.domain.times import DAY, HOUR, MILLISECOND, SECOND, Instant
from taskweir.store.base import Claim, ClaimRequest, Retention, Store

NOW: Instant = 1_700_000_000 * SECOND
PARENT = LocationName("p", "us-central1")
Q = PARENT.queue("q")
RETENTION = Retention(task_tombstone=HOUR, queue_tombstone=72 * HOUR, task=31 * DAY, operation=2 * HOUR)
HISTORY = replace(RETENTION, history=DAY, history_size=1_200)
"""The same, and what ended is kept."""
RETRY = RetryConfig(100, 0, 100 * MILLISECOND, HOUR, 16)
BACKOFF = RETRY.min_backoff
PLENTY = 1 << 30


def queue(name: QueueName = Q, **over: Any) -> Queue:
    return Queue(**{"name": name, "rate_limits": RateLimits(500, 100, 1000), "retry_config": RETRY, **over})


def task(task_id: str = "t", at: Instant = NOW, *, in_queue: QueueName = Q, **over: Any) -> Task:
    fields = {
        "name": in_queue.task(task_id),
        "payload": HttpRequest("http://target/", headers={"User-Agent": "Google-Cloud-Tasks"}, body=b"body"),
        "schedule_time": at,
        "create_time": NOW,
    }
    return Task(**{**fields, **over})


def result(begun: Task, http_status: int | None = 200, not_before: Instant | None = None) -> AttemptResult:
    """What came of an attempt: an HTTP status, or None for no answer."""
    assert begun.last_attempt is not None
    answered = http_status is not None
    return AttemptResult(
        begun.uid,
        begun.queue_uid,
        begun.dispatch_count,
        begun.last_attempt,
        Answer(
            succeeded=http_status is not None and 200 <= http_status < 300,
            answered=answered,
            below_500=http_status is not None and http_status < 500,
            status=ResponseStatus(0 if http_status == 200 else 14, f"HTTP status code {http_status or 0}"),
            previous_response=http_status or 504,
            not_before=not_before,
        ),
    )


def record(of: AttemptResult, name: TaskName, now: Instant = NOW, **over: Any) -> AttemptRecord:
    """What is kept of an attempt that ends now."""
    fields = {
        "task": name,
        "number": of.number,
        "forced": of.forced,
        "schedule_time": of.attempt.schedule_time,
        "dispatch_time": of.attempt.dispatch_time,
        "response_time": now,
        "outcome": Outcome.SUCCEEDED if of.answer.succeeded else Outcome.FAILED,
        "request_line": "POST / HTTP/1.1",
        "headers": [("Host", "target")],
        "http_status": of.answer.previous_response,
        "latency": 1_500,
        "body_start": b"answer",
        "error": "",
    }
    return AttemptRecord(**{**fields, **over})


async def finish(
    store: Store, begun: Task, http_status: int | None = 200, now: Instant = NOW, **over: Any
) -> Ending | Instant | None:
    """Finish an attempt with a record of it."""
    came = result(begun, http_status)
    return await store.finish_attempt(came, now, record(came, begun.name, now, **over))


async def attempts(
    store: Store, after: int = 0, limit: int = 10_000, max_bytes: int = PLENTY, **filter: Any
) -> list[AttemptRecord]:
    return list(await store.list_attempts(AttemptFilter(**filter), after, limit, max_bytes=max_bytes))


async def finished(
    store: Store, after: int = 0, limit: int = 100_000, max_bytes: int = PLENTY, **filter: Any
) -> list[FinishedTask]:
    return list(await store.list_finished_tasks(FinishedFilter(**filter), after, limit, max_bytes=max_bytes))


async def make_queue(store: Store, name: QueueName = Q, **over: Any) -> Queue:
    return await store.change_queue(name, lambda _: queue(name, **over), NOW)


async def set_queue(store: Store, now: Instant = NOW, name: QueueName = Q, **changes: Any) -> Queue:
    def change(current: Queue | None) -> Queue:
        assert current is not None
        return replace(current, **changes)

    return await store.change_queue(name, change, now)


async def claim(
    store: Store, of: Queue, now: Instant = NOW, limit: int = 100, max_bytes: int = PLENTY
) -> Claim:
    (answer,) = await store.claim([ClaimRequest(of.uid, limit, max_bytes)], now)
    return answer


async def begin_one(store: Store, of: Queue, now: Instant = NOW) -> Task:
    """Claim one task and begin its attempt."""
    (claimed,) = (await claim(store, of, now, limit=1)).tasks
    begun = await store.begin_attempt(claimed, now)
    assert begun is not None
    return begun


async def ids(store: Store, name: QueueName = Q) -> list[str]:
    found = await store.list_tasks(name, "", 10_000, with_body=False, max_bytes=PLENTY)
    return [one.name.id for one in found.tasks]


async def sweep_all(store: Store, now: Instant, limit: int = 10) -> Instant | None:
    """Sweep in steps until nothing is left to do; when something will be."""
    for _ in range(10_000):
        step = await store.sweep(now, limit)
        if not step.more:
            return step.next_due
    raise AssertionError("the sweep does not come to an end")
