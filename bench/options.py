"""What all measurements are told."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """`directory` is a fresh one for data files and logs. 0 stands for a measurement's own number."""

    directory: Path
    rounds: int = 0
    queues: int = 0
