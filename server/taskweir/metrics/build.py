"""What is running."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from prometheus_client.core import InfoMetricFamily, Metric


class Build:
    """A collector."""

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("taskweir_build", "The version that is running.", {"version": _version()})


def _version() -> str:
    try:
        return version("taskweir")
    except PackageNotFoundError:
        return "unknown"  # a source tree that was never installed
