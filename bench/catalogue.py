"""The measurements by their names, in the order in which they are made."""

from collections.abc import Mapping
from types import ModuleType
from typing import Final

from bench.measurements import (
    batch,
    create,
    drain,
    huge,
    idle,
    latency,
    leases,
    memory,
    precision,
    queues,
    rates,
    reads,
    rest,
    scale,
    together,
)

MEASUREMENTS: Final[Mapping[str, ModuleType]] = {
    "create": create,
    "batch": batch,
    "rest": rest,
    "reads": reads,
    "leases": leases,
    "together": together,
    "drain": drain,
    "latency": latency,
    "precision": precision,
    "rates": rates,
    "scale": scale,
    "memory": memory,
    "idle": idle,
    "queues": queues,
    "huge": huge,
}
BY_REQUEST: Final = frozenset({"huge"})
"""Those that are made only when they are named."""
