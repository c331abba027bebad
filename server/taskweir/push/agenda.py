"""Which queue is to be looked at next, and when."""

import heapq

from taskweir.domain.times import Instant
from taskweir.push.window import QueueWindow


class Agenda:
    """A heap of times; each queue stands in it once that counts, the one that matches its `look_at`."""

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, int]] = []
        self._windows: dict[int, QueueWindow] = {}

    def put(self, window: QueueWindow, at: Instant | None) -> None:
        """Look at the queue at this time, whatever was planned before; None to leave it out."""
        if at == window.look_at:
            return
        window.look_at = at
        uid = window.queue.uid
        if at is None:
            self._windows.pop(uid, None)
            return
        self._windows[uid] = window
        heapq.heappush(self._heap, (at, uid))

    def bring_forward(self, window: QueueWindow, at: Instant) -> None:
        """Look at the queue at this time at the latest."""
        if window.look_at is None or at < window.look_at:
            self.put(window, at)

    def take_due(self, now: Instant) -> list[QueueWindow]:
        """The queues whose time has come, earliest first; they leave the agenda."""
        due: list[QueueWindow] = []
        while self._heap and self._heap[0][0] <= now:
            at, uid = heapq.heappop(self._heap)
            window = self._windows.get(uid)
            if window is not None and window.look_at == at:
                window.look_at = None
                del self._windows[uid]
                due.append(window)
        return due

    def next_at(self) -> Instant | None:
        """The earliest time at which a queue is to be looked at."""
        while self._heap:
            at, uid = self._heap[0]
            window = self._windows.get(uid)
            if window is not None and window.look_at == at:
                return at
            heapq.heappop(self._heap)
        return None
