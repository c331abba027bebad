"""What the worker does when the store refuses, or a part of the server is at fault."""

from collections.abc import Sequence

import pytest
from tests.eventually import eventually
from tests.push.bench import PARENT, Bench

from taskweir.domain.errors import TaskGone, TaskNotFound, Unavailable
from taskweir.domain.times import HOUR, MILLISECOND, SECOND
from taskweir.store.base import ClaimRequest

Q = f"{PARENT}/queues/q"


async def test_an_answer_is_recorded_as_soon_as_the_store_can_write(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then the task is held, and not sent again."""
    monkeypatch.setattr("taskweir.push.attempt._RECORD_AGAIN_AFTER", 0.001)
    finish, refused = bench.store.finish_attempt, []

    async def full_disk(*args: object) -> object:
        if len(refused) < 3:
            refused.append(args)
            raise Unavailable("disk full")
        return await finish(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.store, "finish_attempt", full_disk)
    await bench.queue()
    await bench.task("t")
    await eventually(lambda: len(refused) == 3 and bench.worker.in_flight == 0)
    assert bench.sender.names == ["t"]
    with pytest.raises((TaskGone, TaskNotFound)):
        await bench.tasks.get(f"{Q}/tasks/t", full=False)


async def test_a_store_that_cannot_claim_is_asked_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused claim loses no wake-up."""
    monkeypatch.setattr("taskweir.push.set_aside._PAUSE", 0.02)
    claim, refused = bench.store.claim, []

    async def busy(*args: object) -> object:
        if args[0] and len(refused) < 2:
            refused.append(args)
            raise Unavailable("too much is waiting")
        return await claim(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.store, "claim", busy)
    await bench.queue()
    await bench.task("t")
    await eventually(lambda: bench.sender.names == ["t"])
    assert len(refused) == 2


async def test_tasks_that_cannot_be_released_are_released_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claimed ahead and given up by a pause, they are not lost for the queue."""
    monkeypatch.setattr("taskweir.push.releases._AGAIN_AFTER", 0.001)
    release, refused = bench.store.release, [RuntimeError("a bug"), Unavailable("busy"), Unavailable("busy")]

    async def busy(*args: object) -> None:
        if refused:
            raise refused.pop()
        await release(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.store, "release", busy)
    await bench.queue(rate=100.0)
    for n in range(30):
        await bench.task(str(n))
    await bench.advance(10 * MILLISECOND)
    await bench.queues.pause(Q)
    await eventually(lambda: not refused)
    await bench.queues.resume(Q)
    for _ in range(30):
        await bench.advance(10 * MILLISECOND)
    await eventually(lambda: len(bench.sender.sent) == 30)
    assert sorted(bench.sender.names, key=int) == [str(n) for n in range(30)]


@pytest.mark.parametrize("error", [Unavailable("busy"), RuntimeError("a bug")])
async def test_an_attempt_that_cannot_begin_is_made_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Its token is given back, and the task released."""
    begin, refused = bench.store.begin_attempt, [error] * 3

    async def busy(*args: object) -> object:
        if refused:
            raise refused.pop()
        return await begin(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.store, "begin_attempt", busy)
    await bench.queue(rate=1.0)
    for n in range(11):
        await bench.task(str(n))
    await eventually(lambda: len(bench.sender.sent) == 10)
    await bench.settle()
    assert len(bench.sender.sent) == 10
    assert bench.capacity.free_slots == 100


async def test_a_run_that_cannot_be_read_is_read_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt was promised when RunTask was answered."""
    monkeypatch.setattr("taskweir.push.flights._PAUSE_AFTER_TROUBLE", 0.001)
    take, refused = bench.store.take_run, [Unavailable("disk")] * 3

    async def broken(task_uid: int) -> object:
        if refused:
            raise refused.pop()
        return await take(task_uid)

    monkeypatch.setattr(bench.store, "take_run", broken)
    await bench.queue()
    await bench.task("t", after=HOUR)
    await bench.tasks.run(f"{Q}/tasks/t", full=False)
    await eventually(lambda: bench.sender.names == ["t"])


async def test_a_run_of_a_queue_that_is_gone_is_taken_all_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store holds the task until then. Nothing is sent."""
    taken: list[int] = []
    take = bench.store.take_run

    async def noting(task_uid: int) -> object:
        taken.append(task_uid)
        return await take(task_uid)

    monkeypatch.setattr(bench.store, "take_run", noting)
    bench.capacity.take(100, 0)
    await bench.queue()
    task = await bench.task("t", after=HOUR)
    await bench.tasks.run(f"{Q}/tasks/t", full=False)
    await bench.queues.delete(Q)
    bench.capacity.give_back(100, 0)
    await bench.queue("other")
    await bench.task("other", "other")
    await eventually(lambda: taken == [task.uid] and bench.worker.in_flight == 0)
    assert bench.sender.names == ["other"]


async def test_a_queue_that_cannot_be_claimed_stops_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Those that share a call of the store with it get theirs; it is logged, and asked again."""
    monkeypatch.setattr("taskweir.push.set_aside._PAUSE", 0.02)
    claim, broken = bench.store.claim, True
    bad = await bench.queue("bad")

    async def poisoned(requests: Sequence[ClaimRequest], now: int) -> object:
        if broken and any(request.queue_uid == bad.uid for request in requests):
            raise RuntimeError("a bug")
        return await claim(requests, now)

    monkeypatch.setattr(bench.store, "claim", poisoned)
    for name in ("a", "b"):
        await bench.queue(name)
    for name in ("bad", "a", "b"):
        await bench.task(name, name, after=SECOND)
    bench.clock.advance(SECOND)
    await eventually(lambda: sorted(bench.sender.names) == ["a", "b"])
    assert "queues/bad failed" in caplog.text
    broken = False
    await eventually(lambda: sorted(bench.sender.names) == ["a", "b", "bad"])


async def test_a_poisoned_window_stops_no_other(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither when a task of its queue falls due nor when every queue is looked at."""
    monkeypatch.setattr("taskweir.push.set_aside._PAUSE", 0.02)
    bad = await bench.queue("bad")
    await bench.queue("good")
    await bench.task("good", "good", after=SECOND)
    window = bench.worker._windows[bad.uid]
    bucket, window.bucket = window.bucket, None  # type: ignore[assignment]
    await bench.task("bad", "bad")
    bench.worker._look_at_every_queue()
    bench.clock.advance(SECOND)
    await eventually(lambda: bench.sender.names == ["good"])
    assert "queues/bad failed" in caplog.text
    window.bucket = bucket
    await eventually(lambda: bench.sender.names == ["good", "bad"])


async def test_a_fault_of_the_worker_does_not_end_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and every queue is looked at again."""
    monkeypatch.setattr("taskweir.push.worker._PAUSE_AFTER_TROUBLE", 0.001)
    agenda = bench.worker._agenda
    take_due, failed = agenda.take_due, []

    def broken(now: int) -> object:
        if not failed:
            failed.append(take_due(now))
            raise RuntimeError("a bug")
        return take_due(now)

    await bench.queue()
    await bench.task("t", after=SECOND)
    await bench.settle()
    monkeypatch.setattr(agenda, "take_due", broken)
    bench.clock.advance(SECOND)
    await eventually(lambda: bench.sender.names == ["t"])
    assert "the worker failed" in caplog.text


async def test_a_fault_in_sending_is_a_failed_attempt(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """The task stays under the retry law."""

    def broken(_: object) -> object:
        raise RuntimeError("a bug")

    await bench.queue()
    bench.sender.answer = broken
    await bench.task("t")
    await eventually(lambda: len(bench.sender.sent) == 1 and bench.worker.in_flight == 0)
    assert (await bench.tasks.get(f"{Q}/tasks/t", full=False)).dispatch_count == 1
    bench.sender.answer = lambda _: 200
    await bench.advance(100 * MILLISECOND)
    assert len(bench.sender.sent) == 2
    assert "fault of the server" in caplog.text
