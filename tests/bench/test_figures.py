"""What the benchmark suite makes of what it measured."""

import pytest
from bench.aims import Aim, at_least, at_most
from bench.bucket import kept, max_burst
from bench.quantiles import quantile
from bench.report import Report, shown
from bench.tables import markdown, verdicts

from bench import aims


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.5, 50), (0.505, 51), (0.99, 99), (0.991, 100), (1.0, 100)]
)
def test_a_quantile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    """By nearest rank, in whatever order the values come."""
    assert quantile([float(value) for value in range(100, 0, -1)], share) == expected


@pytest.mark.parametrize(
    ("aim", "value", "met"),
    [
        (at_least(0.85), 0.85, True),
        (at_least(0.85), 0.849, False),
        (at_most(3), 3, True),
        (at_most(3), 3.01, False),
    ],
)
def test_an_aim_is_met_at_its_bound(aim: Aim, value: float, met: bool) -> None:
    """And not a little beyond."""
    assert aim.is_met(value) is met


def test_a_ratio_is_of_medians_with_the_spread_of_rounds(capsys: pytest.CaptureFixture[str]) -> None:
    """Rounds are compared with their own counterpart; one of them says nothing about spread."""
    report = Report("create")
    ours, bare = report.add("ours", "/s", [80, 90, 130]), report.add("bare", "/s", [100, 100, 100])
    report.ratio("ours of bare", ours, bare, at_least(0.85))
    report.ratio("alone", report.add("a", "/s", [1]), report.add("b", "/s", [2]))
    first, second = report.findings
    assert (first.value, first.lowest, first.highest, first.verdict) == (0.9, 0.8, 1.3, "met")
    assert (second.value, second.lowest, second.verdict) == (0.5, None, "")
    said = capsys.readouterr().out
    assert "ours: 90.0 /s (80.0 to 130)" in said
    assert "ours of bare: 0.900 (0.800 to 1.30) — aim ≥ 0.85: met" in said


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.000"), (0.4567, "0.457"), (4.567, "4.57"), (45.67, "45.7"), (456.7, "457"), (45_678, "45,678")],
)
def test_figures_are_shown_with_three_digits_or_more(value: float, text: str) -> None:
    """Whatever their size."""
    assert shown(value) == text


def _report() -> Report:
    report = Report("drain")
    report.add("tasks", "/s", [10, 30, 20])
    report.find("CPU a task", "µs", 160, aims.DRAIN_CPU_US)
    report.note("all delivered")
    return report


def test_what_has_an_aim_is_told_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    """With its measurement; what has none is not."""
    assert verdicts([Report("idle"), _report()]) == "drain  CPU a task: 160 µs — aim ≤ 150: MISSED"
    assert verdicts([Report("idle")]) == "no figure of these has an aim"


def test_results_become_tables_in_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    """A row for each figure, from the JSON that a run leaves."""
    machine = {"when": "today", "processor": "a processor", "cores": 2, "software": "some software"}
    lines = markdown({"machine": machine, "measurements": [_report().as_json()]}).splitlines()
    assert lines[0] == "today, on a processor (2 cores), some software."
    assert lines[2:] == [
        "### drain",
        "",
        "| what | figure | of single rounds | aim | |",
        "|---|---|---|---|---|",
        "| tasks | 20.0 /s | 10.0 to 30.0 |  |  |",
        "| CPU a task | 160 µs |  | ≤ 150 | missed |",
        "",
        "all delivered",
    ]


def test_a_bucket_that_is_kept_is_known_by_its_arrivals() -> None:
    """A full bucket at once, and then the rate: none too many."""
    times = [0.0] * 10 + [place / 50 for place in range(1, 551)]
    found = kept(times, 50, 10)
    assert found.arrivals == 501  # from 1 s to 11 s
    assert found.off == pytest.approx(0, abs=1e-9)
    assert found.over == pytest.approx(0, abs=1e-9)


def test_a_burst_beyond_the_bucket_is_found_wherever_it_is() -> None:
    """Three at once in the middle, which a rate of one a second does not give."""
    times = [0.0, 1.0, 2.0, 3.0, 3.0, 3.0, 4.0, 5.0]
    assert max_burst(times, 1) == pytest.approx(3)
    assert kept(times, 1, 1).over == pytest.approx(2)


def test_too_few_arrivals_tell_no_rate() -> None:
    """One after the bucket was empty has no distance to another."""
    with pytest.raises(ValueError, match="too few"):
        kept([0.0, 0.0, 2.0], 0.5, 2)
