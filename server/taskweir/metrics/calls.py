"""Calls, by method and by the code they were answered with."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from taskweir.domain.errors import Code
from taskweir.metrics.histogram import Histogram

_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class CallMetrics:
    """A collector. Bounded by the methods there are: a call of any other never gets as far as this."""

    def __init__(self) -> None:
        self._answered: Counter[tuple[str, Code]] = Counter()
        self._seconds: dict[str, Histogram] = {}

    def observe(self, rpc: str, code: Code, seconds: float) -> None:
        """One call was answered."""
        self._answered[rpc, code] += 1
        histogram = self._seconds.get(rpc)
        if histogram is None:
            histogram = self._seconds[rpc] = Histogram(_SECONDS)
        histogram.observe(seconds)

    def collect(self) -> Iterator[Metric]:
        calls = CounterMetricFamily(
            "taskweir_calls", "Calls that were answered, by method and code.", labels=("rpc", "code")
        )
        for (rpc, code), count in list(self._answered.items()):
            calls.add_metric((rpc, code.name), count)
        seconds = HistogramMetricFamily(
            "taskweir_call_duration_seconds",
            "From when a call's request has come until its reply is ready, by method; of a stream, until its end.",
            labels=("rpc",),
        )
        for rpc, histogram in list(self._seconds.items()):
            seconds.add_metric((rpc,), histogram.buckets(), histogram.total)
        yield calls
        yield seconds
