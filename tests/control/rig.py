"""The bench of the worker, with a sweeper and all that steers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.push.bench import RETENTION, Bench, opened

from taskweir.control.faults import Faults
from taskweir.control.idling import Idling
from taskweir.control.resetting import Resetting
from taskweir.control.steering import Steering
from taskweir.domain.times import SECOND
from taskweir.store.base import Retention
from taskweir.store.sweeper import Sweeper

SOON = 10 * SECOND
"""Of real time, which no test should need."""


@dataclass
class Rig:
    """The parts under test."""

    bench: Bench
    sweeper: Sweeper
    steering: Steering
    idling: Idling
    resetting: Resetting
    faults: Faults

    async def advance(self, by: int, timeout: int = SOON, *, leave_in_flight: bool = False) -> int:
        """The time it then is."""
        return (await self.steering.advance(by, timeout, leave_in_flight=leave_in_flight)).time


@asynccontextmanager
async def steered(retention: Retention = RETENTION) -> AsyncIterator[Rig]:
    """At work, with the clock frozen. A reset makes the queue `start` of project `p` again."""
    async with opened(retention) as bench:
        sweeper = Sweeper(bench.store, bench.clock)
        bench.listeners.add(sweeper)
        steering, faults = Steering(bench.clock, bench.worker, sweeper), Faults()

        async def have_queues(project: str | None) -> None:
            if project in (None, "p"):
                await bench.queue("start")

        resetting = Resetting(bench.store, bench.clock, bench.worker, steering, faults, have_queues)
        idling = Idling(bench.store, bench.clock, bench.worker)
        sweeping = asyncio.create_task(sweeper.run())
        try:
            yield Rig(bench, sweeper, steering, idling, resetting, faults)
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
