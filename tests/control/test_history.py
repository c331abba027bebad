"""Pages of what was done."""

import contextlib
from collections.abc import Sequence
from typing import Any, cast

import pytest

from taskweir.clock import SteeredClock
from taskweir.control.history import History
from taskweir.domain.errors import InvalidArgument, ResourceExhausted
from taskweir.domain.history import AttemptFilter, AttemptRecord, FinishedFilter, FinishedTask, Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.names import LocationName, TaskName
from taskweir.domain.scope import Scope
from taskweir.domain.times import HOUR
from taskweir.store.base import Store

QUEUE = LocationName("p", "l").queue("q")


def attempt(id: int, outcome: Outcome = Outcome.SUCCEEDED) -> AttemptRecord:
    task = TaskName(QUEUE, f"t{id}")
    return AttemptRecord(task, 1, False, 0, 0, 0, outcome, "POST / HTTP/1.1", (), 200, 5, b"", "", id=id)


def finished(id: int) -> FinishedTask:
    return FinishedTask(TaskName(QUEUE, f"t{id}"), Ending.DONE, 0, 0, 1, id=id)


class FakeStore:
    """Keeps what it is given, and counts what is asked of it. A page ends early after `cut` records."""

    page_token_key = b"key"

    def __init__(self) -> None:
        self.attempts: list[AttemptRecord] = []
        self.finished: list[FinishedTask] = []
        self.reads: list[tuple[int, int]] = []
        self.cut = 1_000_000

    async def list_attempts(
        self, filter: AttemptFilter, after: int, limit: int, *, max_bytes: int
    ) -> Sequence[AttemptRecord]:
        self.reads.append((after, limit))
        found = [one for one in self.attempts if one.id > after and filter.matches(one)]
        return found[: min(limit, self.cut)]

    async def list_finished_tasks(
        self, filter: FinishedFilter, after: int, limit: int, *, max_bytes: int
    ) -> Sequence[FinishedTask]:
        return [task for task in self.finished if task.id > after][: min(limit, self.cut)]

    def add(self, *records: AttemptRecord | FinishedTask) -> None:
        for record in records:
            cast("list[Any]", self.attempts if isinstance(record, AttemptRecord) else self.finished).append(
                record
            )


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock(frozen_at=0)


@pytest.fixture
def history(store: FakeStore, clock: SteeredClock) -> History:
    return History(cast("Store", store), clock)


EVERY = AttemptFilter()


async def test_pages_lead_to_the_end(history: History, store: FakeStore) -> None:
    """Each record once, in order; the last page has no token, though it is full."""
    store.add(*map(attempt, range(1, 7)))
    seen, token = [], ""
    for _ in range(3):
        page = await history.attempts(EVERY, 2, token)
        seen += [record.id for record in page.items]
        token = page.next_page_token
    assert (seen, token) == ([1, 2, 3, 4, 5, 6], "")


async def test_a_page_that_the_store_cut_goes_on(history: History, store: FakeStore) -> None:
    """Large records make pages short, not the last."""
    store.add(*map(attempt, range(1, 4)))
    store.cut = 1
    page = await history.attempts(EVERY, 10, "")
    assert ([record.id for record in page.items], bool(page.next_page_token)) == ([1], True)


@pytest.mark.parametrize(("asked", "read"), [(0, 100), (1, 1), (1_000, 1_000), (1_001, 1_000)])
async def test_pages_have_a_usual_and_a_largest_size(
    history: History, store: FakeStore, asked: int, read: int
) -> None:
    """A hundred, and a thousand."""
    await history.attempts(EVERY, asked, "")
    assert store.reads[0] == (0, read)


async def test_a_page_size_is_not_negative(history: History) -> None:
    """The field is named."""
    with pytest.raises(InvalidArgument, match="page_size"):
        await history.attempts(EVERY, -1, "")
    with pytest.raises(InvalidArgument, match="page_size"):
        await history.finished_tasks(FinishedFilter(), -1, "")


@pytest.mark.parametrize(
    "other",
    [
        AttemptFilter(Scope("p")),
        AttemptFilter(outcomes=frozenset({Outcome.FAILED})),
        AttemptFilter(start=0),
        AttemptFilter(end=0),
    ],
)
async def test_a_token_is_good_for_its_listing_only(
    history: History, store: FakeStore, other: AttemptFilter
) -> None:
    """With the same filter, for the same kind of record; the page's size may be another."""
    store.add(*map(attempt, range(1, 5)), *map(finished, range(1, 5)))
    token = (await history.attempts(EVERY, 1, "")).next_page_token

    assert [record.id for record in (await history.attempts(EVERY, 2, token)).items] == [2, 3]
    with pytest.raises(InvalidArgument, match="page token"):
        await history.attempts(other, 1, token)
    with pytest.raises(InvalidArgument, match="page token"):
        await history.finished_tasks(FinishedFilter(), 1, token)


async def test_a_token_is_bound_to_every_outcome(history: History, store: FakeStore) -> None:
    """In whatever order they were named."""
    store.add(*map(attempt, range(1, 3)))
    one, other = [Outcome.SUCCEEDED, Outcome.NOT_SENT], [Outcome.NOT_SENT, Outcome.SUCCEEDED]
    token = (await history.attempts(AttemptFilter(outcomes=frozenset(one)), 1, "")).next_page_token
    page = await history.attempts(AttemptFilter(outcomes=frozenset(other)), 1, token)
    assert [record.id for record in page.items] == [2]


async def test_a_token_grows_old(history: History, store: FakeStore, clock: SteeredClock) -> None:
    """By the server's clock, as every page token."""
    store.add(*map(finished, range(1, 3)))
    token = (await history.finished_tasks(FinishedFilter(), 1, "")).next_page_token
    clock.advance(2 * HOUR)
    with pytest.raises(InvalidArgument, match="expired"):
        await history.finished_tasks(FinishedFilter(), 1, token)


def test_there_is_an_end_to_how_many_watch(history: History) -> None:
    """Of both kinds together; who leaves, makes room."""
    with contextlib.ExitStack() as watching:
        for _ in range(1_000):
            watching.enter_context(history.watching())
        with pytest.raises(ResourceExhausted, match="1,000 streams"), history.watching():
            pass
    with history.watching():
        """There is room again."""
