"""Streams that are being answered: endless by themselves, they end with the server."""

import asyncio
from types import TracebackType
from typing import Final

from google.protobuf.message import Message

from taskweir.api.methods import Write

_KEPT: Final = 256


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

    def have_ended(self) -> bool:
        return self._ended

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


class WrittenOnce:
    """A `Write` that writes a message once for all streams: who sends the same to many, sends the same object, and does
    not change it any more."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._written: dict[int, tuple[Message, bytes]] = {}
        """By the identity of the messages, the latest few; while they are here, it is nobody else's."""

    def __call__(self, message: Message) -> bytes:
        kept = self._written.get(id(message))
        if kept is None:
            kept = self._written[id(message)] = (message, self._write(message))
            if len(self._written) > _KEPT:
                del self._written[next(iter(self._written))]
        return kept[1]


def _current() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None
    return task
