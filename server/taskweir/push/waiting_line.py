"""The queues that have something to do now, in the order in which they get what capacity there is."""

import itertools

from taskweir.push.capacity import Capacity
from taskweir.push.ranking import Ranking
from taskweir.push.window import QueueWindow


class WaitingLine:
    """The queue with the fewest attempts in flight goes first, and among equals the one that came first.

    A slot that the first in line may not take, nobody in it may take, since all others hold as much or more: an
    attempt that ends costs the same however many wait, and leaves nobody out who could go. Bytes are handed out by the
    same law, so queues that lack those stand in a line of their own, where they hold up nobody who needs none.
    """

    def __init__(self) -> None:
        self._for_slots: Ranking[tuple[int, int]] = Ranking()
        self._for_bytes: Ranking[tuple[int, int]] = Ranking()
        self._tickets = itertools.count()

    def __len__(self) -> int:
        return len(self._for_slots) + len(self._for_bytes)

    def join(self, window: QueueWindow) -> None:
        """Stand at the back, or keep one's place. Also to be called when what the queue holds has become less."""
        rank = self._for_slots.rank_of(window) or self._for_bytes.rank_of(window)
        ticket = next(self._tickets) if rank is None else rank[1]
        self._for_bytes.remove(window)
        self._for_slots.put(window, (window.in_flight, ticket))

    def leave(self, window: QueueWindow) -> None:
        self._for_slots.remove(window)
        self._for_bytes.remove(window)

    def next(self, capacity: Capacity) -> QueueWindow | None:
        """The queue whose turn it is, which stays in the line; None when nobody in it may take anything now."""
        return self._next_for_bytes(capacity) or self._next_for_slots(capacity)

    def _next_for_bytes(self, capacity: Capacity) -> QueueWindow | None:
        while (first := self._for_bytes.first()) is not None:
            (held, ticket), window = first
            if window.bytes_held > held:
                self._for_bytes.put(window, (window.bytes_held, ticket))
            elif window.lacks_bytes(capacity):
                return None
            elif capacity.slots_for(window.in_flight) > 0:
                return window
            else:
                self._for_bytes.remove(window)
                self._for_slots.put(window, (window.in_flight, ticket))
        return None

    def _next_for_slots(self, capacity: Capacity) -> QueueWindow | None:
        while (first := self._for_slots.first()) is not None:
            (held, ticket), window = first
            if window.in_flight > held:
                # RunTask asks nobody's leave, so that a queue may hold more than when it joined.
                self._for_slots.put(window, (window.in_flight, ticket))
            elif capacity.slots_for(held) <= 0:
                return None
            elif not window.lacks_bytes(capacity):
                return window
            else:
                self._for_slots.remove(window)
                self._for_bytes.put(window, (window.bytes_held, ticket))
        return None
