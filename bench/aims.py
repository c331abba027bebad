"""What the project wants to reach, on two cores."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Aim:
    """`bound` is the least or the most that a figure may be."""

    bound: float
    is_least: bool

    def is_met(self, value: float) -> bool:
        return value >= self.bound if self.is_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.is_least else '≤'} {self.bound:,g}"


def at_least(bound: float) -> Aim:
    return Aim(bound, is_least=True)


def at_most(bound: float) -> Aim:
    return Aim(bound, is_least=False)


CREATE_OF_ECHO: Final = at_least(0.85)
BATCH_OF_SQLITE: Final = at_least(0.5)
BATCH_TASKS_A_SECOND: Final = at_least(15_000)
DRAIN_OF_CURL: Final = at_least(0.45)
DRAIN_CPU_US: Final = at_most(150)
TOGETHER_OF_ALONE: Final = at_least(0.6)
LATENCY_P50_MS: Final = at_most(3)
LATENCY_P99_MS: Final = at_most(12)
RATE_OFF_PERCENT: Final = at_most(1)
BURST_OVER_BUCKET: Final = at_most(0)
LATE_P99_MS: Final = at_most(10)
COST_OF_A_MILLION: Final = at_most(1.2)
HUGE_MIB: Final = at_most(64)
HUGE_START: Final = at_most(1.5)
IDLE_PERCENT: Final = at_most(0.5)
