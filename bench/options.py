"""What all measurements are told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SMOKE_SHARE: Final = 500
_SMOKE_LEAST: Final = 200
_SMOKE_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Options:
    """`directory` is a fresh one for data files and logs, `kept` one that stays; `rounds` is 0 for a measurement's own
    number; `peer` is the address of another Cloud Tasks server, or empty.

    A `smoke` run only shows that everything still works: it does a small part of what a measurement does.
    """

    directory: Path
    kept: Path
    rounds: int = 0
    peer: str = ""
    smoke: bool = False

    def rounds_or(self, usual: int) -> int:
        return self.rounds or (1 if self.smoke else usual)

    def seconds(self, usual: float) -> float:
        return min(usual, _SMOKE_SECONDS) if self.smoke else usual

    def count(self, usual: int) -> int:
        """Of tasks or calls; a multiple of 100, when the usual one is, so that batches come out even."""
        if not self.smoke or usual <= _SMOKE_LEAST:
            return usual
        return max(_SMOKE_LEAST, usual // _SMOKE_SHARE // 100 * 100)

    def data(self, name: str) -> Path:
        """Where a data file of this run is."""
        return self.directory / f"{name}.db"

    def log(self, name: str) -> Path:
        return self.directory / f"{name}.log"
