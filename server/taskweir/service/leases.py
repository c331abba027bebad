"""The use-cases of pull queues: leases. Arguments are as the caller sent them; Refusals are raised."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from taskweir.clock import Clock
from taskweir.domain import lease
from taskweir.domain.lease_filter import LeaseFilter
from taskweir.domain.lifecycle import Ending
from taskweir.domain.limits import MAX_LEASED_BYTES
from taskweir.domain.model import Task
from taskweir.domain.name_rules import queue_of, task_of
from taskweir.domain.names import TaskName
from taskweir.domain.recent_counts import RecentCounts
from taskweir.domain.times import HOUR, MINUTE, SECOND, Instant, Micros
from taskweir.service.lease_quota import LeaseQuota
from taskweir.store.base import LeaseRequest, Store


@dataclass(frozen=True, slots=True)
class LeaseService:
    """`rate` is how many times a second each queue can be leased from, 0 for any number: a quota on calls, which counts
    by `wall_now`, the real time, however the clock is moved."""

    store: Store
    clock: Clock
    wall_now: Callable[[], Instant]
    rate: int
    _quota: LeaseQuota = field(default_factory=LeaseQuota)
    _last_minute: RecentCounts = field(default_factory=partial(RecentCounts, MINUTE, SECOND))
    _last_hour: RecentCounts = field(default_factory=partial(RecentCounts, HOUR, MINUTE))

    async def lease(
        self,
        parent: str,
        max_tasks: int,
        duration: Micros,
        filter: LeaseFilter,
        *,
        full: bool,
        zero_allowed: bool = False,
    ) -> Sequence[Task]:
        """Up to `max_tasks` (1 to 1000) tasks for a length of time; fewer where they are larger than 32 MB together.

        With `zero_allowed` the length may be nothing: the tasks count as leased, and anybody can have them at once.
        """
        name = queue_of(parent)
        lease.check_max_tasks(max_tasks)
        length = lease.lease_length(duration, zero_allowed=zero_allowed)
        queue = await self.store.get_queue(name)
        lease.check_leasable(queue)
        # After all else, so that only what can be answered counts, and before the store, which it is there to spare.
        self._quota.take(queue.uid, self.rate, self.wall_now())
        now = self.clock.now()
        until = lease.lease_end(length, now)
        request = LeaseRequest(name, max_tasks, MAX_LEASED_BYTES, until, filter, with_body=full)
        leased = await self.store.lease(request, now)
        self._last_minute.add(queue.uid, len(leased), now)
        self._last_hour.add(queue.uid, len(leased), now)
        return leased

    async def acknowledge(self, name: str, proof: Instant) -> None:
        """The work is done: the task goes. `proof` here and below is the schedule time that the holder was told."""
        now = self.clock.now()
        await self.store.change_lease(task_of(name), partial(lease.acknowledged, proof=proof, now=now), now)

    async def renew(self, name: str, proof: Instant, duration: Micros, *, full: bool) -> Task:
        """Have the lease end `duration` from now."""
        task_name, length, now = task_of(name), lease.lease_length(duration), self.clock.now()
        change = partial(lease.renewed, proof=proof, length=length, now=now)
        return await self._change(task_name, change, now, full=full)

    async def cancel(self, name: str, proof: Instant, *, full: bool) -> Task:
        """End the lease, so that others can have the task at once."""
        task_name, now = task_of(name), self.clock.now()
        return await self._change(task_name, partial(lease.cancelled, proof=proof, now=now), now, full=full)

    async def _change(
        self, name: TaskName, change: Callable[[Task], Task], now: Instant, *, full: bool
    ) -> Task:
        changed = await self.store.change_lease(name, change, now, with_body=full)
        assert not isinstance(changed, Ending)
        return changed

    def leased_lately(self, queue_uid: int) -> tuple[int, int]:
        """How many tasks of the queue were leased in the last minute, and in the last hour, as far as this process
        knows."""
        now = self.clock.now()
        return self._last_minute.total(queue_uid, now), self._last_hour.total(queue_uid, now)
