"""What a measurement found: figures of each round, what follows from them, and whether aims are met."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.aims import Aim


@dataclass(frozen=True, slots=True)
class Series:
    """A figure of each round."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        text = f"{self.name}: {shown(self.median)} {self.unit}"
        if len(self.values) == 1:
            return text
        return f"{text} ({shown(min(self.values))} to {shown(max(self.values))})"


@dataclass(frozen=True, slots=True)
class Finding:
    """A number that follows from series: a ratio, a quantile, a share. `lowest` and `highest` are of single rounds,
    where there were several."""

    name: str
    unit: str
    value: float
    aim: Aim | None = None
    lowest: float | None = None
    highest: float | None = None

    @property
    def verdict(self) -> str:
        if self.aim is None:
            return ""
        return "met" if self.aim.is_met(self.value) else "MISSED"

    def __str__(self) -> str:
        text = f"{self.name}: {shown(self.value)} {self.unit}".rstrip()
        if self.lowest is not None and self.highest is not None:
            text += f" ({shown(self.lowest)} to {shown(self.highest)})"
        return text if self.aim is None else f"{text} — aim {self.aim}: {self.verdict}"


@dataclass(slots=True)
class Report:
    """Of one measurement. What is added is printed at once."""

    name: str
    series: list[Series] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, unit: str, values: Sequence[float]) -> Series:
        series = Series(name, unit, tuple(values))
        self.series.append(series)
        print(f"  {series}", flush=True)
        return series

    def find(self, name: str, unit: str, value: float, aim: Aim | None = None) -> None:
        self._found(Finding(name, unit, value, aim))

    def ratio(self, name: str, above: Series, below: Series, aim: Aim | None = None) -> None:
        """Of the medians, with the least and the most of single rounds."""
        rounds = [a / b for a, b in zip(above.values, below.values, strict=True)]
        spread = (min(rounds), max(rounds)) if len(rounds) > 1 else (None, None)
        self._found(Finding(name, "", above.median / below.median, aim, *spread))

    def note(self, text: str) -> None:
        self.notes.append(text)
        print(f"  {text}", flush=True)

    def _found(self, finding: Finding) -> None:
        self.findings.append(finding)
        print(f"  {finding}", flush=True)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "series": [
                {
                    "name": series.name,
                    "unit": series.unit,
                    "median": series.median,
                    "least": min(series.values),
                    "most": max(series.values),
                    "values": list(series.values),
                }
                for series in self.series
            ],
            "findings": [_finding_json(finding) for finding in self.findings],
            "notes": self.notes,
        }


def _finding_json(finding: Finding) -> dict[str, Any]:
    value: dict[str, Any] = {"name": finding.name, "unit": finding.unit, "value": finding.value}
    if finding.lowest is not None:
        value |= {"least": finding.lowest, "most": finding.highest}
    if finding.aim is not None:
        value |= {"aim": str(finding.aim), "met": finding.aim.is_met(finding.value)}
    return value


def shown(value: float) -> str:
    """With three digits or more, whatever the size."""
    size = abs(value)
    if size >= 1_000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 1 else f"{value:.3f}"
