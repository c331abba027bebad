"""The coroutine that sweeps."""

import asyncio
from collections.abc import Callable

import pytest
from tests.eventually import eventually

from taskweir.clock import ManualClock
from taskweir.domain.errors import Unavailable
from taskweir.domain.times import MINUTE, SECOND, Instant, Micros
from taskweir.store.base import SweepStep
from taskweir.store.sweeper import Sweeper

START: Instant = 1_700_000_000 * SECOND


class ScriptedStore:
    """Says what a step left, or raises it."""

    def __init__(self, answer: Callable[[Instant], SweepStep | Exception]) -> None:
        self._answer = answer
        self.steps: list[Instant] = []

    async def sweep(self, now: Instant, limit: int) -> SweepStep:
        self.steps.append(now)
        answer = self._answer(now)
        if isinstance(answer, Exception):
            raise answer
        return answer


class HurryingClock(ManualClock):
    """Goes on to the time that is waited for, and notes how long that was; after ten waits it stands still."""

    def __init__(self) -> None:
        super().__init__(START)
        self.waits: list[Micros] = []

    async def wait(self, until: Instant | None, wakeup: asyncio.Event) -> None:
        if until is None or len(self.waits) == 10:
            await wakeup.wait()
            return
        self.waits.append(until - self.now())
        self.advance(self.waits[-1])
        await asyncio.sleep(0)


async def swept(store: ScriptedStore, clock: HurryingClock) -> None:
    """Sweep until the clock stands still."""
    running = asyncio.create_task(Sweeper(store, clock).run())  # type: ignore[arg-type]
    await eventually(lambda: len(clock.waits) == 10 or running.done())
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_falls_due_one_by_one_is_swept_once_a_second() -> None:
    """Each step costs a transaction, and what is past its time is absent without it."""
    clock = HurryingClock()
    store = ScriptedStore(lambda now: SweepStep(more=False, next_due=now + 5_000))
    await swept(store, clock)
    assert clock.waits == [SECOND] * 10


@pytest.mark.parametrize(
    ("due_in", "wait"), [(-1, SECOND), (MINUTE, MINUTE), (6 * MINUTE, 5 * MINUTE), (None, 5 * MINUTE)]
)
async def test_the_sweeper_waits_for_what_is_due_next(due_in: int | None, wait: Micros) -> None:
    """At least a second, at most five minutes."""
    clock = HurryingClock()
    await swept(ScriptedStore(lambda now: SweepStep(False, None if due_in is None else now + due_in)), clock)
    assert clock.waits == [wait] * 10


@pytest.mark.parametrize("error", [Unavailable("disk full"), MemoryError("once"), RuntimeError("a bug")])
async def test_no_error_ends_the_sweeper(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and after a pause the step is tried again."""
    monkeypatch.setattr("taskweir.store.sweeper._PAUSE_AFTER_TROUBLE", 0.001)
    answers: list[SweepStep | Exception] = [error, error]
    clock = HurryingClock()
    store = ScriptedStore(lambda _: answers.pop() if answers else SweepStep(more=False, next_due=None))
    await swept(store, clock)
    assert store.steps[:4] == [START, START, START, START + 5 * MINUTE]
    assert "sweeping" in caplog.text
