"""What was answered before it was done, where a fault says so: it is under way until it is."""

from collections import Counter
from collections.abc import Callable
from itertools import count

from taskweir.domain.scope import Scope


class LateEffects:
    """Each by what it is about: a project, or a queue where that is known."""

    def __init__(self) -> None:
        self._under_way: dict[int, Scope] = {}
        self._numbers = count(1)
        self._tell_over: Callable[[], None] = _nobody
        self.begun = 0
        """How many there were since the start."""

    def __len__(self) -> int:
        return len(self._under_way)

    def begin(self, about: Scope) -> Callable[[], None]:
        """One more. Call the answer once, when it is done or dropped."""
        self.begun = number = next(self._numbers)
        self._under_way[number] = about

        def over() -> None:
            del self._under_way[number]
            self._tell_over()

        return over

    def begin_in(self, project: str) -> Callable[[], None]:
        """As `begin`, where no more than the project is known."""
        return self.begin(Scope(project))

    def when_over(self, tell: Callable[[], None]) -> None:
        """Have this called each time one is over."""
        self._tell_over = tell

    def have_ended(self, begun: int) -> bool:
        """Whether the first so many are over."""
        return not self._under_way or next(iter(self._under_way)) > begun

    def about(self, scope: Scope) -> Counter[Scope]:
        """How many are under way in a scope, or may be: one of which only the project is known may be about any of its
        queues."""
        return Counter(
            about for about in self._under_way.values() if scope.covers(about) or about.covers(scope)
        )


def _nobody() -> None:
    return
