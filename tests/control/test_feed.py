"""Streams of what was done: read once for all who watch."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from tests.eventually import eventually

from taskweir.clock import SteeredClock
from taskweir.control import feed
from taskweir.control.history import History
from taskweir.domain.errors import Unavailable
from taskweir.domain.history import AttemptFilter, AttemptRecord, FinishedFilter, FinishedTask, Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.names import LocationName, QueueName, TaskName
from taskweir.domain.scope import Scope
from taskweir.store.base import Store

Q = LocationName("p", "l").queue("q")
OTHER = LocationName("p", "l").queue("other")
EVERY = AttemptFilter()
FAILED = AttemptFilter(outcomes=frozenset({Outcome.FAILED}))


def attempt(
    id: int, outcome: Outcome = Outcome.SUCCEEDED, queue: QueueName = Q, size: int = 0
) -> AttemptRecord:
    task, body = TaskName(queue, f"t{id}"), b"x" * size
    return AttemptRecord(task, 1, False, 0, 0, 0, outcome, "POST / HTTP/1.1", (), 200, 5, body, "", id=id)


def finished(id: int, queue: QueueName = Q) -> FinishedTask:
    return FinishedTask(TaskName(queue, f"t{id}"), Ending.DONE, 0, 0, 1, id=id)


@dataclass
class FakeStore:
    """Keeps what it is given, notes what is asked of it, and does something before it answers."""

    attempts: list[AttemptRecord] = field(default_factory=list)
    finished: list[FinishedTask] = field(default_factory=list)
    reads: list[tuple[AttemptFilter | FinishedFilter, int]] = field(default_factory=list)
    while_reading: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0)
    grew: Callable[[], None] = lambda: None

    async def list_attempts(
        self, filter: AttemptFilter, after: int, limit: int, *, max_bytes: int
    ) -> Sequence[AttemptRecord]:
        self.reads.append((filter, after))
        assert max_bytes <= 1024 * 1024
        found = [one for one in self.attempts if one.id > after and filter.matches(one)][:limit]
        await self.while_reading()
        return found

    async def list_finished_tasks(
        self, filter: FinishedFilter, after: int, limit: int, *, max_bytes: int
    ) -> Sequence[FinishedTask]:
        self.reads.append((filter, after))
        assert max_bytes <= 1024 * 1024
        return [one for one in self.finished if one.id > after and filter.matches(one)][:limit]

    async def history_ends(self) -> tuple[int, int]:
        ends = (
            max((one.id for one in self.attempts), default=0),
            max((one.id for one in self.finished), default=0),
        )
        await asyncio.sleep(0)
        return ends

    def add(self, *records: AttemptRecord | FinishedTask) -> None:
        """In one commit."""
        for record in records:
            kept = self.attempts if isinstance(record, AttemptRecord) else self.finished
            cast("list[Any]", kept).append(record)
        self.grew()


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def history(store: FakeStore) -> History:
    history = History(cast("Store", store), SteeredClock(frozen_at=0))
    store.grew = history.history_grew
    return history


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many watch."""
    monkeypatch.setattr(feed, "_PAUSE", 0)


async def turns(count: int = 30) -> None:
    """Let everything that can go on, go on."""
    for _ in range(count):
        await asyncio.sleep(0)


class Watcher:
    """Takes all that comes, as long as it is not told to hold."""

    def __init__(self, records: AsyncGenerator[AttemptRecord, None]) -> None:
        self.ids: list[int] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self._task = asyncio.create_task(self._watch(records))

    async def _watch(self, records: AsyncGenerator[AttemptRecord, None]) -> None:
        try:
            async for record in records:
                self.ids.append(record.id)
                await self.takes.wait()
        finally:
            await records.aclose()

    async def end(self) -> BaseException | None:
        """What it ended with."""
        self._task.cancel()
        (ended,) = await asyncio.gather(self._task, return_exceptions=True)
        return ended


async def test_a_watcher_sees_what_comes(history: History, store: FakeStore) -> None:
    """Not what was there before."""
    store.add(*map(attempt, range(1, 3)), finished(1))
    attempts = history.watch_attempts(EVERY, await history.latest_attempt())
    tasks = history.watch_finished_tasks(FinishedFilter(), await history.latest_finished_task())
    next_attempt, next_task = asyncio.ensure_future(anext(attempts)), asyncio.ensure_future(anext(tasks))
    await turns()
    store.add(attempt(3), finished(2))
    assert ((await next_attempt).id, (await next_task).id) == (3, 2)
    await attempts.aclose()
    await tasks.aclose()


async def test_what_comes_between_asking_and_watching_is_seen(history: History, store: FakeStore) -> None:
    """And nothing before it, also beside others who are not told of it yet."""
    watchers = [Watcher(history.watch_attempts(EVERY, 0))]
    await turns()
    store.add(attempt(1))
    after = await history.latest_attempt()
    store.add(attempt(2))
    watchers.append(Watcher(history.watch_attempts(EVERY, after)))
    await turns()
    assert [watcher.ids for watcher in watchers] == [[1, 2], [2]]
    for watcher in watchers:
        await watcher.end()


async def test_what_comes_while_the_first_watcher_joins_is_not_waited_with(
    history: History, store: FakeStore
) -> None:
    """Until the next comes: nobody had it read when it came."""
    watcher = Watcher(history.watch_attempts(EVERY, 0))
    await turns(1)
    store.add(attempt(1))
    await turns()
    assert watcher.ids == [1]
    await watcher.end()


async def test_a_watcher_can_begin_with_what_is_kept(history: History, store: FakeStore) -> None:
    """And then goes on with what comes, without a gap and without a double."""
    store.add(*map(attempt, range(1, 251)))
    more = [attempt(251), attempt(252)]

    async def grow() -> None:
        if more:
            store.add(more.pop(0))

    store.while_reading = grow
    watcher = Watcher(history.watch_attempts(EVERY, 0))
    await turns(300)
    store.add(attempt(253))
    await turns()
    assert watcher.ids == list(range(1, 254))
    await watcher.end()


@pytest.mark.parametrize("count", [1, 50])
async def test_what_comes_is_read_once_for_all(history: History, store: FakeStore, count: int) -> None:
    """However many watch, and whatever they want; nothing is read while nothing comes."""
    wanted = [EVERY, FAILED, AttemptFilter(Scope.of(OTHER)), AttemptFilter(Scope("p"))]
    watchers = [Watcher(history.watch_attempts(wanted[n % 4], 0)) for n in range(count)]
    await turns()
    store.reads.clear()
    store.add(attempt(1), attempt(2, Outcome.FAILED), attempt(3, queue=OTHER))
    await turns()
    seen = [[1, 2, 3], [2], [3], [1, 2, 3]]
    assert [watcher.ids for watcher in watchers] == [seen[n % 4] for n in range(count)]
    assert store.reads == [(EVERY, 0), (EVERY, 3)]
    await turns()
    assert len(store.reads) == 2
    for watcher in watchers:
        await watcher.end()
    store.add(attempt(4))
    await turns()
    assert len(store.reads) == 2


async def test_what_others_do_costs_a_watcher_nothing(history: History, store: FakeStore) -> None:
    """It is not even asked whether it wants it."""
    asked = []

    class Curious(AttemptFilter):
        def matches(self, record: AttemptRecord) -> bool:
            asked.append(record.id)
            return True

    watchers = [
        Watcher(history.watch_attempts(Curious(Scope.of(name)), 0)) for name in (OTHER, OTHER.task("t9"))
    ]
    watchers.append(Watcher(history.watch_attempts(EVERY, 0)))
    await turns()
    store.add(*map(attempt, range(1, 50)), attempt(50, queue=OTHER))
    await turns()
    assert asked == [50]
    assert [watcher.ids[-1:] for watcher in watchers] == [[50], [], [50]]
    for watcher in watchers:
        await watcher.end()


async def test_the_more_watch_the_more_is_sent_together(
    history: History, store: FakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pauses, of which the server has the time; for one watcher there is none to speak of."""
    monkeypatch.setattr(feed, "_PAUSE", 0.1)
    watchers = [Watcher(history.watch_attempts(EVERY, 0)) for _ in range(3)]
    watchers += [Watcher(history.watch_attempts(AttemptFilter(Scope.of(OTHER)), 0)) for _ in range(1_000)]
    await turns()
    store.reads.clear()
    for n in range(1, 20):
        store.add(attempt(n))
        await turns(5)
    assert [watcher.ids for watcher in watchers[:3]] == [[1]] * 3
    await eventually(lambda: [watcher.ids for watcher in watchers[:3]] == [list(range(1, 20))] * 3)
    assert [after for _, after in store.reads] == [0, 1]
    for watcher in watchers:
        await watcher.end()


@pytest.mark.parametrize(("count", "size"), [(1_500, 0), (200, 20_000)])
async def test_who_lags_takes_no_memory_and_misses_nothing(
    history: History, store: FakeStore, count: int, size: int
) -> None:
    """What it has not asked for stays in the store, and is read when it comes to it; others are not held up."""
    slow, quick = (Watcher(history.watch_attempts(EVERY, 0)) for _ in range(2))
    await turns()
    slow.takes.clear()
    for n in range(1, count + 1):
        store.add(attempt(n, size=size))
        await turns(8)
    assert (len(slow.ids), len(quick.ids)) == (1, count)
    lines = [line for lines in history._attempts._lines.values() for line in lines]
    assert [len(line._records) for line in lines] == [0]
    before = len(store.reads)
    assert before == 2 * count
    slow.takes.set()
    await turns(count * 4)
    assert slow.ids == list(range(1, count + 1))
    assert len(store.reads) - before <= count // 100 + 2
    store.add(attempt(count + 1))
    await turns()
    assert slow.ids[-1] == quick.ids[-1] == count + 1
    for watcher in (slow, quick):
        await watcher.end()


async def test_who_waits_is_told_when_nothing_can_be_read(history: History, store: FakeStore) -> None:
    """Whatever went wrong; and the next to come are served again."""

    async def fail() -> None:
        raise errors[-1]

    errors: list[Exception] = [Unavailable("The disk is gone."), ZeroDivisionError()]
    while errors:
        watchers = [Watcher(history.watch_attempts(wanted, 0)) for wanted in (EVERY, FAILED)]
        await turns()
        store.while_reading = fail
        store.grew()
        await turns()
        assert [await watcher.end() for watcher in watchers] == [errors[-1]] * 2
        errors.pop()
        store.while_reading = lambda: asyncio.sleep(0)
    watcher = Watcher(history.watch_attempts(EVERY, 0))
    await turns()
    store.add(attempt(1))
    await turns()
    assert watcher.ids == [1]
    await watcher.end()


@dataclass
class Story:
    """Watchers that come, go, and hold for a while, and records that come, as it is drawn."""

    history: History
    store: FakeStore
    draw: random.Random
    watching: list[tuple[Watcher, AttemptFilter, int]] = field(default_factory=list)

    async def watch(self) -> None:
        wanted, after = self.draw.choice([EVERY, FAILED, AttemptFilter(Scope.of(OTHER))]), 0
        if self.draw.randrange(2):
            after = await self.history.latest_attempt()
        self.watching.append((Watcher(self.history.watch_attempts(wanted, after)), wanted, after))

    async def leave(self) -> None:
        """What was seen so far is right, as far as it goes."""
        if len(self.watching) > 4:
            watcher, wanted, after = self.watching.pop(self.draw.randrange(len(self.watching)))
            await watcher.end()
            assert watcher.ids == self.expected(wanted, after)[: len(watcher.ids)]

    async def hold_or_go_on(self) -> None:
        for watcher, _, _ in self.watching[: self.draw.randrange(4)]:
            if self.draw.randrange(2):
                watcher.takes.set()
            else:
                watcher.takes.clear()
        self.draw.shuffle(self.watching)

    async def grow(self) -> None:
        for _ in range(self.draw.randrange(1, 8)):
            outcome = self.draw.choice([Outcome.FAILED, Outcome.SUCCEEDED])
            self.store.attempts.append(
                attempt(len(self.store.attempts) + 1, outcome, self.draw.choice([Q, OTHER]))
            )
        self.store.grew()

    def expected(self, wanted: AttemptFilter, after: int) -> list[int]:
        return [one.id for one in self.store.attempts if one.id > after and wanted.matches(one)]


@pytest.mark.parametrize("seed", range(20))
async def test_watchers_that_come_go_and_lag_see_each_record_once(
    history: History, store: FakeStore, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """In order, from where they began, with little room and short reads so that all of it happens often."""
    monkeypatch.setattr(feed, "_MOST_WAITING", 4)
    monkeypatch.setattr("taskweir.control.history.READ_AT_ONCE", 3)
    story = Story(history, store, draw := random.Random(seed))
    store.while_reading = lambda: turns(draw.randrange(4))
    for _ in range(400):
        await draw.choice([story.watch, story.leave, story.hold_or_go_on, story.grow, story.grow])()
        await turns(draw.randrange(5))
    for watcher, wanted, after in story.watching:
        watcher.takes.set()
        await eventually(lambda ids=watcher.ids, to=(wanted, after): ids == story.expected(*to))  # type: ignore[misc]
        await watcher.end()
    assert len(store.attempts) > 300
    assert history._attempts._lines == {}
