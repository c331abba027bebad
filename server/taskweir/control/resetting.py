"""Making a project, or the whole server, as it was when it was started on an empty data file."""

from collections.abc import Awaitable, Callable

from taskweir.clock import Clock
from taskweir.control.faults import Faults
from taskweir.control.steering import Steering
from taskweir.push.worker import Worker
from taskweir.store.base import Store


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

    async def reset(self, project: str | None) -> None:
        """Forget all of a project, or (None) everything, which also goes back to real time. Attempts in flight are cut
        off; what they bring changes nothing.

        A movement of the clock that waited for them goes on, with nothing left to stop for. Raises Unavailable.
        """
        gone = await self._store.reset(project, self._clock.now())
        await self._worker.cut_off(gone)
        self._faults.forget(project)
        if project is None:
            await self._steering.resume()
        await self._have_queues(project)
