"""How many attempts may be in flight over all queues, and how much of that one queue may take."""

from dataclasses import dataclass


@dataclass(slots=True)
class Capacity:
    """Slots for attempts (each needs a socket) and bytes for the bodies they hold.

    A queue may hold as much as it leaves free: one queue alone gets half, and however many targets hang, there is
    always room for a queue that holds little. (Dynamic thresholds, as switches share a packet buffer.)
    """

    free_slots: int
    free_bytes: int

    def slots_for(self, held: int) -> int:
        """How many more slots a queue that holds `held` may take now."""
        return max(0, (self.free_slots - held + 1) // 2)

    def bytes_for(self, held: int) -> int:
        """How many more bytes a queue that holds `held` may take now."""
        return max(0, (self.free_bytes - held) // 2)

    def take(self, slots: int, size: int) -> None:
        self.free_slots -= slots
        self.free_bytes -= size

    def give_back(self, slots: int, size: int) -> None:
        self.free_slots += slots
        self.free_bytes += size
