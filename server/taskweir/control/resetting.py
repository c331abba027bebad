"""Making a project, or the whole server, as it was when it was started on an empty data file."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from taskweir.clock import Clock
from taskweir.control.faults import Faults
from taskweir.control.steering import Steering
from taskweir.domain.errors import Refusal
from taskweir.push.worker import Worker
from taskweir.store.base import Store

_LOG: Final = logging.getLogger("taskweir.control")


class Resetting:
    """`have_queues` makes the queues that are configured for the start, of one project or (None) of all."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        worker: Worker,
        steering: Steering,
        faults: Faults,
        have_queues: Callable[[str | None], Awaitable[None]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._worker = worker
        self._steering = steering
        self._faults = faults
        self._have_queues = have_queues
        self._under_way: set[asyncio.Task[None]] = set()

    async def reset(self, project: str | None) -> None:
        """Forget all of a project, or (None) everything, which also goes back to real time. Attempts in flight are cut
        off; what they bring changes nothing.

        A movement of the clock goes on, with nothing of the project left to stop for; a reset of everything ends it. A
        reset that has begun comes to its end even when its caller leaves. Raises Unavailable.
        """
        reset = asyncio.create_task(self._reset(project))
        self._under_way.add(reset)
        reset.add_done_callback(self._under_way.discard)
        try:
            await asyncio.shield(reset)
        except asyncio.CancelledError:
            reset.add_done_callback(_log_failure)
            raise

    async def _reset(self, project: str | None) -> None:
        await self._store.reset(project, self._clock.now())
        if project is None:
            self._steering.end_movements("The server was reset")
        await self._worker.cut_off(project)
        self._faults.forget(project)
        try:
            await self._have_queues(project)
        finally:
            if project is None:
                await self._steering.resume()


def _log_failure(reset: "asyncio.Task[None]") -> None:
    """Nobody else is told."""
    error = None if reset.cancelled() else reset.exception()
    if isinstance(error, Refusal):
        _LOG.warning("a reset whose caller has left was not done: %s", error.message)
    elif error is not None:
        _LOG.error("a reset whose caller has left failed", exc_info=error)
