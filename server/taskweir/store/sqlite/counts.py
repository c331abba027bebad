"""How many tasks there are, kept up with every commit."""

from collections.abc import Iterable, Mapping


class TaskCounts:
    """Tasks of each generation that is a queue's, once they were counted. Changed on the loop, after commits."""

    def __init__(self) -> None:
        self._of: dict[int, int] | None = None

    @property
    def are_known(self) -> bool:
        return self._of is not None

    def of(self, generation: int) -> int:
        return 0 if self._of is None else self._of.get(generation, 0)

    def set(self, counted: Mapping[int, int]) -> None:
        """They were counted."""
        self._of = dict(counted)

    def change(self, changes: Mapping[int, int]) -> None:
        """So many came, or, below zero, went."""
        if self._of is not None:
            for generation, change in changes.items():
                self._of[generation] = self._of.get(generation, 0) + change

    def forget(self, generations: Iterable[int]) -> None:
        """These are no queue's any more."""
        if self._of is not None:
            for generation in generations:
                self._of.pop(generation, None)
