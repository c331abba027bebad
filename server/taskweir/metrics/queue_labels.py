"""Which queues have series of their own."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from taskweir.domain.model import Queue

MOST_LABELS: Final = 500
"""Queues with a label of their own, so that neither a scrape nor what Prometheus keeps grows without bound."""

OTHER: Final = "_other"
"""The label of all further queues, and of attempts whose queue is gone. No queue has this name."""


class QueueLabels:
    """The queues there are, each with its value of the label `queue`: its full name, while there is a place for it.

    The place of a queue that is gone is the next one's that has none, the oldest first.
    """

    def __init__(self, most: int = MOST_LABELS) -> None:
        self._most = most
        self._queues: dict[int, Queue] = {}
        self._labels: dict[int, str] = {}
        self._without: OrderedDict[int, str] = OrderedDict()

    def put(self, queue: Queue) -> None:
        """A queue was made or changed."""
        is_new = queue.uid not in self._queues
        self._queues[queue.uid] = queue
        if not is_new:
            return
        if len(self._labels) < self._most:
            self._labels[queue.uid] = str(queue.name)
        else:
            self._without[queue.uid] = str(queue.name)

    def drop(self, queue_uid: int) -> str | None:
        """A queue is gone; its label, where it had one of its own."""
        self._queues.pop(queue_uid, None)
        self._without.pop(queue_uid, None)
        label = self._labels.pop(queue_uid, None)
        if label is not None and self._without:
            next_uid, name = self._without.popitem(last=False)
            self._labels[next_uid] = name
        return label

    def of(self, queue_uid: int) -> str:
        return self._labels.get(queue_uid, OTHER)

    def all(self) -> Sequence[tuple[str, Queue]]:
        """Each queue with its label."""
        return [(self._labels.get(uid, OTHER), queue) for uid, queue in self._queues.items()]
