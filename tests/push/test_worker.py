"""What the worker promises: nothing before its time, never above rate or concurrency, retries by the law."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest
from tests.eventually import eventually
from tests.push.bench import PARENT, START, Bench, held

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import TaskGone
from taskweir.domain.model import RateLimits, RetryConfig
from taskweir.domain.times import HOUR, MILLISECOND, MINUTE, SECOND
from taskweir.store.base import Claim, ClaimRequest

Q = f"{PARENT}/queues/q"


async def test_due_tasks_go_in_order_of_schedule_time(bench: Bench) -> None:
    """Whatever the order in which they were made."""
    await bench.queue()
    for task_id, after in (("c", 3), ("a", 1), ("d", 4), ("b", 2)):
        await bench.task(task_id, after=after * SECOND)
    await bench.advance(10 * SECOND)
    assert bench.sender.names == ["a", "b", "c", "d"]


async def test_a_task_goes_at_its_time_and_not_before(bench: Bench) -> None:
    """To the microsecond, on a clock that is moved."""
    await bench.queue()
    await bench.task("later", after=HOUR)
    await bench.settle()
    await bench.advance(HOUR - 1)
    assert bench.sender.sent == []
    await bench.advance(1)
    assert bench.sender.sent == [(START + HOUR, "later")]


async def test_an_earlier_task_is_not_held_up_by_a_later_one(bench: Bench) -> None:
    """A wait that has begun is cut short by a task that comes sooner."""
    await bench.queue()
    await bench.task("late", after=HOUR)
    await bench.settle()
    await bench.task("soon", after=MINUTE)
    await bench.advance(MINUTE)
    assert bench.sender.names == ["soon"]


@pytest.mark.parametrize(("rate", "burst"), [(10.0, 10), (0.5, 10), (100.0, 20)])
async def test_a_backlog_goes_at_the_rate_after_its_burst(bench: Bench, rate: float, burst: int) -> None:
    """Counted at every step: exactly the burst and then the rate."""
    await bench.queue(rate=rate)
    for n in range(60):
        await bench.task(str(n))
    await bench.settle()
    assert len(bench.sender.sent) == burst
    step = int(SECOND / rate)
    for n in range(1, 31):
        await bench.advance(step)
        assert len(bench.sender.sent) == burst + n


async def test_a_backlog_goes_on_at_its_rate_when_the_clock_went_back(bench: Bench) -> None:
    """What was planned for later by the clock of before is planned anew, and no token is given twice."""
    await bench.queue(rate=10.0)
    await bench.queues.pause(Q)
    for n in range(14):
        await bench.task(str(n))
    await bench.advance(2 * HOUR)
    await bench.queues.resume(Q)
    await bench.settle()
    assert len(bench.sender.sent) == 10
    bench.clock.freeze(bench.clock.now() - HOUR)
    await bench.queue("other")
    await bench.task("other", "other")
    await bench.settle()
    assert bench.sender.names[10:] == ["other"]
    await bench.advance(100 * MILLISECOND)
    assert bench.sender.names[11:] == ["10"]


async def test_a_clock_that_goes_back_during_a_claim_brings_nothing_before_its_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was claimed by the later time waits for it."""
    claim = bench.store.claim

    async def set_back(*args: object) -> object:
        answer = await claim(*args)  # type: ignore[arg-type]
        bench.clock.freeze(START)
        return answer

    await bench.queue()
    await bench.task("t", after=HOUR)
    await bench.settle()
    monkeypatch.setattr(bench.store, "claim", set_back)
    await bench.advance(HOUR)
    monkeypatch.undo()
    await bench.advance(HOUR - 1)
    assert bench.sender.sent == []
    await bench.advance(1)
    assert bench.sender.sent == [(START + HOUR, "t")]


async def test_a_clock_that_goes_back_during_a_claim_of_nothing_is_heeded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else wakes the worker, and what it planned is hours late."""
    await bench.queue("other")
    await bench.queue(rate=1.0)
    await bench.queues.pause(Q)
    for n in range(11):
        await bench.task(str(n))
    await bench.advance(HOUR)
    await bench.queues.resume(Q)
    await bench.settle()

    async def set_back(requests: Sequence[ClaimRequest], _now: int) -> list[Claim]:
        bench.clock.freeze(START)
        return [Claim(request.queue_uid, (), None) for request in requests]

    monkeypatch.setattr(bench.store, "claim", set_back)
    await bench.task("t", "other")
    await bench.settle()
    assert bench.worker.next_due == START + SECOND


async def test_an_attempt_does_not_begin_before_its_time_when_the_clock_goes_back_just_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was due when it was decided on, and counts as begun then."""
    await bench.queue()
    await bench.task("t", after=HOUR)
    await bench.settle()
    flights = bench.worker._flights
    begin = flights.begin

    def begin_and_set_back(*args: object) -> None:
        begin(*args)  # type: ignore[arg-type]
        bench.clock.freeze(START)

    monkeypatch.setattr(flights, "begin", begin_and_set_back)
    held(bench)
    await bench.advance(HOUR)
    attempt = (await bench.tasks.get(f"{Q}/tasks/t", full=False)).last_attempt
    assert attempt is not None
    assert attempt.dispatch_time == START + HOUR


async def test_a_worker_that_was_told_of_something_is_not_at_rest(bench: Bench) -> None:
    """Also before it had its turn to look."""
    queue = await bench.queue()
    await bench.settle()
    assert bench.worker.is_calm
    bench.worker.task_due(queue.uid, START)
    assert not bench.worker.is_at_rest
    assert bench.worker.next_due == START


async def test_a_changed_rate_takes_effect_at_once(bench: Bench) -> None:
    """The tokens that were saved up stay."""
    await bench.queue(rate=1.0)
    for n in range(30):
        await bench.task(str(n))
    await bench.settle()
    assert len(bench.sender.sent) == 10
    draft = QueueDraft(Q, rate_limits=RateLimits(10.0, 0, 0))
    await bench.queues.update(draft, ["rate_limits.max_dispatches_per_second"])
    await bench.advance(SECOND)
    assert len(bench.sender.sent) == 20


async def test_no_more_attempts_are_in_flight_than_allowed(bench: Bench) -> None:
    """Each that ends makes room for one."""
    await bench.queue(concurrent=3)
    answers: list[asyncio.Future[int | None]] = []

    def hold(_: object) -> object:
        answers.append(asyncio.get_running_loop().create_future())
        return answers[-1]

    bench.sender.answer = hold
    for n in range(8):
        await bench.task(str(n))
    await bench.settle()
    assert len(bench.sender.sent) == 3
    answers[1].set_result(200)
    await bench.settle()
    assert len(bench.sender.sent) == 4
    assert bench.worker.in_flight == 3
    for answer in answers:
        if not answer.done():
            answer.set_result(200)
    bench.sender.answer = lambda _: 200
    await eventually(lambda: len(bench.sender.sent) == 8)


async def test_a_failing_task_is_tried_at_the_documented_times(bench: Bench) -> None:
    """10, 20, 40, 80, 160, 240, 300, 300 seconds after each other."""
    await bench.queue(retry=RetryConfig(-1, 0, 10 * SECOND, 300 * SECOND, 3))
    bench.sender.answer = lambda _: 503
    await bench.task("t")
    await bench.settle()
    for _ in range(1_150):
        await bench.advance(SECOND) if len(bench.sender.sent) < 9 else None
    times = [at for at, _ in bench.sender.sent]
    assert [(b - a) // SECOND for a, b in pairwise(times)] == [
        10, 20, 40, 80, 160, 240, 300, 300,
    ]  # fmt: skip


async def test_a_task_out_of_attempts_is_gone(bench: Bench) -> None:
    """And its name says that it existed."""
    await bench.queue(retry=RetryConfig(2, 0, SECOND, SECOND, 1))
    bench.sender.answer = lambda _: 500
    await bench.task("t")
    await bench.settle()
    await bench.advance(SECOND)
    await bench.advance(HOUR - 2 * SECOND)
    assert len(bench.sender.sent) == 2
    with pytest.raises(TaskGone):
        await bench.tasks.get(f"{Q}/tasks/t", full=False)


async def test_attempts_and_duration_must_both_be_used_up(bench: Bench) -> None:
    """Two attempts allowed, but thirty seconds too: tries go on until the time is over."""
    await bench.queue(retry=RetryConfig(2, 30 * SECOND, 10 * SECOND, 10 * SECOND, 1))
    bench.sender.answer = lambda _: 500
    await bench.task("t")
    await bench.settle()
    for _ in range(10):
        await bench.advance(10 * SECOND)
    assert [(at - START) // SECOND for at, _ in bench.sender.sent] == [0, 10, 20, 30]


async def test_a_tasks_own_retry_config_counts(bench: Bench) -> None:
    """It replaces the queue's."""
    await bench.queue()
    bench.sender.answer = lambda _: 500
    await bench.task("t", retry=RetryConfig(1, 0, 0, 0, 0))
    await bench.settle()
    await bench.advance(HOUR - SECOND)
    assert len(bench.sender.sent) == 1
    with pytest.raises(TaskGone):
        await bench.tasks.get(f"{Q}/tasks/t", full=False)


async def test_a_paused_queue_sends_nothing_and_goes_on_after_it(bench: Bench) -> None:
    """What was due meanwhile goes at once."""
    await bench.queue()
    await bench.queues.pause(Q)
    await bench.task("t")
    await bench.advance(MINUTE)
    assert bench.sender.sent == []
    await bench.queues.resume(Q)
    await bench.settle()
    assert bench.sender.names == ["t"]


async def test_an_attempt_in_flight_ends_in_a_paused_queue(bench: Bench) -> None:
    """Its failure is recorded; the retry waits for the resume."""
    await bench.queue()
    answer = held(bench)
    await bench.task("t")
    await bench.settle()
    await bench.queues.pause(Q)
    answer.set_result(500)
    await bench.settle()
    await bench.advance(MINUTE)
    assert (await bench.tasks.get(f"{Q}/tasks/t", full=False)).response_count == 1
    assert len(bench.sender.sent) == 1
    await bench.queues.resume(Q)
    await bench.settle()
    assert len(bench.sender.sent) == 2


async def test_a_queue_paused_in_the_middle_of_a_backlog_stops_at_once(bench: Bench) -> None:
    """What the worker had claimed ahead is not sent."""
    await bench.queue(rate=100.0)
    for n in range(60):
        await bench.task(str(n))
    await bench.settle()
    assert len(bench.sender.sent) == 20
    await bench.queues.pause(Q)
    await bench.advance(MINUTE)
    assert len(bench.sender.sent) == 20
    await bench.queues.resume(Q)
    for _ in range(5):
        await bench.advance(SECOND)
    assert len(bench.sender.sent) == 60
    assert bench.sender.names == [str(n) for n in range(60)]


@pytest.mark.parametrize("status", [200, 500])
async def test_a_purge_takes_what_waits_and_fences_what_flies(bench: Bench, status: int) -> None:
    """The attempt in flight ends, and nothing comes back; new tasks go."""
    await bench.queue(concurrent=1)
    answer = held(bench)
    await bench.task("flies")
    await bench.task("waits")
    await bench.settle()
    await bench.queues.purge(Q)
    answer.set_result(status)
    bench.sender.answer = lambda _: 200
    await bench.advance(MINUTE)
    await bench.task("new")
    await bench.advance(HOUR - 2 * MINUTE)
    assert bench.sender.names == ["flies", "new"]


@pytest.mark.parametrize("status", [200, 500])
async def test_a_task_deleted_in_flight_is_not_tried_again(bench: Bench, status: int) -> None:
    """Nor does the late answer disturb a new task."""
    await bench.queue()
    answer = held(bench)
    await bench.task("t")
    await bench.settle()
    await bench.tasks.delete(f"{Q}/tasks/t")
    bench.sender.answer = lambda _: 200
    answer.set_result(status)
    await bench.advance(MINUTE)
    assert bench.sender.names == ["t"]


async def test_a_deleted_queue_sends_nothing_more(bench: Bench) -> None:
    """Neither what is due nor what was to be retried."""
    await bench.queue(concurrent=1)
    answer = held(bench)
    await bench.task("flies")
    await bench.task("waits")
    await bench.settle()
    await bench.queues.delete(Q)
    answer.set_result(500)
    await bench.advance(HOUR)
    assert bench.sender.names == ["flies"]


async def test_a_task_is_run_in_a_paused_queue_before_its_time(bench: Bench) -> None:
    """The answer shows the attempt; success ends the task."""
    await bench.queue()
    await bench.queues.pause(Q)
    await bench.task("t", after=HOUR)
    run = await bench.tasks.run(f"{Q}/tasks/t", full=False)
    assert run.dispatch_count == 1
    assert run.last_attempt is not None
    assert run.last_attempt.dispatch_time == START
    await eventually(lambda: bench.sender.names == ["t"])
    await bench.settle()
    with pytest.raises(TaskGone):
        await bench.tasks.get(f"{Q}/tasks/t", full=False)


async def test_running_goes_past_the_rate_and_takes_no_token(bench: Bench) -> None:
    """The bucket is empty, and stays as it was."""
    await bench.queue(rate=1.0)
    for n in range(10):
        await bench.task(str(n))
    await bench.settle()
    await bench.task("run", after=HOUR)
    await bench.task("next")
    await bench.tasks.run(f"{Q}/tasks/run", full=False)
    await bench.settle()
    assert bench.sender.names[10:] == ["run"]
    await bench.advance(SECOND)
    assert bench.sender.names[10:] == ["run", "next"]


async def test_a_run_that_fails_is_tried_again_by_the_law(bench: Bench) -> None:
    """From the time of the run, with its counts."""
    await bench.queue(retry=RetryConfig(100, 0, 10 * SECOND, 300 * SECOND, 3))
    bench.sender.answer = lambda _: 500
    await bench.task("t", after=HOUR)
    await bench.tasks.run(f"{Q}/tasks/t", full=False)
    await bench.settle()
    task = await bench.tasks.get(f"{Q}/tasks/t", full=False)
    assert task.schedule_time == START + 10 * SECOND
    assert (task.dispatch_count, task.response_count) == (1, 1)
    await bench.advance(10 * SECOND)
    assert len(bench.sender.sent) == 2


async def test_a_task_in_flight_can_be_run_again(bench: Bench) -> None:
    """Both attempts are made; the first success ends the task, the other changes nothing."""
    await bench.queue()
    answer = held(bench)
    await bench.task("t")
    await bench.settle()
    await bench.tasks.run(f"{Q}/tasks/t", full=False)
    await bench.settle()
    assert bench.sender.names == ["t", "t"]
    answer.set_result(200)
    await bench.advance(MINUTE)
    assert bench.sender.names == ["t", "t"]
    assert bench.worker.in_flight == 0
