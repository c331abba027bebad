"""The clock that goes with real time, stands still, and is moved."""

import asyncio
import time

import pytest
from tests.eventually import eventually

from taskweir import clock as clock_module
from taskweir.clock import SteeredClock, real_now
from taskweir.domain.times import DAY, HOUR, MILLISECOND, SECOND

START = 1_700_000_000 * SECOND


@pytest.fixture
def frozen() -> SteeredClock:
    return SteeredClock(frozen_at=START)


async def waiting(clock: SteeredClock, until: int | None) -> "tuple[asyncio.Task[None], asyncio.Event]":
    """Somebody who waits already."""
    wakeup = asyncio.Event()
    task = asyncio.create_task(clock.wait(until, wakeup))
    await asyncio.sleep(0)
    return task, wakeup


def test_a_clock_goes_with_real_time_at_first() -> None:
    """In microseconds since 1970."""
    clock, before = SteeredClock(), time.time()
    assert not clock.is_frozen
    assert before - 0.001 <= clock.now() / SECOND <= time.time()


def test_a_frozen_clock_stands_still_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever real time does."""
    clock = SteeredClock()
    monkeypatch.setattr(clock_module, "real_now", lambda: START)
    clock.freeze()
    monkeypatch.setattr(clock_module, "real_now", lambda: START + HOUR)
    assert (clock.is_frozen, clock.now()) == (True, START)
    clock.resume()
    assert (clock.is_frozen, clock.now()) == (False, START + HOUR)


def test_a_clock_is_moved_on_and_set_anywhere(frozen: SteeredClock) -> None:
    """Only setting it takes it back."""
    frozen.advance(0)
    frozen.advance(HOUR)
    assert frozen.now() == START + HOUR
    frozen.freeze(START - DAY)
    assert frozen.now() == START - DAY
    with pytest.raises(ValueError, match="zero or more"):
        frozen.advance(-1)


def test_a_clock_that_goes_stands_still_once_it_is_moved() -> None:
    """From where it was."""
    clock = SteeredClock()
    before = real_now()
    clock.advance(HOUR)
    assert clock.is_frozen
    assert before + HOUR <= clock.now() <= real_now() + HOUR


@pytest.mark.parametrize("until", [START - 1, START])
async def test_a_time_that_has_come_is_not_waited_for(frozen: SteeredClock, until: int) -> None:
    """Even if it came long ago."""
    await frozen.wait(until, asyncio.Event())


@pytest.mark.parametrize("until", [START + HOUR, None])
async def test_a_wait_ends_with_its_wakeup(frozen: SteeredClock, until: int | None) -> None:
    """Before its time, or without one."""
    task, wakeup = await waiting(frozen, until)
    assert not task.done()
    wakeup.set()
    await task


async def test_a_wait_ends_in_real_time() -> None:
    """A short one, of a clock that goes."""
    clock = SteeredClock()
    until = clock.now() + 5 * MILLISECOND
    while clock.now() < until:
        await clock.wait(until, asyncio.Event())


@pytest.mark.parametrize("move", ["advance", "freeze", "set back", "resume"])
async def test_all_who_wait_look_again_when_the_clock_is_moved(frozen: SteeredClock, move: str) -> None:
    """Each of them, by whatever way it is moved."""
    waits = [await waiting(frozen, until) for until in (START + HOUR, START + DAY, None)]
    match move:
        case "advance":
            frozen.advance(1)
        case "freeze":
            frozen.freeze()
        case "set back":
            frozen.freeze(START - DAY)
        case _:
            frozen.resume()
    await eventually(lambda: all(task.done() for task, _ in waits))


async def test_freezing_ends_a_wait_for_real_time() -> None:
    """Whoever waited for it would wake at a time that is none."""
    clock = SteeredClock()
    task, _ = await waiting(clock, clock.now() + HOUR)
    clock.freeze()
    await task


async def test_nobody_is_woken_who_has_stopped_waiting(frozen: SteeredClock) -> None:
    """A wait that was cancelled is forgotten."""
    task, wakeup = await waiting(frozen, None)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    frozen.advance(HOUR)
    assert not wakeup.is_set()
