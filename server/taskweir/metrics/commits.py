"""Commits of the store."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import HistogramMetricFamily, Metric

from taskweir.metrics.histogram import Histogram

_OPERATIONS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


class CommitMetrics:
    """A collector."""

    def __init__(self) -> None:
        self._operations = Histogram(_OPERATIONS)

    def observe(self, operations: int) -> None:
        """A transaction that carried so many operations was committed."""
        self._operations.observe(operations)

    def collect(self) -> Iterator[Metric]:
        yield HistogramMetricFamily(
            "taskweir_store_commit_operations",
            "Operations that shared a commit. Its count is the number of commits.",
            buckets=self._operations.buckets(),
            sum_value=self._operations.total,
        )
