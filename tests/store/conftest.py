"""Each test of the suite runs on every store."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.store.builders import RETENTION, make_queue
from tests.store.factories import FACTORIES, RecordingListener, StoreFactory
from tests.store.pull_tasks import UNLIMITED

from taskweir.domain.model import Queue, QueueType
from taskweir.domain.times import SECOND, Instant
from taskweir.store.base import Retention, Store

Reopen = Callable[..., Awaitable[Store]]


@pytest.fixture(params=FACTORIES)
def factory(request: pytest.FixtureRequest, tmp_path: Path) -> StoreFactory:
    return FACTORIES[request.param](tmp_path)


@pytest.fixture(params=[name for name, made in FACTORIES.items() if made.durable])
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> StoreFactory:
    """A store that can be opened again."""
    return FACTORIES[request.param](tmp_path)


@pytest.fixture
def listener() -> RecordingListener:
    return RecordingListener()


@pytest.fixture
def retention() -> Retention:
    return RETENTION


@dataclass
class Wall:
    """Real time, as the store is told it. It begins at a time of its own."""

    time: Instant = 1_900_000_000 * SECOND

    def __call__(self) -> Instant:
        return self.time


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
async def store(
    factory: StoreFactory, listener: RecordingListener, retention: Retention, wall: Wall
) -> AsyncIterator[Store]:
    opened = await factory.open(listener, retention, wall)
    yield opened
    await opened.close()


@pytest.fixture
async def q(store: Store, listener: RecordingListener) -> Queue:
    """A queue; the listener's record begins after it was made."""
    made = await make_queue(store)
    listener.told()
    return made


@pytest.fixture
async def pull(store: Store, listener: RecordingListener) -> Queue:
    """A pull queue, as `q`; its tasks may be leased any number of times."""
    made = await make_queue(store, type=QueueType.PULL, retry_config=UNLIMITED)
    listener.told()
    return made


@pytest.fixture
async def reopen(wall: Wall) -> AsyncIterator[Reopen]:
    """Opens another store on a factory, and closes it in the end."""
    opened: list[Store] = []

    async def open_again(factory: StoreFactory, retention: Retention = RETENTION) -> Store:
        opened.append(await factory.open(RecordingListener(), retention, wall))
        return opened[-1]

    yield open_again
    for store in opened:
        await store.close()
