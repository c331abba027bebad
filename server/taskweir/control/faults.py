"""The faults there are, and which of them acts on a call or an attempt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from random import Random
from typing import Final

from taskweir.domain.errors import FailedPrecondition, NotFound
from taskweir.domain.fault import AttemptMatch, CallMatch, Fault
from taskweir.domain.names import TaskName
from taskweir.domain.scope import Scope

MOST_FAULTS: Final = 1_000
"""That can act at a time: each of them looks at every call or attempt."""
_MOST_USED_UP: Final = 1_000
"""Kept for what they count, the latest."""


@dataclass(slots=True)
class _Met:
    """A fault, and what it met."""

    fault: Fault
    random: Random = field(init=False)
    matched: int = 0
    acted: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.fault.seed)  # noqa: S311 - to be repeatable is what it is for

    def is_drawn(self) -> bool:
        """Count a match in. One number is drawn for each, so that the same matches are hit when a run repeats."""
        self.matched += 1
        percent = self.fault.percent
        return percent is None or self.random.random() * 100 < percent

    @property
    def is_used_up(self) -> bool:
        return 0 < self.fault.times <= self.acted

    def counted(self) -> Fault:
        return replace(self.fault, matched=self.matched, acted=self.acted)


class Faults:
    """In memory: a restart is without faults.

    Every fault that matches counts the match and draws for it, whatever the others do, so what one hits does not
    depend on which others there are. Of those that hit, the oldest acts.
    """

    def __init__(self) -> None:
        self._numbers = count(1)
        # All by number, in order, but for those that are used up: in the order in which they were.
        self._on_calls: dict[int, _Met] = {}
        self._on_attempts: dict[int, _Met] = {}
        self._used_up: dict[int, _Met] = {}
        self._tell_forgotten: list[Callable[[str | None], None]] = []

    def create(self, fault: Fault) -> Fault:
        """The fault with its number, which is never given again. Raises FailedPrecondition when there are
        MOST_FAULTS that can act."""
        if len(self._on_calls) + len(self._on_attempts) >= MOST_FAULTS:
            raise FailedPrecondition(f"There are {MOST_FAULTS} faults already; delete some first.")
        numbered = replace(fault, number=next(self._numbers), matched=0, acted=0)
        acting = self._on_calls if isinstance(fault.match, CallMatch) else self._on_attempts
        acting[numbered.number] = _Met(numbered)
        return numbered

    def all(self) -> Sequence[Fault]:
        """Oldest first, with what they met so far; those whose `times` are used up stay until they are deleted or
        forgotten, the latest 1,000 of them."""
        every = chain(self._on_calls.values(), self._on_attempts.values(), self._used_up.values())
        return sorted((met.counted() for met in every), key=lambda fault: fault.number)

    def delete(self, number: int) -> None:
        """Raises NotFound."""
        for kept in (self._on_calls, self._on_attempts, self._used_up):
            if kept.pop(number, None) is not None:
                return
        raise NotFound

    def forget(self, project: str | None) -> None:
        """Delete those about one project, or (None) all, and drop what they have put off."""
        for kept in (self._on_calls, self._on_attempts, self._used_up):
            for met in list(kept.values()):
                if project is None or met.fault.match.scope.project == project:
                    del kept[met.fault.number]
        for tell in self._tell_forgotten:
            tell(project)

    def when_forgotten(self, tell: Callable[[str | None], None]) -> None:
        """Have the project, or None for all, told at each `forget`."""
        self._tell_forgotten.append(tell)

    @property
    def act_on_calls(self) -> bool:
        """Whether there is any that could."""
        return bool(self._on_calls)

    @property
    def act_on_attempts(self) -> bool:
        """Whether there is any that could."""
        return bool(self._on_attempts)

    def for_call(self, rpc: str, about: Scope) -> Fault | None:
        """Which acts on a call, counted as done. `about` is the resource named in its request."""
        return self._act(
            [
                met
                for met in self._on_calls.values()
                if isinstance(met.fault.match, CallMatch) and met.fault.match.matches(rpc, about)
            ],
            self._on_calls,
        )

    def for_attempt(self, task: TaskName, url: str) -> Fault | None:
        """Which acts on an attempt, counted as done."""
        about = Scope.of(task)
        return self._act(
            [
                met
                for met in self._on_attempts.values()
                if isinstance(met.fault.match, AttemptMatch) and met.fault.match.matches(about, url)
            ],
            self._on_attempts,
        )

    def _act(self, matching: Sequence[_Met], kept: dict[int, _Met]) -> Fault | None:
        hits = [met for met in matching if met.is_drawn()]
        if not hits:
            return None
        oldest = hits[0]
        oldest.acted += 1
        if oldest.is_used_up:
            self._use_up(kept.pop(oldest.fault.number))
        return oldest.fault

    def _use_up(self, met: _Met) -> None:
        self._used_up[met.fault.number] = met
        if len(self._used_up) > _MOST_USED_UP:
            del self._used_up[next(iter(self._used_up))]
