"""What arrivals tell about a token bucket."""

from collections.abc import Sequence
from typing import Final, NamedTuple

SPENT: Final = 1.0
"""Seconds after which a full bucket is empty."""


class Kept(NamedTuple):
    """`arrivals` of the time measured, `off` the share by which their rate differs from the one that was to be
    kept, and `over` how many tokens more than the bucket held were taken, at the worst."""

    arrivals: int
    rate: float
    off: float
    over: float


def kept(times: Sequence[float], rate: float, burst: int) -> Kept:
    """Of arrivals at these times (seconds, in order) of a queue that always has more to send.

    The rate is that of what came when the bucket was empty, from SPENT after the first on.
    """
    steady = [at for at in times if at >= times[0] + SPENT]
    if len(steady) < 2:
        raise ValueError("too few arrivals to tell a rate")
    found = (len(steady) - 1) / (steady[-1] - steady[0])
    return Kept(len(steady), found, found / rate - 1, max_burst(times, rate) - burst)


def max_burst(times: Sequence[float], rate: float) -> float:
    """The most that ever came beyond the rate: of all spans from one arrival to another, how many came in it, less what
    the rate gives in that time."""
    most, lowest = 0.0, float("inf")
    for place, at in enumerate(times):
        level = place - rate * at
        lowest = min(lowest, level)
        most = max(most, level - lowest + 1)
    return most
