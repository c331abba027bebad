"""Pull tasks for the tests of leases, and what workers do with them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tests.store.builders import NOW, PLENTY, RETRY, Q
from tests.store.builders import task as any_task

from taskweir.domain import lease as rules
from taskweir.domain.lease_filter import AnyTag, LeaseFilter
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import PullMessage, Task
from taskweir.domain.times import MINUTE, Instant
from taskweir.store.base import LeaseRequest, Store

UNLIMITED = replace(RETRY, max_attempts=-1)
TWICE = replace(RETRY, max_attempts=2)


def task(task_id: str = "t", at: Instant = NOW, *, tag: str = "", body: bytes = b"body", **over: Any) -> Task:
    return any_task(task_id, at, payload=PullMessage(body, tag), **over)


async def insert(store: Store, *tasks: Task) -> None:
    for one in tasks:
        await store.insert_task(one, NOW)


async def lease(
    store: Store,
    limit: int = 100,
    now: Instant = NOW,
    *,
    length: int = MINUTE,
    filter: LeaseFilter = AnyTag(),  # noqa: B008 - a constant
    max_bytes: int = PLENTY,
    with_body: bool = False,
) -> list[Task]:
    return list(await store.lease(LeaseRequest(Q, limit, max_bytes, now + length, filter, with_body), now))


def names(tasks: list[Task]) -> list[str]:
    return [one.name.id for one in tasks]


async def change(
    store: Store, held: Task, rule: Callable[..., Task | Ending], now: Instant = NOW, **more: Any
) -> Task | Ending:
    made = partial(rule, proof=held.schedule_time, now=now, **more)
    return await store.change_lease(held.name, made, now)


async def acknowledge(store: Store, held: Task, now: Instant = NOW) -> None:
    assert await change(store, held, rules.acknowledged, now) is Ending.DONE


async def renew(store: Store, held: Task, now: Instant = NOW, length: int = MINUTE) -> Task:
    renewed = await change(store, held, rules.renewed, now, length=length)
    assert isinstance(renewed, Task)
    return renewed


async def cancel(store: Store, held: Task, now: Instant = NOW) -> Task:
    cancelled = await change(store, held, rules.cancelled, now)
    assert isinstance(cancelled, Task)
    return cancelled
