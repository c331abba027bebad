"""All that is measured of one server, over a store that says what the test wants."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from tests.metrics.samples import Samples

from taskweir.clock import SteeredClock
from taskweir.domain.errors import Code, Unavailable
from taskweir.domain.history import Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import HttpRequest, Queue, RateLimits, RetryConfig, Task
from taskweir.domain.names import QueueName
from taskweir.domain.times import SECOND, Instant
from taskweir.metrics.metrics import Metrics
from taskweir.store.base import Store

NOW: Instant = 1_700_000_000 * SECOND


@dataclass
class Backlogged:
    """Knows of tasks only. With `trouble`, not even of those."""

    counts: Mapping[int, int] = field(default_factory=dict)
    earliest: Mapping[int, Instant] = field(default_factory=dict)
    trouble: str | None = None

    async def task_counts(self) -> Mapping[int, int]:
        if self.trouble:
            raise Unavailable
        return self.counts

    async def earliest_schedule_times(self) -> Mapping[int, Instant]:
        return self.earliest


def queue(uid: int) -> Queue:
    name = QueueName("p", "us-central1", f"q{uid}")
    return Queue(name, RateLimits(500, 100, 1000), RetryConfig(100, 0, SECOND, SECOND, 16), uid=uid)


def label(uid: int) -> str:
    return str(queue(uid).name)


def attempt(metrics: Metrics, uid: int) -> None:
    task = Task(queue(uid).name.task("t"), HttpRequest("http://h/"), NOW, NOW, uid=uid, queue_uid=uid)
    metrics.attempts.attempt_recorded(task, Outcome.SUCCEEDED, 1_000, Ending.DONE)


async def scrape(metrics: Metrics, store: Backlogged | None = None) -> Samples:
    text = await metrics.scrape(cast("Store", store or Backlogged()), SteeredClock(NOW), {})
    return Samples(text.decode())


async def test_six_hundred_queues_have_five_hundred_and_one_labels() -> None:
    """What there is of the last hundred is summed, and the sums are right."""
    metrics = Metrics()
    for uid in range(1, 601):
        metrics.queue_changed(queue(uid))
        attempt(metrics, uid)
    samples = await scrape(metrics, Backlogged(dict.fromkeys(range(1, 601), 2)))
    assert samples.labels("queue") == {label(uid) for uid in range(1, 501)} | {"_other"}
    assert samples("taskweir_queue_tasks", queue=label(500)) == 2
    assert samples("taskweir_queue_tasks", queue="_other") == 200
    assert samples("taskweir_attempts_total", queue="_other", outcome="succeeded") == 100
    assert sum(samples.all("taskweir_attempts_total").values()) == 600
    assert samples("taskweir_queues", state="running") == 600


async def test_a_deleted_queue_disappears() -> None:
    """From every series, and one that had no label of its own takes its place."""
    metrics = Metrics()
    for uid in range(1, 502):
        metrics.queue_changed(queue(uid))
        attempt(metrics, uid)
    metrics.queue_gone(1)
    attempt(metrics, 501)
    samples = await scrape(metrics, Backlogged({1: 9, 501: 4}))
    assert label(1) not in samples.labels("queue")
    assert samples("taskweir_queue_tasks", queue=label(501)) == 4
    assert samples("taskweir_attempts_total", queue=label(501), outcome="succeeded") == 1
    assert "_other" not in {name for (name,) in samples.all("taskweir_queue_tasks")}


async def test_a_queue_made_again_begins_at_zero() -> None:
    """It is another one, by the same name."""
    metrics = Metrics()
    metrics.queue_changed(queue(1))
    attempt(metrics, 1)
    metrics.queue_gone(1)
    again = Queue(queue(1).name, queue(1).rate_limits, queue(1).retry_config, uid=2)
    metrics.queue_changed(again)
    samples = await scrape(metrics)
    assert samples("taskweir_queue_tasks", queue=label(1)) == 0
    assert not samples.all("taskweir_attempts_total")


async def test_a_store_in_trouble_is_told_with_all_the_rest() -> None:
    """But for the tasks in it."""
    metrics = Metrics()
    metrics.queue_changed(queue(1))
    samples = await scrape(metrics, Backlogged(trouble="the disk is full"))
    assert samples("taskweir_store_trouble") == 1
    assert samples("taskweir_queue_paused", queue=label(1)) == 0
    assert "taskweir_queue_tasks" not in samples.families


async def test_servers_in_one_process_do_not_mix() -> None:
    """Each has a registry of its own."""
    one, other = Metrics(), Metrics()
    one.calls.observe("a.B/C", Code.OK, 0.1)
    one.commits.observe(4)
    assert (await scrape(one))("taskweir_calls_total", rpc="a.B/C", code="OK") == 1
    assert not (await scrape(other)).all("taskweir_calls_total")
    assert (await scrape(other))("taskweir_store_commit_operations_count") == 0


async def test_scrapes_at_once_each_get_the_whole() -> None:
    """While calls go on being counted."""
    metrics = Metrics()
    for uid in range(1, 101):
        metrics.queue_changed(queue(uid))

    async def go_on() -> None:
        for number in range(200):
            attempt(metrics, number % 100 + 1)
            metrics.calls.observe(f"a.B/C{number}", Code.OK, 0.1)
            metrics.queue_gone(number % 100 + 1)
            metrics.queue_changed(queue(1_000 + number))
            await asyncio.sleep(0)

    store = Backlogged(dict.fromkeys(range(1, 101), 1))
    *scrapes, _ = await asyncio.gather(*(scrape(metrics, store) for _ in range(8)), go_on())
    assert all(isinstance(samples, Samples) and samples.all("taskweir_queue_tasks") for samples in scrapes)


async def test_every_name_is_ours_or_the_process_s() -> None:
    """Each family is explained, and no series tells when another was made."""
    metrics = Metrics()
    metrics.queue_changed(queue(1))
    metrics.calls.observe("a.B/C", Code.NOT_FOUND, 0.1)
    attempt(metrics, 1)
    samples = await scrape(metrics)
    assert all(name.startswith(("taskweir_", "process_")) for name in samples.families)
    assert all(family.documentation.endswith(".") for family in samples.families.values())
    assert not [name for name in samples.names() if name.endswith("_created")]
