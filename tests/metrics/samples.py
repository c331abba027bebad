"""Reading what a scrape gives."""

from collections.abc import Iterable, Mapping

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector


class Samples:
    """The samples of a text in Prometheus' format, by name and labels."""

    def __init__(self, text: str) -> None:
        self.families: Mapping[str, Metric] = {
            family.name: family for family in text_string_to_metric_families(text)
        }
        self._values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for family in self.families.values():
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self._values, key
                self._values[key] = sample.value

    @classmethod
    def of(cls, collector: Collector) -> "Samples":
        return cls(generate_latest(collector).decode())  # type: ignore[arg-type]

    def __call__(self, name: str, **labels: str) -> float | None:
        """One sample's value; None where there is none."""
        return self._values.get((name, frozenset(labels.items())))

    def all(self, name: str) -> Mapping[tuple[str, ...], float]:
        """Every sample of a name, by its labels' values in the order of their names."""
        return {
            tuple(value for _, value in sorted(labels)): number
            for (sample, labels), number in self._values.items()
            if sample == name
        }

    def labels(self, label: str) -> set[str]:
        """The values of a label, over all samples."""
        return {value for _, labels in self._values for name, value in labels if name == label}

    def names(self) -> Iterable[str]:
        return {name for name, _ in self._values}
