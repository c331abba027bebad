"""How much there is to do: tasks in each queue, those that are due, and the earliest."""

import asyncio
import contextlib
import random
from dataclasses import replace

import pytest
from tests.store.builders import (
    HISTORY,
    NOW,
    PARENT,
    Q,
    begin_one,
    claim,
    finish,
    ids,
    make_queue,
    queue,
    set_queue,
    sweep_all,
    task,
)

from taskweir.domain.errors import Refusal
from taskweir.domain.model import Queue, QueueState, RetryConfig
from taskweir.domain.names import LocationName
from taskweir.domain.times import DAY, HOUR
from taskweir.store.base import Retention, Store


@pytest.fixture
def retention() -> Retention:
    return replace(HISTORY, history_size=20)


HASTY = {"retry_config": RetryConfig(2, 0, 0, 0, 0), "task_ttl": 2 * DAY}
NAMES = [Q, PARENT.queue("other"), LocationName("other", "us-central1").queue("q")]


class Chance:
    """Callers and a worker that do whatever chance says, with all that makes tasks come and go."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.random = random.Random(seed)
        self.now = NOW

    async def step(self) -> None:
        self.now += self.random.randrange(1_000)
        name = self.random.choice(NAMES)
        # A few names, so that many are taken.
        one = task(f"t{self.random.randrange(60)}", self.now, in_queue=name, create_time=self.now)
        with contextlib.suppress(Refusal):
            match self.random.randrange(30):
                case 0:
                    await self.store.purge_queue(name, self.now, forget_names=self.random.random() < 0.5)
                case 1:
                    await self.store.delete_queue(name, self.now)
                case 2:
                    await self.store.reset(self.random.choice(["p", "other", None]), self.now)
                case 3:
                    self.now += DAY
                    await sweep_all(self.store, self.now, limit=5)
                case 4 | 5 | 6 | 7:
                    await self.store.change_queue(
                        name, lambda old: old or queue(name, **HASTY), self.now, revive=True
                    )
                case 8 | 9 | 10:
                    await self.store.delete_task(one.name, self.now)
                case 11 | 12 | 13 | 14:
                    await self.attempt(await self.store.get_queue(name))
                case _:
                    await self.store.insert_task(one, self.now)

    async def attempt(self, of: Queue) -> None:
        for claimed in (await claim(self.store, of, self.now, limit=2)).tasks:
            begun = await self.store.begin_attempt(claimed, self.now)
            if begun:
                await finish(self.store, begun, self.random.choice((200, 500)), self.now)

    async def counted(self) -> dict[int, int]:
        return {one.uid: len(await ids(self.store, one.name)) for one in await self.store.queues()}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("at_once", [1, 10])
async def test_the_counts_are_those_of_the_tasks(store: Store, seed: int, at_once: int) -> None:
    """After any history, from the first time they are asked for; while more goes on, they are some number."""
    chance = Chance(store, seed)
    sizes = set()
    for round_ in range(40):
        await asyncio.gather(*(chance.step() for _ in range(max(10, at_once))))
        if round_ > 3:
            *_, counts = await asyncio.gather(chance.step(), chance.step(), store.task_counts())
            assert all(count >= 0 for count in counts.values())
            counts = await store.task_counts()
            assert counts == await chance.counted()
            sizes.update(counts.values())
    assert len(sizes) > 5


async def test_the_counts_of_no_queue_are_none(store: Store) -> None:
    """Then of an empty one, and of one that is purged with a task put in at once."""
    assert await store.task_counts() == {}
    of = await make_queue(store)
    assert await store.task_counts() == {of.uid: 0}
    await asyncio.gather(*(store.insert_task(task(f"t{n}"), NOW) for n in range(5)))
    assert await store.task_counts() == {of.uid: 5}
    await asyncio.gather(
        store.purge_queue(Q, NOW, forget_names=False),
        store.insert_task(task("new"), NOW),
        store.task_counts(),
    )
    assert await store.task_counts() == {of.uid: len(await ids(store))}


async def test_what_is_due_and_not_in_flight_is_counted(store: Store, q: Queue) -> None:
    """Claimed tasks are; up to a limit, also of a paused queue; a queue that is gone is left out."""
    other = await make_queue(store, PARENT.queue("other"))
    for n in range(6):
        await store.insert_task(task(f"t{n}", NOW + n), NOW)
    await store.insert_task(task(in_queue=other.name, at=NOW + HOUR), NOW)

    async def due(now: int, limit: int = 10) -> object:
        return await store.due_counts([q.uid, other.uid, 999], now, limit)

    assert await due(NOW - 1) == {q.uid: 0, other.uid: 0}
    assert await due(NOW + 3) == {q.uid: 4, other.uid: 0}
    begun = await begin_one(store, q)
    await store.run_task(Q.task("t1"), NOW)
    await claim(store, q, NOW + 2)
    assert await due(NOW + 3) == {q.uid: 2, other.uid: 0}
    assert await due(NOW + 3, limit=1) == {q.uid: 1, other.uid: 0}
    await set_queue(store, state=QueueState.PAUSED)
    assert await due(NOW + 3) == {q.uid: 2, other.uid: 0}
    await finish(store, begun, 500)
    assert await due(NOW + HOUR) == {q.uid: 5, other.uid: 1}
    await store.delete_queue(Q, NOW)
    assert await due(NOW + HOUR) == {other.uid: 1}


async def test_the_earliest_schedule_times(store: Store, q: Queue) -> None:
    """Of each queue that has a task, paused or not, in flight or not."""
    other, paused = PARENT.queue("other"), PARENT.queue("paused")
    later = await make_queue(store, other)
    await make_queue(store, PARENT.queue("empty"))
    asleep = await make_queue(store, paused)
    for name, at in ((Q, NOW + 5), (Q, NOW), (other, NOW + HOUR), (paused, NOW - 1)):
        await store.insert_task(task(f"t{at}", at, in_queue=name), NOW)
    await set_queue(store, name=paused, state=QueueState.PAUSED)
    await begin_one(store, q)
    expected = {q.uid: NOW, later.uid: NOW + HOUR, asleep.uid: NOW - 1}
    assert await store.earliest_schedule_times() == expected
    assert await store.earliest_schedule_times([later.uid, 999]) == {later.uid: NOW + HOUR}
    await store.purge_queue(Q, NOW, forget_names=False)
    del expected[q.uid]
    assert await store.earliest_schedule_times() == expected
