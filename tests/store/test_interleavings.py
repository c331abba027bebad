"""Many callers at once, in orders that chance makes: no task is lost, doubled, or held for ever."""

import asyncio
import contextlib
import random
from collections import Counter

import pytest
from tests.store.builders import (
    HISTORY,
    NOW,
    Q,
    attempts,
    claim,
    finish,
    finished,
    ids,
    make_queue,
    queue,
    result,
    set_queue,
    sweep_all,
    task,
)
from tests.store.conftest import Reopen
from tests.store.factories import RecordingListener, StoreFactory

from taskweir.domain.errors import Refusal
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Queue, QueueState, RetryConfig, Task
from taskweir.domain.times import HOUR
from taskweir.store.base import Retention, Store


@pytest.fixture
def retention() -> Retention:
    return HISTORY


class Chance:
    """A worker and callers that do whatever chance says, and keep account of what they were answered."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.random = random.Random(seed)
        self.now = NOW
        self.made: dict[int, str] = {}
        self.gone: set[int] = set()
        self.claimed: dict[int, Task] = {}
        self.claims_in_flight: set[int] = set()
        self.attempts: list[Task] = []
        self.ended: Counter[str] = Counter()
        self.names = 0

    async def step(self) -> None:
        self.now += self.random.randrange(1_000)
        actions = [self.insert] * 5 + [self.claim] * 4 + [self.begin] * 4 + [self.finish] * 4
        actions += [self.delete, self.run, self.release, self.pause, self.resume, self.resume]
        with contextlib.suppress(Refusal):
            await self.random.choice(actions)()

    async def insert(self) -> None:
        self.names += 1
        at = self.now + self.random.choice((-HOUR, 0, 0, 0, 500, HOUR))
        made = await self.store.insert_task(task(f"t{self.names}", at, create_time=self.now), self.now)
        self.made[made.uid] = made.name.id

    async def claim(self) -> None:
        of = await self.store.get_queue(Q)
        limit = self.random.choice((1, 3, 50))
        for one in (await claim(self.store, of, self.now, limit=limit)).tasks:
            assert one.uid not in self.claimed, "claimed twice"
            assert one.uid not in self.claims_in_flight, "claimed while in flight"
            self.claimed[one.uid] = one

    def pick_claimed(self) -> Task | None:
        if not self.claimed:
            return None
        return self.claimed.pop(self.random.choice(list(self.claimed)))

    async def begin(self) -> None:
        if one := self.pick_claimed():
            begun = await self.store.begin_attempt(one, self.now)
            if begun:
                self.claims_in_flight.add(begun.uid)
                self.attempts.append(begun)

    async def release(self) -> None:
        if one := self.pick_claimed():
            await self.store.release([one])

    async def finish(self) -> None:
        if self.attempts:
            begun = self.attempts.pop(self.random.randrange(len(self.attempts)))
            # What is in flight is free from here on: the commit comes before the answer.
            self.claims_in_flight.discard(begun.uid)
            ending = await finish(self.store, begun, self.random.choice((200, 500, 404, None)), self.now)
            self.ended[begun.name.id] += 1
            if isinstance(ending, Ending):
                assert begun.uid not in self.gone, "ended twice"
                self.gone.add(begun.uid)

    async def delete(self) -> None:
        uid = self.random.choice(list(self.made))
        await self.store.delete_task(Q.task(self.made[uid]), self.now)
        assert uid not in self.gone, "ended twice"
        self.gone.add(uid)

    async def run(self) -> None:
        run = await self.store.run_task(Q.task(self.made[self.random.choice(list(self.made))]), self.now)
        taken = await self.store.take_run(run.uid)
        if taken:
            self.attempts.append(taken)

    async def pause(self) -> None:
        await set_queue(self.store, self.now, state=QueueState.PAUSED)

    async def resume(self) -> None:
        await set_queue(self.store, self.now, state=QueueState.RUNNING)

    async def settle(self) -> None:
        """Finish what is in flight, give back what is claimed, let the queue run."""
        await self.resume()
        while self.attempts:
            await self.finish()
        await self.store.release(list(self.claimed.values()))
        self.claimed.clear()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("at_once", [1, 12])
async def test_no_task_is_lost_or_doubled(
    store: Store, listener: RecordingListener, seed: int, at_once: int
) -> None:
    """After any history, what was made and not ended is there, free, and claimed once; what ended was recorded once."""
    of = await make_queue(store, retry_config=RetryConfig(4, 0, 0, 1_000, 3))
    chance = Chance(store, seed)
    await chance.insert()
    for _ in range(480 // at_once):
        await asyncio.gather(*(chance.step() for _ in range(at_once)))
    await chance.settle()
    left = {uid: name for uid, name in chance.made.items() if uid not in chance.gone}
    assert len(chance.gone) > 20
    assert await ids(store) == sorted(left.values())
    due = dict(await store.due_queues())
    assert (of.uid in due) == bool(left)
    claimed = (await claim(store, of, chance.now + 2 * HOUR, limit=10_000)).tasks
    assert sorted(one.uid for one in claimed) == sorted(left)
    assert [one.schedule_time for one in claimed] == sorted(one.schedule_time for one in claimed)
    recorded = await attempts(store)
    assert Counter(one.task.id for one in recorded) == chance.ended
    assert len({(one.task.id, one.number) for one in recorded}) == len(recorded)
    gone = {one.name.id: one for one in await finished(store)}
    assert sorted(gone) == sorted(chance.made[uid] for uid in chance.gone)
    assert all(one.dispatch_count >= chance.ended[name] for name, one in gone.items())
    enders = {one.task.id: one.ending for one in recorded if one.ending is not None}
    assert enders == {name: one.ending for name, one in gone.items() if one.ending is not Ending.DELETED}


@pytest.mark.parametrize("ending", ["delete", "purge", "forget", "delete queue"])
async def test_a_removal_beside_a_result_ends_a_task_once(store: Store, q: Queue, ending: str) -> None:
    """In one transaction or in two, whichever is first; nothing of it comes back."""

    async def remove(n: int) -> None:
        if ending == "delete":
            await store.delete_task(Q.task(f"t{n}"), NOW)
        elif ending == "delete queue":
            await store.delete_queue(Q, NOW)
        else:
            await store.purge_queue(Q, NOW, forget_names=ending == "forget")

    for n in range(12):
        of = await store.change_queue(Q, lambda current: current or queue(), NOW, revive=True)
        await store.insert_task(task(f"t{n}"), NOW)
        (claimed,) = (await claim(store, of)).tasks
        begun = await store.begin_attempt(claimed, NOW)
        assert begun
        calls = [store.finish_attempt(result(begun, 200 if n % 2 else 500), NOW), remove(n)]
        finished, removed = await asyncio.gather(
            *(calls if n % 4 < 2 else calls[::-1]), return_exceptions=True
        )
        if n % 4 >= 2:
            finished, removed = removed, finished
        if ending == "delete" and n % 2:
            assert (finished is None) != isinstance(removed, Refusal)
        else:
            assert removed is None or not isinstance(removed, Exception)
        of = await store.change_queue(Q, lambda current: current or queue(), NOW, revive=True)
        assert await ids(store) == []
        assert (await claim(store, of, NOW + HOUR)).tasks == ()
        assert await store.due_queues() == []


async def test_every_answered_write_survives_a_crash(durable: StoreFactory, reopen: Reopen) -> None:
    """Killed at any moment under load, the files hold all that was answered, and half of nothing."""
    store = await reopen(durable)
    of = await make_queue(store)
    answered: set[str] = set()
    ended: set[str] = set()

    async def work(worker: int) -> None:
        for n in range(40):
            name = f"w{worker}-{n:02}"
            await store.insert_task(task(name), NOW)
            answered.add(name)
            if n % 3 == 0:
                await store.delete_task(Q.task(name), NOW)
                ended.add(name)

    working = asyncio.gather(*(work(worker) for worker in range(8)))
    crashes = []
    while not working.done():
        for _ in range(40):
            await asyncio.sleep(0)
        crashes.append((set(answered), set(ended), durable.crash()))
    await working
    assert len(crashes) > 3
    for known, over, left in crashes[:: max(1, len(crashes) // 8)]:
        found = set(await ids(await reopen(left)))
        assert known - ended <= found, "an answered task was lost"
        assert not over & found, "an answered deletion was lost"
    await sweep_all(store, NOW)
    assert len((await claim(store, of, limit=1_000)).tasks) == len(answered) - len(ended)
