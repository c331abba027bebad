"""How many attempts may be in flight over all queues, and how much of that one queue may take."""

from dataclasses import dataclass


@dataclass(slots=True)
class Capacity:
    """Slots for attempts (each needs a socket) and bytes for the bodies they hold.

    A queue may hold as much as it leaves free: one queue alone gets half, and however many targets hang, there is
    always room for a queue that holds little. (Dynamic thresholds, as switches share a packet buffer.) Of bytes there
    must be some MiB, since the half that a queue may have must take the largest task.
    """

    free_slots: int
    free_bytes: int
    waiting: int = 0
    """Queues that want slots too: nobody takes more than his share at once, or who comes first would always get most."""

    def slots_for(self, held: int) -> int:
        """How many more slots a queue that holds `held` may take now; at least one if any."""
        share = -(-self.free_slots // (self.waiting + 1))
        return max(0, min((self.free_slots - held + 1) // 2, share))

    def bytes_for(self, held: int) -> int:
        """How many more bytes a queue that holds `held` may take now."""
        return max(0, (self.free_bytes - held) // 2)

    def take(self, slots: int, size: int) -> None:
        self.free_slots -= slots
        self.free_bytes -= size

    def give_back(self, slots: int, size: int) -> None:
        self.free_slots += slots
        self.free_bytes += size
