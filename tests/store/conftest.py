"""Each test of the suite runs on every store."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.store.builders import RETENTION, make_queue
from tests.store.factories import FACTORIES, RecordingListener, StoreFactory

from taskweir.domain.model import Queue
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


@pytest.fixture
async def store(
    factory: StoreFactory, listener: RecordingListener, retention: Retention
) -> AsyncIterator[Store]:
    opened = await factory.open(listener, retention)
    yield opened
    await opened.close()


@pytest.fixture
async def q(store: Store, listener: RecordingListener) -> Queue:
    """A queue; the listener's record begins after it was made."""
    made = await make_queue(store)
    listener.told()
    return made


@pytest.fixture
async def reopen() -> AsyncIterator[Reopen]:
    """Opens another store on a factory, and closes it in the end."""
    opened: list[Store] = []

    async def open_again(factory: StoreFactory, retention: Retention = RETENTION) -> Store:
        opened.append(await factory.open(RecordingListener(), retention))
        return opened[-1]

    yield open_again
    for store in opened:
        await store.close()
