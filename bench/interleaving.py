"""Rounds in which everything that is compared takes its turn: A B A B.

What else the machine does then hits all alike, and the ratio of two that were measured in one round means something
where their figures do not.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


async def interleaved(rounds: int, runs: Mapping[str, Callable[[], Awaitable[T]]]) -> dict[str, list[T]]:
    """What each of the runs gave, by its name, in the order of the rounds."""
    found: dict[str, list[T]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            found[name].append(await run())
    return found
