"""Streams that are being answered: endless by themselves, they end with the server."""

import asyncio
from types import TracebackType


class Streams:
    """A context that the task of each stream is in while it sends; `end` makes all of them leave it, quietly."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[object]] = set()
        self._ended = False

    def end(self) -> None:
        """End those that run, and each that begins from now on at its first wait."""
        self._ended = True
        for task in self._running:
            task.cancel()

    def __enter__(self) -> None:
        task = _current()
        self._running.add(task)
        if self._ended:
            task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        task = _current()
        self._running.discard(task)
        if not self._ended or not isinstance(error, asyncio.CancelledError):
            return False
        task.uncancel()
        return True


def _current() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None
    return task
