"""Observations counted by size."""

from taskweir.metrics.histogram import Histogram


def test_a_bound_is_within_its_bucket() -> None:
    """Prometheus' `le` is less or equal; each bucket has those of the smaller ones too."""
    histogram = Histogram((0.5, 1, 2.5))
    for value in (0, 0.5, 0.6, 1, 2.5, 2.6, 100):
        histogram.observe(value)
    assert histogram.buckets() == [("0.5", 2), ("1", 4), ("2.5", 5), ("+Inf", 7)]
    assert histogram.total == 107.2
