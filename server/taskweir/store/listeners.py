"""Passes on what a store tells to all who want to know."""

from taskweir.domain.model import Queue
from taskweir.domain.times import Instant
from taskweir.store.base import Listener


class Listeners:
    """A Listener in front of several, which are added when they exist: they need the store, and it needs them."""

    def __init__(self) -> None:
        self._all: list[Listener] = []

    def add(self, listener: Listener) -> None:
        self._all.append(listener)

    def task_due(self, queue_uid: int, at: Instant) -> None:
        for listener in self._all:
            listener.task_due(queue_uid, at)

    def run_requested(self, queue_uid: int, task_uid: int) -> None:
        for listener in self._all:
            listener.run_requested(queue_uid, task_uid)

    def queue_changed(self, queue: Queue) -> None:
        for listener in self._all:
            listener.queue_changed(queue)

    def queue_gone(self, queue_uid: int) -> None:
        for listener in self._all:
            listener.queue_gone(queue_uid)

    def last_lease_ends(self, at: Instant) -> None:
        for listener in self._all:
            listener.last_lease_ends(at)

    def history_grew(self) -> None:
        for listener in self._all:
            listener.history_grew()
