"""Which tasks are in the worker's hands. In memory: after a crash what was in flight is sent again."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from taskweir.domain.model import Attempt, Task
from taskweir.domain.names import TaskName
from taskweir.domain.times import Instant

Begun = tuple[int, Attempt]
"""An attempt in flight: its number among the task's dispatches, and what is known of it."""


class Hold:
    """One task in hand: claimed and not yet begun, or with attempts in flight (RunTask may add to them)."""

    __slots__ = (
        "attempts",
        "begun",
        "claimed",
        "dead",
        "generation",
        "name",
        "queue_uid",
        "runs",
        "schedule_time",
        "stale",
        "uid",
    )

    def __init__(self, uid: int, queue_uid: int, generation: int, name: TaskName) -> None:
        self.uid = uid
        self.queue_uid = queue_uid
        self.generation = generation
        self.name = name
        self.schedule_time: Instant = 0
        """As the row has it."""
        self.claimed = False
        self.attempts = 0
        self.begun: Begun | None = None
        """The latest attempt in flight."""
        self.runs: list[Begun] = []
        """RunTask's attempts that the worker has not taken yet, oldest first."""
        self.dead = False
        """The task was deleted or purged, or its queue was."""
        self.stale = False
        """The row was rewritten since it was claimed: the claim is worth nothing."""

    @property
    def is_over(self) -> bool:
        return not self.claimed and self.attempts == 0

    def shown_in(self, task: Task) -> Task:
        """The task with the attempt in flight, where its row does not tell of it yet."""
        begun = self.begun
        return task if begun is None or begun[0] <= task.dispatch_count else with_begun(task, begun)

    def begin(self, number: int, attempt: Attempt) -> Begun:
        """Count an attempt in. Its number moves on when another attempt took it meanwhile."""
        if self.begun is not None and self.begun[0] >= number:
            number = self.begun[0] + 1
        self.begun = (number, attempt)
        self.attempts += 1
        return self.begun


class Holds:
    """All holds by task uid. A claim sees them from the writer's thread, so tasks only become held, or free again,
    on the event loop between transactions."""

    def __init__(self) -> None:
        self._holds: dict[int, Hold] = {}

    def __contains__(self, uid: int) -> bool:
        return uid in self._holds

    def get(self, uid: int) -> Hold | None:
        return self._holds.get(uid)

    def hold(self, uid: int, queue_uid: int, generation: int, name: TaskName) -> Hold:
        """The task's hold, made if there is none."""
        hold = self._holds.get(uid)
        if hold is None:
            hold = self._holds[uid] = Hold(uid, queue_uid, generation, name)
        return hold

    def drop_if_over(self, hold: Hold) -> bool:
        if hold.is_over:
            self._holds.pop(hold.uid, None)
            return True
        return False

    def kill(self, uids: Iterable[int]) -> None:
        """The tasks are gone; what is in flight comes to nothing."""
        for uid in uids:
            hold = self._holds.get(uid)
            if hold is not None:
                self._kill(hold)

    def kill_generation(self, generation: int) -> None:
        for hold in list(self._holds.values()):
            if hold.generation == generation:
                self._kill(hold)

    def _kill(self, hold: Hold) -> None:
        """What has not begun never will; the attempts that have, end in time."""
        hold.dead = True
        hold.claimed = False
        hold.attempts -= len(hold.runs)
        hold.runs.clear()
        self.drop_if_over(hold)

    def drop(self, project: str | None) -> None:
        """What is in flight for a project, or (None) for any, is forgotten: it comes to nothing and leaves no trace."""
        for hold in list(self._holds.values()):
            if project in (None, hold.name.queue.project):
                self._kill(hold)
                self._holds.pop(hold.uid, None)

    def begun_number(self, uid: int) -> int:
        """The number of the task's latest attempt in flight, 0 for none."""
        hold = self._holds.get(uid)
        return 0 if hold is None or hold.begun is None else hold.begun[0]

    def begun_of(self, generation: int) -> list[tuple[int, int]]:
        """Uids of a generation's tasks with attempts in flight, and the number of the latest."""
        held = [hold for hold in list(self._holds.values()) if hold.generation == generation]
        return [(hold.uid, hold.begun[0]) for hold in held if hold.begun is not None]

    def in_flight(self, queue_uids: Collection[int]) -> list[int]:
        """Uids of tasks of these queues with attempts in flight."""
        return [
            hold.uid for hold in self._holds.values() if hold.attempts > 0 and hold.queue_uid in queue_uids
        ]

    def queues(self) -> set[int]:
        """Uids of the queues of which a task is held."""
        return {hold.queue_uid for hold in list(self._holds.values())}

    def show(self, task: Task) -> Task:
        hold = self._holds.get(task.uid)
        return task if hold is None else hold.shown_in(task)

    def show_all(self, tasks: Iterable[Task]) -> list[Task]:
        return [self.show(task) for task in tasks] if self._holds else list(tasks)


def with_begun(task: Task, begun: Begun) -> Task:
    number, attempt = begun
    first: Instant = attempt.dispatch_time if task.first_dispatch_time is None else task.first_dispatch_time
    return replace(task, dispatch_count=number, first_dispatch_time=first, last_attempt=attempt)
