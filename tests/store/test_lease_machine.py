"""Workers at one pull queue, in histories that hypothesis thinks up: no two hold one task at the same time. Some here, a
thousand in `make test-scenarios`."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.store.builders import NOW, PLENTY, RETENTION, RETRY, Q, ids, make_queue, task
from tests.store.factories import FACTORIES, RecordingListener, StoreFactory

from taskweir.domain import lease as rules
from taskweir.domain.errors import FailedPrecondition, Refusal, TaskGone
from taskweir.domain.lease_filter import AnyTag, LeaseFilter, OldestTag, WithTag
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import PullMessage, QueueType, RetryConfig, Task
from taskweir.domain.times import MILLISECOND, MINUTE, SECOND, Instant
from taskweir.store.base import LeaseRequest, Store

T = TypeVar("T")
_MEMORY = "/dev/shm"
SECONDS = st.sampled_from([2 * SECOND, SECOND, 3 * SECOND])
LENGTHS = st.sampled_from([2 * SECOND, SECOND, 3 * SECOND, 0])
MICROS = st.integers(-2, 2)
"""By which ends of leases miss each other."""
STEPS = st.sampled_from(
    [SECOND, 2 * SECOND, MINUTE, MILLISECOND, 3 * MILLISECOND, -MILLISECOND, -SECOND, -3 * SECOND]
)
LIMITS = st.integers(1, 4)
CHANGES = st.sampled_from(["cancel", "renew", "acknowledge"])
TAGS = st.sampled_from(["", "a", "b"])
FILTERS: st.SearchStrategy[LeaseFilter] = st.one_of(
    st.just(AnyTag()), st.just(OldestTag()), TAGS.map(WithTag)
)
MOST = 3
"""Leases of a task."""
MOST_TASKS = 4
"""Few, so that chance comes back to each."""


class Workers(RuleBasedStateMachine):
    """Keeps account of every lease: whose task, and every end that its holder was told."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        # In memory where there is such a place: what is tried here is not the disk.
        self.folder = tempfile.TemporaryDirectory(dir=_MEMORY if Path(_MEMORY).is_dir() else None)
        self.factory: StoreFactory = FACTORIES["sqlite-file"](Path(self.folder.name))
        self.store: Store = self.run(self.factory.open(RecordingListener(), RETENTION))
        self.now: Instant = NOW
        self.latest: Instant = NOW
        """That the clock ever was at."""
        self.made = 0
        self.left: set[str] = set()
        self.told: dict[str, list[tuple[int, Instant]]] = {}
        """Of each task the leases it had, by number, with the ends that were told, in order."""
        self.nobodys: set[str] = set()
        """Tasks whose last end had come when it was told, so that nobody holds them, wherever the clock goes."""
        self.leases = 0
        self.counts: dict[str, int] = {}

    def run(self, call: Awaitable[T]) -> T:
        async def wait() -> T:
            return await call

        return self.runner.run(wait())

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    @initialize(unlimited=st.booleans())
    def make_queue(self, unlimited: bool) -> None:
        self.most = 1_000 if unlimited else MOST
        retry = RetryConfig(-1 if unlimited else MOST, *self.rest_of_retry())
        self.run(make_queue(self.store, type=QueueType.PULL, retry_config=retry))
        for tag in ("", "a"):
            self.insert(tag, 0)

    @staticmethod
    def rest_of_retry() -> tuple[int, int, int, int]:
        return RETRY.max_retry_duration, RETRY.min_backoff, RETRY.max_backoff, RETRY.max_doublings

    # What is true of the queue.

    def held(self) -> dict[str, Instant]:
        """The tasks that somebody holds now, with the only proof of it."""
        names = self.left - self.nobodys
        ends = {name: told[-1][1] for name, told in self.told.items() if name in names and told}
        return {name: end for name, end in ends.items() if end > self.now}

    def lease_told(self, one: Task, number: int) -> None:
        name, end = one.name.id, one.schedule_time
        if end > self.now:
            self.nobodys.discard(name)
            others = {known for its, known in self.told[name] if its != number}
            assert end not in others, "the end of another's lease"
        else:
            self.nobodys.add(name)
        self.told[name].append((number, end))

    # What happens.

    @precondition(lambda self: len(self.left) < MOST_TASKS)
    @rule(tag=TAGS, wait=st.sampled_from([0, SECOND]))
    def insert_another(self, tag: str, wait: int) -> None:
        self.insert(tag, wait)

    def insert(self, tag: str, wait: int) -> None:
        self.made += 1
        name = f"t{self.made}"
        new = task(name, self.now + wait, payload=PullMessage(b"x", tag), create_time=self.now)
        self.run(self.store.insert_task(new, self.now))
        self.left.add(name)
        self.told[name] = []
        self.counts[name] = 0

    @rule(asked=st.lists(st.tuples(LIMITS, FILTERS, LENGTHS), min_size=1, max_size=3))
    def lease(self, asked: list[tuple[int, LeaseFilter, int]]) -> None:
        """By several workers at once."""
        before = self.held()
        requests = [
            LeaseRequest(Q, limit, PLENTY, self.now + length, wanted, with_body=False)
            for limit, wanted, length in asked
        ]
        leased = self.run(gathered([self.store.lease(request, self.now) for request in requests]))
        for request, tasks in zip(requests, leased, strict=True):
            assert len(tasks) <= request.limit
            for one in tasks:
                name = one.name.id
                assert name not in before, "leased while another held it"
                if one.schedule_time > self.now:
                    before[name] = one.schedule_time
                self.leases += 1
                self.counts[name] += 1
                assert one.dispatch_count == self.counts[name] <= self.most
                # Of a clock that was set back a lease may last until it is again where it was.
                assert request.until <= one.schedule_time < max(request.until, self.latest) + MILLISECOND
                self.lease_told(one, self.leases)

    @precondition(lambda self: self.held())
    @rule(data=st.data(), what=CHANGES, length=SECONDS)
    def change(self, data: st.DataObject, what: str, length: int) -> None:
        """By who holds the task."""
        name = data.draw(st.sampled_from(sorted(self.held())))
        number, proof = self.told[name][-1]
        self.try_to_change(name, number, proof, what, length)

    @precondition(lambda self: self.held())
    @rule()
    def give_up(self) -> None:
        """All who hold a task."""
        for name in sorted(self.held()):
            number, proof = self.told[name][-1]
            self.try_to_change(name, number, proof, "cancel", SECOND)

    @precondition(lambda self: any(self.told.values()))
    @rule(data=st.data(), what=CHANGES, length=SECONDS)
    def try_any_proof(self, data: st.DataObject, what: str, length: int) -> None:
        """With an end that was told at any time: the last one is as good as it is still to come, all others are void."""
        name = data.draw(st.sampled_from(sorted(name for name, told in self.told.items() if told)))
        number, proof = data.draw(st.sampled_from(self.told[name]))
        self.try_to_change(name, number, proof, what, length)

    def try_to_change(self, name: str, number: int, proof: Instant, what: str, length: int) -> None:
        is_held = self.held().get(name) == proof
        change: Any = {
            "acknowledge": partial(rules.acknowledged, proof=proof, now=self.now),
            "renew": partial(rules.renewed, proof=proof, length=length, now=self.now),
            "cancel": partial(rules.cancelled, proof=proof, now=self.now),
        }[what]
        try:
            changed = self.run(self.store.change_lease(Q.task(name), change, self.now))
        except (FailedPrecondition, TaskGone):
            assert not is_held, "refused, though held"
            return
        assert is_held, "changed by one who does not hold it"
        if isinstance(changed, Ending):
            self.left.discard(name)
        else:
            self.lease_told(changed, number)

    @rule(by=STEPS, miss=MICROS)
    def move_the_clock(self, by: int, miss: int) -> None:
        self.go_to(self.now + by + miss)

    def go_to(self, now: Instant) -> None:
        self.now = now
        self.latest = max(self.latest, now)

    @rule(data=st.data())
    def go_to_the_end_of_a_lease(self, data: st.DataObject) -> None:
        ends = sorted(self.held().values())
        if ends:
            self.go_to(data.draw(st.sampled_from(ends)) - data.draw(st.integers(0, 1)))

    @precondition(lambda self: any(self.told.values()))
    @rule(data=st.data(), length=SECONDS, miss=MICROS)
    def go_where_a_lease_would_end_as_another_did(self, data: st.DataObject, length: int, miss: int) -> None:
        ends = sorted({end for told in self.told.values() for _, end in told})
        self.go_to(data.draw(st.sampled_from(ends)) - length + miss)

    @rule()
    def sweep(self) -> None:
        self.run(self.store.sweep(self.now, 100))

    @rule()
    def die_and_begin_again(self) -> None:
        """As a killed process leaves it."""
        left = self.factory.crash()
        self.run(self.store.close())
        self.factory, self.store = left, self.run(left.open(RecordingListener(), RETENTION))

    @invariant()
    def nothing_is_lost(self) -> None:
        """What is not there any more was acknowledged, or leased as often as it may be, and is held by nobody."""
        if not hasattr(self, "most"):
            return
        there = set(self.run(ids(self.store)))
        assert there <= self.left
        gone = self.left - there
        assert not gone & set(self.held()), "a task that is held was dropped"
        assert all(self.counts[name] == self.most for name in gone)
        self.left = there


async def gathered(calls: list[Any]) -> list[Any]:
    done = await asyncio.gather(*calls, return_exceptions=True)
    for one in done:
        if isinstance(one, Exception) and not isinstance(one, Refusal):
            raise one
    return done


TestWorkers = Workers.TestCase
TestWorkers.settings = settings(
    max_examples=int(os.environ.get("LEASE_RUNS", "40")),
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
