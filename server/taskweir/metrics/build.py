"""What is running."""

from collections.abc import Iterator

from prometheus_client.core import InfoMetricFamily, Metric

from taskweir.version import running_version


class Build:
    """A collector."""

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily(
            "taskweir_build", "The version that is running.", {"version": running_version()}
        )
