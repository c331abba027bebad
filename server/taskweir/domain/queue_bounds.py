"""How high the limits of a push queue may be set."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class QueueBounds:
    """The most that a queue may be given of each; dispatches are a second."""

    dispatches: int
    burst: int
    concurrent: int


PRODUCTION: Final = QueueBounds(dispatches=500, burst=500, concurrent=5_000)
"""Recorded from the live service (2026)."""
RELAXED: Final = QueueBounds(dispatches=100_000, burst=100_000, concurrent=10_000)
"""Our own, of --relax-limits: more than one server can send, so that only slips are refused."""
