"""A reset: as if the server had just been started."""

import asyncio
from dataclasses import replace

import pytest
from tests.control.rig import SOON, Rig
from tests.eventually import eventually
from tests.push.bench import PARENT, START, held

from taskweir.clock import real_now
from taskweir.domain.errors import Aborted, QueueNotFound, TaskGone, Unavailable
from taskweir.domain.fault import AttemptMatch, Fail, Fault
from taskweir.domain.model import Task
from taskweir.domain.names import QueueName
from taskweir.domain.scope import EVERYTHING, Scope
from taskweir.domain.times import HOUR, MINUTE, SECOND
from taskweir.push.window import QueueWindow

OTHER = "projects/other/locations/us-central1"
Q = f"{PARENT}/queues/q"


async def busy(rig: Rig, *parents: str) -> "asyncio.Future[int | None]":
    """In each, queue `q` with the first ten of twelve tasks in flight, and a run."""
    answer, before = held(rig.bench), len(rig.bench.sender.sent)
    for parent in parents:
        await rig.bench.queue(rate=1.0, parent=parent)
        for n in range(12):
            await rig.bench.task(str(n), parent=parent)
        await rig.bench.task("run", after=HOUR, parent=parent)
        await rig.bench.tasks.run(f"{parent}/queues/q/tasks/run", full=False)
    await eventually(lambda: len(rig.bench.sender.sent) == before + 11 * len(parents))
    rig.bench.sender.answer = lambda _: 200
    return answer


@pytest.mark.parametrize("project", ["p", None])
async def test_a_reset_leaves_nothing_to_do(rig: Rig, project: str | None) -> None:
    """At once: no attempt, no task, no memory that is taken, only the queues of the start."""
    await busy(rig, PARENT)
    await rig.resetting.reset(project)
    assert rig.bench.worker.in_flight == 0
    assert not await rig.idling.wait(EVERYTHING, 0)
    assert (await rig.steering.state()).next_due is None
    assert (rig.bench.capacity.free_slots, rig.bench.capacity.free_bytes) == (100, 8 << 20)
    assert [queue.name.id for queue in await rig.bench.store.queues()] == ["start"]
    with pytest.raises(QueueNotFound):
        await rig.bench.tasks.get(f"{Q}/tasks/0", full=False)


async def test_a_queue_of_the_same_name_starts_afresh(rig: Rig) -> None:
    """With a full bucket, free names, and no answer from before that touches its tasks."""
    await busy(rig, PARENT)
    await rig.resetting.reset("p")
    await rig.bench.queue(rate=1.0)
    first = len(rig.bench.sender.sent)
    for n in range(12):
        await rig.bench.task(str(n))
    await rig.advance(SECOND)
    assert [at - START for at, _ in rig.bench.sender.sent[first:]] == [0] * 10 + [SECOND]
    assert rig.bench.sender.names[first:] == [str(n) for n in range(11)]


async def test_a_reset_of_one_project_leaves_the_others_alone(rig: Rig) -> None:
    """Their attempts end, and the clock stays frozen."""
    await busy(rig, PARENT)
    answer = held(rig.bench)
    await rig.bench.queue(parent=OTHER)
    await rig.bench.task("t", parent=OTHER)
    await rig.bench.settle()
    await rig.resetting.reset("p")
    assert rig.bench.worker.in_flight == 1
    assert rig.bench.clock.now() == START
    answer.set_result(200)
    assert not await rig.idling.wait(Scope("other"), SOON)
    with pytest.raises(TaskGone):
        await rig.bench.tasks.get(f"{OTHER}/queues/q/tasks/t", full=False)


async def test_attempts_that_are_about_to_begin_are_cut_off_too(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they hold is given back although they never took their first step."""
    await rig.bench.queue()
    for n in range(5):
        await rig.bench.task(str(n), after=MINUTE)
    flights, cutting = rig.bench.worker._flights, []
    begin = flights.begin

    def begin_and_cut_off(window: QueueWindow, task: Task) -> None:
        begin(window, task)
        for flight in flights._all:
            flight.cancel()
        cutting.append(task)

    monkeypatch.setattr(flights, "begin", begin_and_cut_off)
    rig.bench.clock.advance(MINUTE)
    await eventually(lambda: len(cutting) == 5)
    await rig.resetting.reset("p")
    assert rig.bench.worker.in_flight == 0
    assert rig.bench.sender.sent == []
    assert (rig.bench.capacity.free_slots, rig.bench.capacity.free_bytes) == (100, 8 << 20)


async def test_a_run_that_waits_for_a_slot_is_forgotten(rig: Rig) -> None:
    """It does not hold up what comes after."""
    rig.bench.capacity.take(100, 0)
    await rig.bench.queue()
    await rig.bench.task("t", after=HOUR)
    await rig.bench.tasks.run(f"{Q}/tasks/t", full=False)
    await rig.resetting.reset("p")
    assert not await rig.idling.wait(EVERYTHING, 0)
    await rig.advance(MINUTE)
    assert rig.bench.sender.sent == []
    rig.bench.capacity.give_back(100, 0)


async def test_an_attempt_that_cannot_be_recorded_is_not_tried_for_ever(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the store when it is cut off."""
    refused = asyncio.Event()

    async def full_disk(*_: object) -> None:
        refused.set()
        raise Unavailable("disk full")

    monkeypatch.setattr(rig.bench.store, "finish_attempt", full_disk)
    await rig.bench.queue()
    await rig.bench.task("t")
    await refused.wait()
    await rig.resetting.reset("p")
    assert rig.bench.worker.in_flight == 0


@pytest.mark.parametrize(("project", "kept"), [("p", 1), (None, 0)])
async def test_faults_are_forgotten(rig: Rig, project: str | None, kept: int) -> None:
    """Those about the project."""
    for name in ("p", "other"):
        rig.faults.create(Fault(AttemptMatch(Scope(name)), Fail()))
    await rig.resetting.reset(project)
    assert len(rig.faults.all()) == kept


async def test_a_reset_of_everything_goes_back_to_real_time(rig: Rig) -> None:
    """What was due by the frozen clock, or would be by the real one, is gone before."""
    await rig.bench.queue()
    await rig.bench.task("t", after=HOUR)
    await rig.resetting.reset(None)
    assert not rig.bench.clock.is_frozen
    assert abs(rig.bench.clock.now() - real_now()) < SECOND
    await rig.bench.queue()
    await rig.bench.task("new")
    assert not await rig.idling.wait(EVERYTHING, SOON)
    assert rig.bench.sender.names == ["new"]


async def test_a_movement_that_waits_for_an_attempt_goes_on(rig: Rig) -> None:
    """There is nothing left to stop for."""
    await rig.bench.queue()
    held(rig.bench)
    await rig.bench.task("hangs")
    moving = asyncio.create_task(rig.steering.advance(HOUR, SOON, leave_in_flight=False))
    await eventually(lambda: rig.bench.sender.sent)
    await rig.resetting.reset("p")
    assert (await moving).time == START + HOUR
    assert rig.bench.clock.is_frozen


async def test_a_reset_of_everything_ends_movements(rig: Rig) -> None:
    """Also when something goes on all the time."""
    await rig.bench.queue()
    held(rig.bench)
    await rig.bench.task("hangs")
    moving = [asyncio.create_task(rig.advance(HOUR)) for _ in range(2)]
    await eventually(lambda: rig.bench.sender.sent)
    await rig.resetting.reset(None)
    for movement in moving:
        with pytest.raises(Aborted, match=r"^The server was reset meanwhile\."):
            await movement
    assert not rig.bench.clock.is_frozen


@pytest.mark.parametrize("project", ["p", None])
async def test_attempts_of_a_queue_that_was_deleted_before_are_cut_off(rig: Rig, project: str | None) -> None:
    """They hold nothing up any more. Those of another project go on, unless all is reset."""
    for parent in (PARENT, OTHER):
        await busy(rig, parent)
        await rig.bench.queues.delete(f"{parent}/queues/q")
    await rig.resetting.reset(project)
    left = [(queue.queue, queue.in_flight) for queue in await rig.idling.wait(EVERYTHING, 0)]
    assert left == ([] if project is None else [(QueueName("other", "us-central1", "q"), 11)])
    assert rig.bench.worker.in_flight == (0 if project is None else 11)
    await rig.resetting.reset(None)
    assert (rig.bench.capacity.free_slots, rig.bench.capacity.free_bytes) == (100, 8 << 20)


async def test_what_begins_right_after_a_reset_is_not_cut_off(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is none of what was reset."""
    reset = rig.bench.store.reset

    async def reset_and_begin(*args: object) -> object:
        gone = await reset(*args)  # type: ignore[arg-type]
        await rig.bench.queue()
        await rig.bench.task("new")
        await eventually(lambda: rig.bench.sender.sent)
        return gone

    answer = held(rig.bench)
    monkeypatch.setattr(rig.bench.store, "reset", reset_and_begin)
    await rig.resetting.reset("p")
    assert rig.bench.worker.in_flight == 1
    answer.set_result(200)


@pytest.mark.parametrize("free", [True, False])
async def test_a_run_of_a_queue_that_was_deleted_is_cut_off(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, free: bool
) -> None:
    """Whether it waits for a slot, or the store refuses to let go of it."""
    await rig.bench.queue()
    await rig.bench.task("t", after=HOUR)
    rig.bench.capacity.take(100, 0)
    refused = asyncio.Event()

    async def trouble(_: int) -> None:
        refused.set()
        raise Unavailable("busy")

    monkeypatch.setattr(rig.bench.store, "take_run", trouble)
    await rig.bench.tasks.run(f"{Q}/tasks/t", full=False)
    await rig.bench.queues.delete(Q)
    if free:
        rig.bench.capacity.give_back(100, 0)
        await rig.bench.queue("wakes")
        await rig.bench.task("t", "wakes")
        await refused.wait()
    (left,) = [queue for queue in await rig.idling.wait(EVERYTHING, 0) if str(queue.queue) == Q]
    assert (left.due, left.in_flight, left.next_due) == (0, 1, None)
    await rig.resetting.reset("p")
    assert not await rig.idling.wait(EVERYTHING, 0)
    assert rig.bench.worker.in_flight == 0
    if not free:
        rig.bench.capacity.give_back(100, 0)
    assert rig.bench.capacity.free_slots == 100


async def test_a_reset_comes_to_its_end_without_its_caller(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when he leaves while the store is at it."""
    await busy(rig, PARENT)
    reset, asked, go = rig.bench.store.reset, asyncio.Event(), asyncio.Event()

    async def slow(*args: object) -> object:
        asked.set()
        await go.wait()
        return await reset(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(rig.bench.store, "reset", slow)
    caller = asyncio.create_task(rig.resetting.reset(None))
    await asked.wait()
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    go.set()
    await eventually(lambda: not rig.resetting._under_way)
    assert [queue.name.id for queue in await rig.bench.store.queues()] == ["start"]
    assert rig.bench.worker.in_flight == 0
    assert not rig.bench.clock.is_frozen


@pytest.mark.parametrize(
    ("error", "level"), [(Unavailable("disk full"), "WARNING"), (KeyError("q"), "ERROR")]
)
async def test_what_goes_wrong_after_the_caller_left_is_logged(
    rig: Rig,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    level: str,
) -> None:
    """Nobody else could be told."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def fail(*_: object) -> None:
        asked.set()
        await go.wait()
        raise error

    monkeypatch.setattr(rig.bench.store, "reset", fail)
    caller = asyncio.create_task(rig.resetting.reset("p"))
    await asked.wait()
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    go.set()
    await eventually(lambda: caplog.records)
    assert [record.levelname for record in caplog.records] == [level]


async def test_the_clock_goes_back_even_when_the_queues_of_the_start_cannot_be_made(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller is told; he can reset again."""

    async def full_disk(*_: object, **__: object) -> None:
        raise Unavailable("disk full")

    monkeypatch.setattr(rig.bench.store, "change_queue", full_disk)
    with pytest.raises(Unavailable):
        await rig.resetting.reset(None)
    assert not rig.bench.clock.is_frozen
    monkeypatch.undo()
    await rig.resetting.reset(None)
    assert [queue.name.id for queue in await rig.bench.store.queues()] == ["start"]


async def test_a_queue_that_was_set_aside_does_not_hold_up_the_clock(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is gone with what was wrong with it."""
    claim = rig.bench.store.claim

    async def busy_store(requests: object, now: int) -> object:
        if requests:
            raise Unavailable("busy")
        return await claim([], now)

    monkeypatch.setattr(rig.bench.store, "claim", busy_store)
    await rig.bench.queue()
    await rig.bench.task("t")
    await eventually(lambda: rig.bench.worker._set_aside)
    monkeypatch.undo()
    await rig.resetting.reset("p")
    assert not rig.bench.worker._set_aside
    assert await rig.advance(MINUTE) == START + MINUTE
    assert rig.bench.sender.sent == []


async def test_a_reset_that_the_store_refuses_changes_nothing(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller is told."""
    answer = await busy(rig, PARENT)
    rig.faults.create(fault := Fault(AttemptMatch(), Fail()))

    async def full_disk(*_: object) -> None:
        raise Unavailable("disk full")

    monkeypatch.setattr(rig.bench.store, "reset", full_disk)
    with pytest.raises(Unavailable):
        await rig.resetting.reset(None)
    assert rig.bench.worker.in_flight == 11
    assert rig.bench.clock.is_frozen
    assert [replace(each, number=0) for each in rig.faults.all()] == [fault]
    answer.set_result(200)
