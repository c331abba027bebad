"""Writes that were answered before they are made."""

import asyncio
from collections.abc import Callable
from typing import Final

from taskweir.store.sqlite.batch import Op

MAX_ROWS: Final = 20_000
MAX_BYTES: Final = 64 * 1024 * 1024


class PutOff:
    """Each waits for its time, and is then given to `make`, on the loop."""

    def __init__(self, make: Callable[[Op], None]) -> None:
        self._make = make
        self._loop = asyncio.get_running_loop()
        self._timers: dict[Op, asyncio.TimerHandle] = {}
        self._rows = 0
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        """As much as may wait is put off already."""
        return self._rows >= MAX_ROWS or self._bytes >= MAX_BYTES

    def add(self, op: Op, seconds: float) -> None:
        self._rows += op.rows
        self._bytes += op.size
        self._timers[op] = self._loop.call_later(seconds, self._come, op)

    def _come(self, op: Op) -> None:
        self._remove(op)
        self._make(op)

    def _remove(self, op: Op) -> None:
        self._timers.pop(op).cancel()
        self._rows -= op.rows
        self._bytes -= op.size

    def forget(self, project: str | None) -> None:
        """Drop those of a project, or (None) all."""
        for op in list(self._timers):
            if project is None or (op.effect is not None and op.effect.project == project):
                self._remove(op)

    def come_all(self) -> None:
        """Make them all now."""
        for op in list(self._timers):
            self._come(op)
