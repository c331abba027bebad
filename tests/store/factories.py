"""The stores that the conformance suite is run on. To put another through it, add its factory to FACTORIES."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from taskweir.clock import real_now
from taskweir.domain.model import Queue
from taskweir.domain.times import Instant
from taskweir.store.base import Listener, Retention, Store
from taskweir.store.sqlite import SqliteStore


@dataclass
class RecordingListener:
    """What the store told, as tuples, in order."""

    events: list[tuple[object, ...]] = field(default_factory=list)

    def task_due(self, queue_uid: int, at: Instant) -> None:
        self.events.append(("due", queue_uid, at))

    def run_requested(self, queue_uid: int, task_uid: int) -> None:
        self.events.append(("run", queue_uid, task_uid))

    def queue_changed(self, queue: Queue) -> None:
        self.events.append(("changed", queue))

    def queue_gone(self, queue_uid: int) -> None:
        self.events.append(("gone", queue_uid))

    def last_lease_ends(self, at: Instant) -> None:
        self.events.append(("last lease", at))

    def history_grew(self) -> None:
        self.events.append(("history",))

    def told(self) -> list[tuple[object, ...]]:
        """The events since the last call."""
        events, self.events = self.events, []
        return events


class StoreFactory(Protocol):
    """One place to keep tasks, which a store is opened on, perhaps again and again."""

    durable: bool
    """What was written is there when the store is opened again, and after a crash."""

    async def open(
        self, listener: Listener, retention: Retention, wall_now: Callable[[], Instant] = real_now
    ) -> Store: ...

    def crash(self) -> "StoreFactory":
        """What a sudden death would leave of a store that is open now. Only of durable ones."""
        ...


class SqliteFile:
    durable = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._crashes = 0

    @property
    def path(self) -> Path:
        return self._folder / "tasks.db"

    async def open(
        self, listener: Listener, retention: Retention, wall_now: Callable[[], Instant] = real_now
    ) -> Store:
        return await SqliteStore.open(
            str(self.path),
            listener=listener,
            retention=retention,
            durability="full",
            on_trouble=lambda _: None,
            wall_now=wall_now,
        )

    def crash(self) -> "SqliteFile":
        """A copy of the files as the kernel has them: all that a killed process leaves.

        They are copied one after the other, so no checkpoint may run meanwhile: write less than starts one.
        """
        self._crashes += 1
        left = self._folder / f"crash-{self._crashes}"
        left.mkdir()
        for file in self._folder.glob("tasks.db*"):
            shutil.copy(file, left)
        return SqliteFile(left)


class SqliteMemory:
    durable = False

    def __init__(self, folder: Path) -> None:
        pass

    async def open(
        self, listener: Listener, retention: Retention, wall_now: Callable[[], Instant] = real_now
    ) -> Store:
        return await SqliteStore.open(
            ":memory:",
            listener=listener,
            retention=retention,
            durability="full",
            on_trouble=lambda _: None,
            wall_now=wall_now,
        )

    def crash(self) -> StoreFactory:
        raise AssertionError("it would leave nothing")


FACTORIES: dict[str, type[SqliteFile] | type[SqliteMemory]] = {
    "sqlite-file": SqliteFile,
    "sqlite-memory": SqliteMemory,
}
