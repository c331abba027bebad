"""Letting everything run that is to run at one time, before the clock goes on."""

import asyncio
from dataclasses import dataclass
from typing import Final

from taskweir.push.worker import Worker

PATIENCE: Final = 0.05
"""Seconds of real time: what an attempt has for its answer before the clock goes on without it, where it may."""
_TURNOVER: Final = 0.5
"""Seconds of real time for attempts that follow others at the same time: handlers that make tasks which are due at
once, and callers who never stop."""
_SHARE: Final = 0.01
"""Of the real time that is left, which is no more waited at one stop: many attempts that hang, and traffic that never
ends, do not use it up."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a movement goes: whether attempts may be left in flight, and until when of the loop's clock it may take."""

    leave_in_flight: bool
    deadline: float

    def at_most(self, seconds: float) -> float:
        """Of the real time that is left."""
        return max(0.0, min(seconds, _SHARE * (self.deadline - _real_time())))


async def settle(worker: Worker, way: Way) -> None:
    """Return when nothing is left to do at this time, or only what must not hold up the clock.

    Attempts are waited for in generations, those that are in flight at its beginning, and so is what waits for no more
    than their end. When that is done and there is still something in flight, it is because new tasks come all the
    time; then generations are only begun for a while longer.
    """
    ends_at: float | None = None
    before: frozenset[tuple[int, int]] = frozenset()
    while not worker.is_calm:
        await _generation(worker, way)
        if way.leave_in_flight and _had_their_time(worker, way):
            return
        backlog = worker.backlog()
        if backlog and backlog != before:
            before = backlog
        elif ends_at is None:
            ends_at = _real_time() + way.at_most(_TURNOVER)
        elif _real_time() >= ends_at:
            return


async def rest(worker: Worker) -> None:
    """Return when all has begun that can begin at this time."""
    while True:
        changed = worker.next_change()
        if worker.is_at_rest:
            return
        await changed.wait()


async def _generation(worker: Worker, way: Way) -> None:
    """Wait for the end of what is in flight; where it may be left, for a moment from when all has been sent."""
    begun = worker.begun
    given_up_at: float | None = None
    while not worker.is_calm and not (worker.is_at_rest and worker.have_ended(begun)):
        changed = worker.next_change()
        left: float | None = None
        if way.leave_in_flight and worker.is_waiting_for_answers:
            given_up_at = given_up_at or _patience_ends_at(worker, way)
            left = given_up_at - _real_time()
            if left <= 0:
                return
        await wait_for(changed, left)


def _had_their_time(worker: Worker, way: Way) -> bool:
    return worker.is_waiting_for_answers and _patience_ends_at(worker, way) <= _real_time()


def _patience_ends_at(worker: Worker, way: Way) -> float:
    sent_at = worker.latest_sent_at
    return _real_time() if sent_at is None else sent_at + way.at_most(PATIENCE)


def _real_time() -> float:
    return asyncio.get_running_loop().time()


async def wait_for(changed: asyncio.Event, seconds: float | None) -> None:
    """Return when it is set, or so much real time later; None waits for it alone."""
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return
