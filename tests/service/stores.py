"""A store for the tests of use-cases: a real one, in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from taskweir.domain import limits
from taskweir.domain.times import DAY
from taskweir.store.base import Retention
from taskweir.store.listeners import Listeners
from taskweir.store.sqlite import SqliteStore


@asynccontextmanager
async def opened() -> AsyncIterator[SqliteStore]:
    """With production's times."""
    store = await SqliteStore.open(
        ":memory:",
        listener=Listeners(),
        retention=Retention(
            limits.DEFAULT_TASK_TOMBSTONE,
            3 * DAY,
            limits.DEFAULT_TASK_RETENTION,
            limits.OPERATION_LIFE,
        ),
        durability="off",
        on_trouble=lambda _: None,
    )
    try:
        yield store
    finally:
        await store.close()
