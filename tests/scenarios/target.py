"""A target in memory that answers by scripts, and can keep an attempt waiting."""

import asyncio
from dataclasses import dataclass, field

from tests.scenarios.story import Delivery

from taskweir.clock import SteeredClock
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.push.sender import Outcome


def held_then(status: int) -> int:
    """In a script: this answer, but only after `release`."""
    return -status


@dataclass
class ScriptedTarget:
    """A `push.sender.Sender`. A task without a script, or past its end, is answered with 200; None is no answer."""

    clock: SteeredClock
    scripts: dict[str, list[int | None]] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    held: dict[str, asyncio.Future[None]] = field(default_factory=dict)

    async def send(self, request: OutgoingRequest) -> Outcome:
        task = str(request.task)
        script = self.scripts.get(task)
        status = script.pop(0) if script else 200
        headers = dict(request.headers)
        at = self.clock.now()
        if status is not None and status < 0:
            status = -status
            self.held[task] = asyncio.get_running_loop().create_future()
            await self.held[task]
        self.deliveries.append(Delivery(task, int(headers["X-CloudTasks-TaskRetryCount"]), at, status))
        return Outcome(status, latency=1_000, error="" if status else "connection refused")

    def release(self, task: str) -> None:
        self.held.pop(task).set_result(None)

    async def close(self) -> None:
        """Nothing is open."""
