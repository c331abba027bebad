"""A reset: as if the server had just been started."""

import asyncio
from dataclasses import replace

import pytest
from tests.control.rig import SOON, Rig
from tests.eventually import eventually
from tests.push.bench import PARENT, START, held

from taskweir.clock import real_now
from taskweir.domain.errors import QueueNotFound, TaskGone, Unavailable
from taskweir.domain.fault import AttemptMatch, Fail, Fault
from taskweir.domain.model import Task
from taskweir.domain.scope import EVERYTHING, Scope
from taskweir.domain.times import HOUR, MINUTE, SECOND
from taskweir.push.window import QueueWindow

OTHER = "projects/other/locations/us-central1"
Q = f"{PARENT}/queues/q"


async def busy(rig: Rig, *parents: str) -> "asyncio.Future[int | None]":
    """In each, queue `q` with the first ten of twelve tasks in flight, and a run."""
    answer = held(rig.bench)
    for parent in parents:
        await rig.bench.queue(rate=1.0, parent=parent)
        for n in range(12):
            await rig.bench.task(str(n), parent=parent)
        await rig.bench.task("run", after=HOUR, parent=parent)
        await rig.bench.tasks.run(f"{parent}/queues/q/tasks/run", full=False)
    await eventually(lambda: len(rig.bench.sender.sent) == 11 * len(parents))
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
    uids = [queue.uid for queue in await rig.bench.store.queues()]
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
    await rig.bench.worker.cut_off(uids)
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


@pytest.mark.parametrize("project", ["p", None])
async def test_a_movement_that_waits_for_an_attempt_goes_on(rig: Rig, project: str | None) -> None:
    """There is nothing left to stop for; going back to real time comes after it."""
    await rig.bench.queue()
    held(rig.bench)
    await rig.bench.task("hangs")
    moving = asyncio.create_task(rig.steering.advance(HOUR, SOON, leave_in_flight=False))
    await eventually(lambda: rig.bench.sender.sent)
    await rig.resetting.reset(project)
    assert (await moving).time == START + HOUR
    assert rig.bench.clock.is_frozen == (project == "p")


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
