"""A factor that grows back to 1, and its integral."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskweir.domain.slowdown import DOUBLES_IN, Slowdown
from taskweir.domain.times import DAY, MINUTE, SECOND, Micros

START = 1_700_000_000 * SECOND
FACTORS = st.floats(0.01, 1.0)
DELAYS = st.integers(0, 2 * MINUTE)


@pytest.mark.parametrize(
    ("factor", "elapsed", "then"),
    [
        (0.5, 0, 0.5),
        (0.5, 5 * SECOND, math.sqrt(0.5)),
        (0.5, 10 * SECOND, 1.0),
        (0.125, 20 * SECOND, 0.5),
        (0.01, 66 * SECOND, 0.9701),
        (0.01, 67 * SECOND, 1.0),
        (0.01, 5_000 * DAY, 1.0),
        (0.5, -DAY, 0.5),
        (1.0, 0, 1.0),
    ],
)
def test_the_factor_doubles_every_ten_seconds_up_to_one(factor: float, elapsed: Micros, then: float) -> None:
    """Also after years; a time before the beginning is the beginning."""
    assert Slowdown(factor, START).factor_at(START + elapsed) == pytest.approx(then, rel=1e-4)


@given(FACTORS, DELAYS, DELAYS)
def test_recovery_never_goes_back(factor: float, first: Micros, second: Micros) -> None:
    """It stays within the factor and 1."""
    slowdown = Slowdown(factor, START)
    early, late = sorted((first, second))
    assert factor <= slowdown.factor_at(START + early) <= slowdown.factor_at(START + late) <= 1


@given(FACTORS, DELAYS, DELAYS)
def test_the_integral_is_that_of_the_factor(factor: float, first: Micros, second: Micros) -> None:
    """As a sum over small steps has it, before, during and after recovery."""
    slowdown = Slowdown(factor, START)
    begin, end = sorted((first, second))
    steps = 1_000
    width = (end - begin) / steps
    summed = sum(slowdown.factor_at(START + round(begin + (n + 0.5) * width)) * width for n in range(steps))
    assert slowdown.full_rate_time(START + begin, START + end) == pytest.approx(summed, rel=1e-3, abs=2)


@given(FACTORS, DELAYS, DELAYS)
def test_the_inverse_gives_the_time_that_was_integrated_over(
    factor: float, begin: Micros, length: Micros
) -> None:
    """To a small part of a microsecond."""
    slowdown = Slowdown(factor, START)
    amount = slowdown.full_rate_time(START + begin, START + begin + length)
    assert slowdown.time_for(amount, START + begin) == pytest.approx(length, abs=1e-3)


def test_while_it_grows_the_integral_is_what_the_growth_says() -> None:
    """From 1/2 to 1 in ten seconds: 10 · 0.5 / ln 2, and then as long as it takes."""
    slowdown = Slowdown(0.5, START)
    grown = 0.5 * DOUBLES_IN / math.log(2)
    assert slowdown.full_rate_time(START, START + DOUBLES_IN) == pytest.approx(grown)
    assert slowdown.full_rate_time(START, START + DOUBLES_IN + SECOND) == pytest.approx(grown + SECOND)
