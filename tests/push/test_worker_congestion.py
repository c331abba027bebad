"""What the worker makes of targets that are overloaded: a slower queue, and later attempts where they ask for them."""

import pytest
from tests.push.bench import START, Bench

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import TaskGone
from taskweir.domain.model import RateLimits, RetryConfig
from taskweir.domain.times import HOUR, MINUTE, SECOND
from taskweir.push.sender import Outcome

Q = "projects/p/locations/us-central1/queues/q"
LATER = RetryConfig(-1, 0, HOUR, HOUR, 0)


async def slowed(bench: Bench, *, tasks: int = 40) -> None:
    """A queue of 100 a second that has just sent its burst of 20 to a target that refuses everything."""
    queue = await bench.queue(rate=100.0, retry=LATER)
    bench.sender.answer = lambda _: 429
    await bench.queues.pause(Q)
    for n in range(tasks):
        await bench.task(f"t{n:02}")
    await bench.queues.resume(Q)
    await bench.settle()
    assert len(bench.sender.sent) == 20
    assert bench.worker.rate_factors() == {queue.uid: 0.5}


async def test_a_slowed_queue_wakes_for_each_of_its_tokens_and_no_more(bench: Bench) -> None:
    """The worker knows the very microsecond; nothing is sent before, one task is then."""
    await slowed(bench)
    gaps = []
    for sent in range(21, 41):
        at = bench.worker.next_due
        assert at is not None
        gaps.append(at - bench.clock.now())
        await bench.advance(at - 1 - bench.clock.now())
        assert (len(bench.sender.sent), bench.worker.next_due) == (sent - 1, at)
        await bench.advance(1)
        assert len(bench.sender.sent) == sent
    assert gaps[0] == pytest.approx(SECOND / 50, rel=0.01)
    assert gaps == sorted(gaps, reverse=True)
    assert sum(gaps) == pytest.approx(SECOND * 20 / 50, rel=0.02)


async def test_a_queue_recovers_with_time(bench: Bench) -> None:
    """Ten seconds later it has its burst and its rate again."""
    await slowed(bench, tasks=20)
    bench.sender.answer = lambda _: 200
    await bench.advance(5 * SECOND)
    (factor,) = bench.worker.rate_factors().values()
    assert factor == pytest.approx(0.5**0.5)
    await bench.advance(5 * SECOND)
    assert bench.worker.rate_factors() == {}
    for n in range(30):
        await bench.task(f"u{n:02}")
    await bench.settle()
    assert len(bench.sender.sent) == 40


async def test_run_task_is_not_held_and_counts(bench: Bench) -> None:
    """A queue without a token runs what it is asked to; the answer slows it down further in the next window."""
    await slowed(bench)
    bench.sender.answer = lambda _: 503
    await bench.tasks.run(f"{Q}/tasks/t39", full=False)
    await bench.settle()
    assert bench.sender.names[20:] == ["t39"]
    await bench.queues.pause(Q)
    await bench.advance(SECOND)
    (before,) = bench.worker.rate_factors().values()
    await bench.tasks.run(f"{Q}/tasks/t38", full=False)
    await bench.settle()
    (factor,) = bench.worker.rate_factors().values()
    assert factor == pytest.approx(before * 0.9)


async def test_a_purge_leaves_the_queue_slowed_and_a_deletion_forgets_it(bench: Bench) -> None:
    """The target is no better for a purge; a new queue is another one."""
    await slowed(bench)
    await bench.queues.purge(Q)
    await bench.settle()
    assert list(bench.worker.rate_factors().values()) == [0.5]
    await bench.queues.delete(Q)
    assert bench.worker.rate_factors() == {}


async def test_a_new_rate_is_slowed_by_as_much(bench: Bench) -> None:
    """What the target bore does not grow with a setting."""
    await slowed(bench)
    draft = QueueDraft(Q, rate_limits=RateLimits(10.0, 0, 0))
    await bench.queues.update(draft, ["rate_limits.max_dispatches_per_second"])
    await bench.settle()
    assert list(bench.worker.rate_factors().values()) == [0.5]
    assert bench.worker.next_due == pytest.approx(START + SECOND / 5, abs=2_000)


async def test_other_queues_keep_their_rate(bench: Bench) -> None:
    """Congestion is a queue's own, as in production."""
    await slowed(bench)
    await bench.queue("other", rate=100.0)
    bench.sender.answer = lambda _: 200
    for n in range(20):
        await bench.task(f"o{n}", "other")
    await bench.settle()
    assert len(bench.sender.sent) == 40


def asking(wait: str, status: int = 503) -> Outcome:
    return Outcome(status, latency=1_000, retry_after=wait)


@pytest.mark.parametrize("forced", [False, True])
async def test_the_next_attempt_waits_as_long_as_the_target_asks(bench: Bench, forced: bool) -> None:
    """By the server's clock, RunTask's attempt or not."""
    await bench.queue(retry=RetryConfig(-1, 0, SECOND, SECOND, 0))
    bench.sender.answer = lambda _: asking("90")
    await bench.task("t", after=HOUR if forced else 0)
    if forced:
        await bench.tasks.run(f"{Q}/tasks/t", full=False)
    await bench.settle()
    await bench.advance(90 * SECOND - 1)
    assert len(bench.sender.sent) == 1
    await bench.advance(1)
    assert [at - START for at, _ in bench.sender.sent] == [0, 90 * SECOND]


async def test_a_backoff_that_is_longer_goes_on(bench: Bench) -> None:
    """A target can ask for later attempts, not for earlier ones."""
    await bench.queue(retry=RetryConfig(-1, 0, MINUTE, MINUTE, 0))
    bench.sender.answer = lambda _: asking("5")
    await bench.task("t")
    await bench.settle()
    await bench.advance(MINUTE - 1)
    assert len(bench.sender.sent) == 1
    await bench.advance(1)
    assert len(bench.sender.sent) == 2


async def test_the_limits_of_retries_decide_all_the_same(bench: Bench) -> None:
    """After the last attempt nothing is waited for."""
    await bench.queue(retry=RetryConfig(1, 0, SECOND, SECOND, 0))
    bench.sender.answer = lambda _: asking("5")
    await bench.task("t")
    await bench.settle()
    with pytest.raises(TaskGone):
        await bench.tasks.get(f"{Q}/tasks/t", full=False)
