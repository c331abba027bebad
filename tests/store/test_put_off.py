"""Writes that were answered before they are made: who counts them is told of each, and of its end."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.eventually import eventually

from taskweir.effect import LostEffect
from taskweir.store.sqlite.batch import Kind, Op, Stage, run_calls
from taskweir.store.sqlite.put_off import PutOff

_WRITE = Kind(Stage.WRITE, run_calls)


class Count:
    """Which projects' writes are put off, and the futures of those that stand in line."""

    def __init__(self) -> None:
        self.projects: list[str] = []
        self.in_line: list[asyncio.Future[Any]] = []

    def begin(self, project: str) -> Callable[[], None]:
        self.projects.append(project)
        return lambda: self.projects.remove(project)

    def make(self, _: Op) -> "asyncio.Future[Any]":
        self.in_line.append(asyncio.get_running_loop().create_future())
        return self.in_line[-1]


def write(project: str) -> Op:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    return Op(_WRITE, None, 1, 0, None, future, LostEffect(project, 0.0))


@pytest.mark.parametrize("end", ["set_result", "set_exception", "cancel"])
async def test_a_write_is_over_when_it_was_made(end: str) -> None:
    """Refused or not; and not when it only came to stand in line."""
    count = Count()
    put_off = PutOff(count.make, count.begin)
    put_off.add(write("p"), 0)
    await eventually(lambda: count.in_line)
    assert count.projects == ["p"]
    arguments = {"set_result": [None], "set_exception": [KeyError()], "cancel": []}[end]
    getattr(count.in_line[0], end)(*arguments)
    await eventually(lambda: not count.projects)


async def test_a_write_that_is_dropped_is_over() -> None:
    """Whether it waits for its time or stands in line; those of other projects are not."""
    count = Count()
    put_off = PutOff(count.make, count.begin)
    put_off.add(write("p"), 0)
    put_off.add(write("other"), 0)
    await eventually(lambda: len(count.in_line) == 2)
    put_off.add(write("p"), 3_600)
    put_off.add(write("other"), 3_600)
    put_off.forget("p")
    await eventually(lambda: count.projects == ["other", "other"])
    put_off.forget(None)
    await eventually(lambda: not count.projects)
