"""Which queue is to be looked at next, and when."""

from taskweir.domain.times import Instant
from taskweir.push.ranking import Ranking
from taskweir.push.window import QueueWindow


class Agenda:
    """Each queue stands in it once at most."""

    def __init__(self) -> None:
        self._times: Ranking[Instant] = Ranking()

    def put(self, window: QueueWindow, at: Instant | None) -> None:
        """Look at the queue at this time, whatever was planned before; None to leave it out."""
        if at is None:
            self._times.remove(window)
        else:
            self._times.put(window, at)

    def take_due(self, now: Instant) -> list[QueueWindow]:
        """The queues whose time has come, earliest first; they leave the agenda."""
        due: list[QueueWindow] = []
        while (first := self._times.first()) is not None and first[0] <= now:
            self._times.remove(first[1])
            due.append(first[1])
        return due

    def first(self) -> QueueWindow | None:
        """The queue that is to be looked at next."""
        first = self._times.first()
        return None if first is None else first[1]

    def next_at(self) -> Instant | None:
        """The earliest time at which a queue is to be looked at."""
        first = self._times.first()
        return None if first is None else first[0]
