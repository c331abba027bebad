"""What bounds the connections of a port."""

from dataclasses import dataclass
from typing import Final

from taskweir.domain.times import SECOND, Micros

_HOUR: Final = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class PortLimits:
    """At most `connections` at a time, 0 for any number; those that are `idle` for so long end, with grpcio sooner."""

    connections: int = 0
    idle: Micros = _HOUR


NO_LIMITS: Final = PortLimits()
"""Of how many there are."""
