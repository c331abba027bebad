"""Writes that were answered before they are made."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from taskweir.store.sqlite.batch import Op

MAX_ROWS: Final = 20_000
MAX_BYTES: Final = 64 * 1024 * 1024


class PutOff:
    """Each waits for its time, and is then given to `make`, on the loop. That puts it in line with the other writes,
    and gives a future that is done when it is made; cancelled before, it is not. `on_put_off` is told the project of
    each, and gives what is to be called when it is made or dropped."""

    def __init__(
        self, make: Callable[[Op], "asyncio.Future[Any]"], on_put_off: Callable[[str], Callable[[], None]]
    ) -> None:
        self._make = make
        self._on_put_off = on_put_off
        self._loop = asyncio.get_running_loop()
        self._timers: dict[Op, asyncio.TimerHandle] = {}
        self._over: dict[Op, Callable[[], None]] = {}
        self._in_line: dict[asyncio.Future[Any], Op] = {}
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
        self._over[op] = self._on_put_off(op.effect.project if op.effect is not None else "")

    def _come(self, op: Op) -> None:
        self._remove(op)
        made = self._make(op)
        self._in_line[made] = op
        made.add_done_callback(self._on_made)

    def _on_made(self, made: "asyncio.Future[Any]") -> None:
        self._over.pop(self._in_line.pop(made))()

    def _remove(self, op: Op) -> None:
        self._timers.pop(op).cancel()
        self._rows -= op.rows
        self._bytes -= op.size

    def forget(self, project: str | None) -> None:
        """Drop those of a project, or (None) all, also those that stand in line already."""
        for op in list(self._timers):
            if _is_of(op, project):
                self._remove(op)
                self._over.pop(op)()
        for made, op in self._in_line.items():
            if _is_of(op, project):
                made.cancel()

    def come_all(self) -> None:
        """Make them all now."""
        for op in list(self._timers):
            self._come(op)


def _is_of(op: Op, project: str | None) -> bool:
    return project is None or (op.effect is not None and op.effect.project == project)
