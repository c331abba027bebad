"""Queues in order of a rank that changes often."""

import heapq
from typing import Generic, TypeVar

from taskweir.push.window import QueueWindow

Rank = TypeVar("Rank", int, tuple[int, int])

_SPARE: int = 64
"""Entries beyond twice the queues before the heap is built anew: few queues need not be tidied up after."""


class Ranking(Generic[Rank]):
    """A heap in which each queue counts once. Ranks that were replaced stay in it as dead entries until they come up
    or outnumber the living."""

    def __init__(self) -> None:
        self._heap: list[tuple[Rank, int]] = []
        self._ranked: dict[int, tuple[Rank, QueueWindow]] = {}

    def __len__(self) -> int:
        return len(self._ranked)

    def put(self, window: QueueWindow, rank: Rank) -> None:
        """Rank the queue, whatever its rank was."""
        uid = window.queue.uid
        ranked = self._ranked.get(uid)
        if ranked is not None and ranked[0] == rank:
            return
        self._ranked[uid] = (rank, window)
        heapq.heappush(self._heap, (rank, uid))
        if len(self._heap) > 2 * len(self._ranked) + _SPARE:
            self._heap = [(rank, uid) for uid, (rank, _) in self._ranked.items()]
            heapq.heapify(self._heap)

    def remove(self, window: QueueWindow) -> None:
        """Rank the queue no more, if it was ranked."""
        self._ranked.pop(window.queue.uid, None)

    def rank_of(self, window: QueueWindow) -> Rank | None:
        ranked = self._ranked.get(window.queue.uid)
        return None if ranked is None else ranked[0]

    def first(self) -> tuple[Rank, QueueWindow] | None:
        """The queue of the lowest rank, with it."""
        while self._heap:
            rank, uid = self._heap[0]
            ranked = self._ranked.get(uid)
            if ranked is not None and ranked[0] == rank:
                return ranked
            heapq.heappop(self._heap)
        return None
