"""Waiting until there is nothing to do."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.control.rig import SOON, Rig
from tests.eventually import eventually
from tests.push.bench import PARENT, START, held

from taskweir.control.idling import COUNTED, QueueLeft
from taskweir.domain.errors import QueueNotFound, Unavailable
from taskweir.domain.model import RetryConfig
from taskweir.domain.names import QueueName
from taskweir.domain.scope import EVERYTHING, Scope
from taskweir.domain.times import HOUR, MILLISECOND, MINUTE, SECOND

Q = f"{PARENT}/queues/q"


def name(queue_id: str = "q", project: str = "p") -> QueueName:
    return QueueName(project, "us-central1", queue_id)


async def left(rig: Rig, scope: Scope = EVERYTHING, timeout: int = 0) -> Sequence[QueueLeft]:
    """What is left after so long."""
    return await rig.idling.wait(scope, timeout)


async def test_a_server_with_nothing_to_do_is_idle(rig: Rig) -> None:
    """Also when tasks are scheduled for later, and at a look without waiting."""
    await rig.bench.settle()
    assert not await left(rig)
    await rig.bench.queue()
    await rig.bench.task("later", after=HOUR)
    await rig.bench.settle()
    assert not await left(rig)


async def test_the_wait_ends_when_everything_has_run(rig: Rig) -> None:
    """Attempts, and what their handlers make; the wait for a retry is not over while the clock stands still."""
    await rig.bench.queue(retry=RetryConfig(3, 0, SECOND, SECOND, 0))
    more = iter(["second", "third"])

    async def then(task_id: str) -> int:
        await rig.bench.task(task_id)
        return 500

    def answer(_: object) -> object:
        task_id = next(more, None)
        return 200 if task_id is None else asyncio.ensure_future(then(task_id))

    rig.bench.sender.answer = answer
    await rig.bench.task("first")
    assert not await left(rig, timeout=SOON)
    assert rig.bench.sender.names == ["first", "second", "third"]
    await rig.advance(SECOND)
    assert sorted(rig.bench.sender.names) == ["first", "first", "second", "second", "third"]


async def test_the_answer_says_what_is_left(rig: Rig) -> None:
    """By name: what is in flight, what is due, and when the rate allows more."""
    never = held(rig.bench)
    await rig.bench.queue("hangs", concurrent=1)
    await rig.bench.task("flies", "hangs")
    await rig.bench.task("waits", "hangs")
    await rig.bench.queue("a-slow", rate=0.5)
    for n in range(11):
        await rig.bench.task(str(n), "a-slow")
    await rig.bench.settle()
    assert await left(rig) == [
        QueueLeft(name("a-slow"), 1, 10, START + 2 * SECOND),
        QueueLeft(name("hangs"), 1, 1, None),
    ]
    never.set_result(200)
    await rig.bench.settle()
    assert (
        await left(rig, timeout=MILLISECOND)
        == [
            QueueLeft(name("a-slow"), 1, 0, START + 2 * SECOND),
            QueueLeft(name("hangs"), 0, 1, None),
        ][:1]
    )


async def test_a_long_backlog_is_counted_to_its_limit(rig: Rig) -> None:
    """And no further."""
    rig.bench.capacity.take(100, 0)
    await rig.bench.queue()
    for n in range(COUNTED + 5):
        await rig.bench.task(str(n))
    assert await left(rig) == [QueueLeft(name(), COUNTED, 0, None)]
    rig.bench.capacity.give_back(100, 0)


async def test_a_paused_queue_is_idle_once_its_attempts_have_ended(rig: Rig) -> None:
    """What is due in it waits for the resume."""
    await rig.bench.queue(concurrent=1)
    answer = held(rig.bench)
    await rig.bench.task("flies")
    await rig.bench.task("waits")
    await rig.bench.settle()
    await rig.bench.queues.pause(Q)
    assert await left(rig) == [QueueLeft(name(), 0, 1, None)]
    waiting = asyncio.create_task(left(rig, timeout=SOON))
    answer.set_result(200)
    assert not await waiting
    assert rig.bench.sender.names == ["flies"]


async def test_only_what_is_asked_about_counts(rig: Rig) -> None:
    """A project, a location, a queue; what hangs elsewhere does not."""
    never = held(rig.bench)
    await rig.bench.queue("busy")
    await rig.bench.queue("idle")
    await rig.bench.queue("q", parent="projects/other/locations/europe-west1")
    await rig.bench.task("t", "busy")
    await rig.bench.settle()
    for scope in (EVERYTHING, Scope("p"), Scope("p", "us-central1"), Scope("p", "us-central1", "busy")):
        assert [queue.queue for queue in await left(rig, scope)] == [name("busy")]
    for scope in (Scope("other"), Scope("p", "europe-west1"), Scope("p", "us-central1", "idle")):
        assert not await left(rig, scope)
    never.set_result(200)


async def test_a_run_that_waits_for_a_slot_is_in_flight(rig: Rig) -> None:
    """Its attempt is counted already."""
    rig.bench.capacity.take(100, 0)
    await rig.bench.queue()
    await rig.bench.task("t", after=HOUR)
    await rig.bench.tasks.run(f"{Q}/tasks/t", full=False)
    assert [(queue.due, queue.in_flight) for queue in await left(rig)] == [(0, 1)]
    rig.bench.capacity.give_back(100, 0)
    await rig.bench.task("wakes", after=MINUTE)
    await rig.bench.queues.pause(Q)
    assert not await left(rig, timeout=SOON)


@pytest.mark.parametrize("rate", [1.0, 100.0])
async def test_what_was_due_and_is_deleted_is_not_waited_for(rig: Rig, rate: float) -> None:
    """The clock stands still, so the token that it waited for never comes."""
    await rig.bench.queue(rate=rate)
    burst = 10 if rate == 1.0 else 20
    for n in range(burst + 1):
        await rig.bench.task(str(n))
    await rig.bench.settle()
    assert [queue.due for queue in await left(rig)] == [1]
    await rig.bench.tasks.delete(f"{Q}/tasks/{burst}")
    assert not await left(rig)


async def test_a_claim_under_way_does_not_make_a_queue_look_idle(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tasks are due until their attempts have begun."""
    await rig.bench.queue()
    claim, go, asked = rig.bench.store.claim, asyncio.Event(), asyncio.Event()

    async def slow(*args: object) -> object:
        asked.set()
        await go.wait()
        return await claim(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(rig.bench.store, "claim", slow)
    await rig.bench.task("t")
    await asked.wait()
    assert [(queue.due, queue.in_flight) for queue in await left(rig)] == [(1, 0)]
    waiting = asyncio.create_task(left(rig, timeout=SOON))
    go.set()
    assert not await waiting
    assert rig.bench.sender.names == ["t"]


async def test_an_attempt_that_begins_while_the_store_counts_is_not_missed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker knew it as due before, the store knows it as in flight after."""
    rig.bench.capacity.take(100, 0)
    await rig.bench.queue()
    await rig.bench.task("t")
    never, due_counts = held(rig.bench), rig.bench.store.due_counts

    async def late(*args: object) -> object:
        rig.bench.capacity.give_back(100, 0)
        monkeypatch.undo()
        await rig.bench.queue("other")
        await rig.bench.task("other", "other")
        await eventually(lambda: len(rig.bench.sender.sent) == 2)
        return await due_counts(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(rig.bench.store, "due_counts", late)
    assert [queue.in_flight for queue in await left(rig)] == [1, 1]
    never.set_result(200)


async def test_attempts_of_a_deleted_queue_are_waited_for(rig: Rig) -> None:
    """Nothing is due in it any more."""
    await rig.bench.queue(rate=1.0)
    answer = held(rig.bench)
    for n in range(12):
        await rig.bench.task(str(n))
    await rig.bench.settle()
    await rig.bench.queues.delete(Q)
    for scope in (EVERYTHING, Scope("p"), Scope("p", "us-central1", "q")):
        assert await left(rig, scope) == [QueueLeft(name(), 0, 10, None)]
    waiting = asyncio.create_task(left(rig, Scope("p", "us-central1", "q"), SOON))
    answer.set_result(200)
    assert not await waiting
    assert len(rig.bench.sender.sent) == 10
    assert not rig.bench.worker._flights.gone


async def test_a_queue_of_which_there_is_nothing_cannot_be_waited_for(rig: Rig) -> None:
    """Its name may be mistyped. A project or a location always exists."""
    await rig.bench.queue()
    for scope in (Scope("none"), Scope("p", "nowhere"), Scope("p", "us-central1", "q")):
        assert not await left(rig, scope)
    for scope in (Scope("p", "us-central1", "typo"), Scope("p", "nowhere", "q")):
        with pytest.raises(QueueNotFound):
            await left(rig, scope)
    await rig.bench.queues.delete(Q)
    with pytest.raises(QueueNotFound):
        await left(rig, Scope("p", "us-central1", "q"))


async def test_what_a_fault_has_put_off_is_in_flight(rig: Rig) -> None:
    """Under its project, or its queue where that is known."""
    answer = held(rig.bench)
    await rig.bench.queue()
    await rig.bench.task("t")
    await rig.bench.settle()
    late = rig.bench.worker.late
    overs = [late.begin(Scope("p")), late.begin(Scope.of(name())), late.begin(Scope.of(name("new")))]
    of_the_project = QueueLeft(Scope("p"), 0, 1, None)
    of_the_new = QueueLeft(Scope.of(name("new")), 0, 1, None)
    of_q = QueueLeft(name(), 0, 2, None)
    assert await left(rig) == [of_the_project, of_the_new, of_q]
    assert await left(rig, Scope.of(name())) == [of_the_project, of_q]
    assert await left(rig, Scope.of(name("new"))) == [of_the_project, of_the_new]
    assert not await left(rig, Scope("other"))
    waiting = asyncio.create_task(left(rig, timeout=SOON))
    answer.set_result(200)
    for over in overs:
        await asyncio.sleep(0)
        assert not waiting.done()
        over()
    assert not await waiting


async def test_a_late_effect_that_begins_while_the_store_counts_is_not_missed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt that it comes from has ended by then."""
    rig.bench.capacity.take(100, 0)
    await rig.bench.queue()
    await rig.bench.task("t")
    due_counts = rig.bench.store.due_counts

    async def late(*args: object) -> object:
        rig.bench.worker.late.begin(Scope("p"))
        monkeypatch.undo()
        await rig.bench.tasks.delete(f"{Q}/tasks/t")
        return await due_counts(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(rig.bench.store, "due_counts", late)
    assert [queue.in_flight for queue in await left(rig)] == [1]
    rig.bench.capacity.give_back(100, 0)


async def test_a_server_that_stops_ends_the_wait(rig: Rig) -> None:
    """Nothing would come of it."""
    await rig.bench.queue()
    held(rig.bench)
    await rig.bench.task("t")
    await rig.bench.settle()
    waiting = asyncio.create_task(left(rig, timeout=SOON))
    await asyncio.sleep(0)
    stopping = asyncio.create_task(rig.bench.worker.stop(SOON))
    with pytest.raises(Unavailable):
        await waiting
    stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)
