"""What both editions of the old taskqueue API do, over the use-cases that all surfaces share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from taskweir.api.services import Services
from taskweir.api.taskqueue.address import Address
from taskweir.api.taskqueue.codec_queue import Stats
from taskweir.api.taskqueue.timestamps import Unit, is_seconds
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.errors import FailedPrecondition, InvalidArgument
from taskweir.domain.lease_filter import LeaseFilter
from taskweir.domain.model import Queue, QueueType, Task
from taskweir.domain.times import SECOND, Instant, Micros

_LISTED: Final = 100
"""Tasks of a list, which has no pages: documented."""


@dataclass(frozen=True, slots=True)
class PullTasks:
    """`location` is that of all queues, since callers name none; `unit` that of times in replies. Raises for a queue
    that is none QueueNotFound, and for a push queue InvalidArgument, whatever is asked for."""

    services: Services
    location: str
    unit: Unit

    def address(self, project: str, taskqueue: str) -> Address:
        """Raises InvalidArgument for what is no name."""
        return Address.of(project, taskqueue, self.location)

    async def queue(self, address: Address) -> Queue:
        queue = await self.services.queues.get(str(address.queue))
        if queue.type is not QueueType.PULL:
            raise InvalidArgument(f"The queue '{address}' is a push queue; this API serves pull queues only.")
        return queue

    async def stats_of(self, queue: Queue) -> Stats:
        (counted,) = await self.services.stats.of([queue])
        minute, hour = self.services.leases.leased_lately(queue.uid)
        return Stats(counted.tasks, counted.oldest_arrival, minute, hour)

    async def insert(self, address: Address, draft: TaskDraft) -> Task:
        await self.queue(address)
        return await self.services.tasks.create(str(address.queue), draft)

    async def get(self, address: Address, task_id: str) -> Task:
        await self.queue(address)
        return await self.services.tasks.get(address.task(task_id), full=True)

    async def first(self, address: Address) -> Sequence[Task]:
        """In order of availability, without their payloads."""
        await self.queue(address)
        return await self.services.tasks.first(str(address.queue), _LISTED)

    async def delete(self, address: Address, task_id: str) -> None:
        """Whoever has leased it: who finishes after the end of a lease still has to delete the task."""
        await self.queue(address)
        await self.services.tasks.delete(address.task(task_id))

    async def lease(
        self, address: Address, number: int, duration: Micros, filter: LeaseFilter
    ) -> Sequence[Task]:
        await self.queue(address)
        return await self.services.leases.lease(
            str(address.queue), number, duration, filter, full=True, zero_allowed=True
        )

    async def change_lease(
        self, address: Address, task_id: str, duration: Micros, lease_end: int | None
    ) -> Task:
        """Have a lease end `duration` from now, at once for none. `lease_end`, in either unit, is what the caller was
        told of its end. Raises FailedPrecondition when that is over, or when nobody holds the task."""
        await self.queue(address)
        name = address.task(task_id)
        proof = await self._proof(name, lease_end)
        if not duration:
            return await self.services.leases.cancel(name, proof, full=True)
        return await self.services.leases.renew(name, proof, duration, full=True)

    async def _proof(self, name: str, lease_end: int | None) -> Instant:
        """Callers who have none, or one cut to seconds, are believed of the lease that there is now. Should it change
        in between, then what was read proves nothing any more, and the change is refused."""
        if lease_end is not None and not is_seconds(lease_end):
            return lease_end
        task = await self.services.tasks.get(name, full=False)
        if lease_end is not None and lease_end != task.schedule_time // SECOND:
            raise FailedPrecondition("The lease of the task is over, or another holds it.")
        return task.schedule_time
