"""The coroutine that sweeps."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from tests.eventually import eventually

from taskweir.clock import SteeredClock
from taskweir.domain.errors import Unavailable
from taskweir.domain.times import DAY, HOUR, MINUTE, SECOND, Instant
from taskweir.store.base import SweepStep
from taskweir.store.sweeper import Sweeper

START: Instant = 1_700_000_000 * SECOND
NOTHING = SweepStep(more=False, next_due=None, next_expiry=None)


class ScriptedStore:
    """Says what a step left, or raises it; notes the times of the steps."""

    def __init__(self, answer: Callable[[Instant], SweepStep | Exception] = lambda _: NOTHING) -> None:
        self.answer = answer
        self.steps: list[Instant] = []

    async def sweep(self, now: Instant, limit: int) -> SweepStep:
        self.steps.append(now)
        await asyncio.sleep(0)
        answer = self.answer(now)
        if isinstance(answer, Exception):
            raise answer
        return answer


class RestingClock(SteeredClock):
    """Stands still, and knows for what it was waited."""

    def __init__(self) -> None:
        super().__init__(frozen_at=START)
        self.waits: list[Instant | None] = []

    async def wait(self, until: Instant | None, wakeup: asyncio.Event) -> None:
        self.waits.append(until)
        await super().wait(until, wakeup)


@pytest.fixture
def clock() -> RestingClock:
    return RestingClock()


@pytest.fixture(autouse=True)
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is a second of real time."""
    monkeypatch.setattr("taskweir.store.sweeper._SHORTEST_REST", 0.001)
    monkeypatch.setattr("taskweir.store.sweeper._PAUSE_AFTER_TROUBLE", 0.001)
    monkeypatch.setattr("taskweir.store.sweeper._PAUSE", 0.001)


@asynccontextmanager
async def sweeping(store: ScriptedStore, clock: RestingClock) -> AsyncIterator[Sweeper]:
    sweeper = Sweeper(store, clock)  # type: ignore[arg-type]
    running = asyncio.create_task(sweeper.run())
    try:
        yield sweeper
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_last_lease_that_was_told_of_is_swept_when_it_ends(clock: RestingClock) -> None:
    """Though the store knew of nothing when it was last asked; and a clock that is moved stops there."""
    store = ScriptedStore()
    async with sweeping(store, clock) as sweeper:
        await eventually(lambda: store.steps)
        sweeper.last_lease_ends(START + HOUR)
        sweeper.last_lease_ends(START + 2 * HOUR)
        assert await sweeper.next_expiry() == START + HOUR
        clock.advance(HOUR - 1)
        await eventually(lambda: clock.waits[-1] == START + HOUR)
        assert START + HOUR - 1 not in store.steps
        clock.advance(1)
        await eventually(lambda: START + HOUR in store.steps)


async def test_a_last_lease_that_is_told_of_during_a_step_is_not_forgotten(clock: RestingClock) -> None:
    """It may have been committed after the step."""

    def answer(now: Instant) -> SweepStep:
        if now == START:
            sweeper.last_lease_ends(START + HOUR)
        return NOTHING

    store = ScriptedStore(answer)
    sweeper = Sweeper(store, clock)  # type: ignore[arg-type]
    assert await sweeper.next_expiry() == START + HOUR
    await sweeper.expire(START + HOUR)
    assert store.steps == [START, START + HOUR]


async def test_the_sweeper_sweeps_when_something_is_due_and_not_before(clock: RestingClock) -> None:
    """However often the clock is moved meanwhile."""
    store = ScriptedStore(lambda now: SweepStep(False, START + HOUR if now < START + HOUR else None, None))
    async with sweeping(store, clock):
        await eventually(lambda: START + HOUR in clock.waits)
        for _ in range(59):
            clock.advance(MINUTE)
            await asyncio.sleep(0)
        assert store.steps == [START]
        clock.advance(MINUTE)
        await eventually(lambda: len(store.steps) == 2)
        await eventually(lambda: clock.waits[-2:] == [None, None])
    assert store.steps == [START, START + HOUR]


async def test_what_falls_due_one_by_one_is_not_swept_one_by_one(
    clock: RestingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step costs a transaction, and what is past its time is absent without it."""
    monkeypatch.setattr("taskweir.store.sweeper._SHORTEST_REST", 300.0)
    store = ScriptedStore(lambda now: SweepStep(False, now + 5_000, None))
    async with sweeping(store, clock):
        await eventually(lambda: clock.waits == [None])
        for _ in range(50):
            clock.advance(SECOND)
            await asyncio.sleep(0)
        assert len(clock.waits) > 10
        assert store.steps == [START]


async def test_what_is_not_told_is_looked_for_now_and_then(
    clock: RestingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In real time: a clock that stands still does not keep it from that."""
    monkeypatch.setattr("taskweir.store.sweeper._LONGEST_REST", 0.001)
    store = ScriptedStore()
    async with sweeping(store, clock):
        await eventually(lambda: len(store.steps) > 3)
    assert set(store.steps) == {START}


async def test_what_purges_and_deletions_leave_is_swept_at_once(
    clock: RestingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the rest between sweeps."""
    monkeypatch.setattr("taskweir.store.sweeper._SHORTEST_REST", 300.0)
    store = ScriptedStore()
    async with sweeping(store, clock) as sweeper:
        for n in range(1, 4):
            await eventually(lambda n=n: len(clock.waits) == n)  # type: ignore[misc]
            assert len(store.steps) == n
            sweeper.queue_gone(1)


async def test_a_clock_that_is_set_back_is_a_reason_to_look(clock: RestingClock) -> None:
    """What was found by the time before may be wrong."""
    store = ScriptedStore()
    async with sweeping(store, clock):
        await eventually(lambda: clock.waits)
        clock.freeze(START - DAY)
        await eventually(lambda: store.steps == [START, START - DAY])


@pytest.mark.parametrize("error", [Unavailable("disk full"), MemoryError("once"), RuntimeError("a bug")])
async def test_no_error_ends_the_sweeper(
    error: Exception, clock: RestingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and after a pause the step is tried again."""
    answers: list[SweepStep | Exception] = [error, error]
    store = ScriptedStore(lambda _: answers.pop() if answers else NOTHING)
    async with sweeping(store, clock):
        await eventually(lambda: clock.waits)
    assert store.steps == [START, START, START]
    assert "sweeping" in caplog.text


async def test_the_next_expiry_is_asked_for_once(clock: RestingClock) -> None:
    """Until a queue changes, or the clock is set back."""
    expiry = START + DAY
    store = ScriptedStore(lambda _: SweepStep(False, None, expiry))
    sweeper = Sweeper(store, clock)  # type: ignore[arg-type]
    for _ in range(3):
        assert await sweeper.next_expiry() == expiry
        await sweeper.expire(expiry - 1)
    assert store.steps == [START]
    expiry = START + HOUR
    sweeper.queue_gone(1)
    assert await sweeper.next_expiry() == expiry
    clock.freeze(START - DAY)
    await sweeper.next_expiry()
    assert store.steps == [START, START, START - DAY]


async def test_the_next_expiry_is_known_after_one_step(clock: RestingClock) -> None:
    """However much else that step left to do."""
    store = ScriptedStore(lambda _: SweepStep(True, None, START))
    sweeper = Sweeper(store, clock)  # type: ignore[arg-type]
    assert await sweeper.next_expiry() == START
    assert len(store.steps) == 1


async def test_what_expires_is_dropped_before_the_clock_gets_there(clock: RestingClock) -> None:
    """In as many steps as it takes, and no more: the rest of the sweep is not waited for."""
    left = [
        SweepStep(True, None, START + 2 * HOUR),
        SweepStep(True, None, START + HOUR),
        SweepStep(False, None, START + HOUR),
    ]
    store = ScriptedStore(lambda _: left.pop())
    await Sweeper(store, clock).expire(START + HOUR)  # type: ignore[arg-type]
    assert store.steps == [START, START + HOUR, START + HOUR]


async def test_a_queue_that_changes_during_a_step_makes_its_answer_old(clock: RestingClock) -> None:
    """The answer may be from before the change."""
    expiry: Instant | None = None

    def changing(_: Instant) -> SweepStep:
        nonlocal expiry
        if expiry is None:
            expiry = START + HOUR
            sweeper.queue_gone(1)
            return NOTHING
        return SweepStep(False, None, expiry)

    store = ScriptedStore(changing)
    sweeper = Sweeper(store, clock)  # type: ignore[arg-type]
    assert await sweeper.next_expiry() == START + HOUR
