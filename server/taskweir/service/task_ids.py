"""Ids for tasks that come without a name: decimal numbers of 64 bits, like production's."""

from random import Random

from taskweir.domain.times import Instant

_RANDOM_BITS = 12


class TaskIds:
    """Ever growing within a process, so that neighbours in time are neighbours in the store's index."""

    def __init__(self) -> None:
        self._last = 0
        self._random = Random()  # noqa: S311 - ids are no secrets, and the system's randomness costs a call each

    def next(self, now: Instant) -> str:
        """A new id: the time in microseconds above random bits, or one past the last where that is more."""
        number = (now << _RANDOM_BITS) | self._random.getrandbits(_RANDOM_BITS)
        self._last = max(number, self._last + 1 + self._random.getrandbits(_RANDOM_BITS // 2))
        return str(self._last)
