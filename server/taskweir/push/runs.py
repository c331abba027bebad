"""Attempts that RunTask asked for and that are not yet begun."""

from collections import Counter, deque

from taskweir.push.window import QueueWindow


class Runs:
    """First come, first served."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[QueueWindow, int]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, window: QueueWindow, task_uid: int) -> None:
        self._waiting.append((window, task_uid))

    def take(self) -> tuple[QueueWindow, int]:
        """The next, with its queue. Raises IndexError when there is none."""
        return self._waiting.popleft()

    def forget(self, project: str | None) -> None:
        """Those of queues that are gone, of a project or (None) of any."""
        self._waiting = deque(run for run in self._waiting if not run[0].was_in(project))

    def by_queue(self) -> Counter[QueueWindow]:
        return Counter(window for window, _ in self._waiting)
