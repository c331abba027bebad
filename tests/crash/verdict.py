"""What was answered against what arrived: pure, so that it can be tested itself."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from tests.crash.ledger import Ledger
from tests.http_sink import Delivery


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ids of tasks for which a promise was broken, and the second deliveries, which are allowed after a crash.

    `repeated` are deliveries of a task that had been answered 200 before, by the number of the life of the server in
    which they arrived. `doubled` are those among them that no crash explains.
    """

    lost: Sequence[str]
    came_back: Sequence[str]
    early: Sequence[str]
    doubled: Sequence[str]
    repeated: Counter[int]

    @property
    def holds(self) -> bool:
        return not (self.lost or self.came_back or self.early or self.doubled)


def judge(
    ledger: Ledger, deliveries: Iterable[Delivery], present: Collection[str], lives: Sequence[int]
) -> Verdict:
    """`present` are the tasks that the server still shows, and `lives` is when it was started each time, in
    microseconds since the epoch."""
    arrived: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        arrived[delivery.task_id].append(delivery)
    doubled, repeated = _repeated(arrived, lives)
    return Verdict(
        lost=_lost(ledger, arrived, present),
        came_back=_came_back(ledger, arrived, present),
        early=_early(ledger, arrived),
        doubled=doubled,
        repeated=repeated,
    )


def _lost(ledger: Ledger, arrived: Collection[str], present: Collection[str]) -> Sequence[str]:
    gone = ledger.deleted.keys() | ledger.maybe_deleted
    return [
        task for task in ledger.created if task not in gone and task not in arrived and task not in present
    ]


def _came_back(ledger: Ledger, arrived: Collection[str], present: Collection[str]) -> Sequence[str]:
    """An attempt in flight is not recalled, so a delivery counts only where the task was not due when its deletion
    was answered."""
    return [
        task
        for task, deleted_at in ledger.deleted.items()
        if task in present or (task in arrived and deleted_at < ledger.created[task].schedule_us)
    ]


def _early(ledger: Ledger, arrived: dict[str, list[Delivery]]) -> Sequence[str]:
    return [
        task.id
        for task in ledger.created.values()
        if any(delivery.wall_us < task.schedule_us for delivery in arrived.get(task.id, ()))
    ]


def _repeated(arrived: dict[str, list[Delivery]], lives: Sequence[int]) -> tuple[Sequence[str], Counter[int]]:
    doubled: list[str] = []
    repeated: Counter[int] = Counter()
    for task, deliveries in arrived.items():
        done_in = None
        for delivery in deliveries:
            life = bisect_right(lives, delivery.wall_us)
            if done_in is not None:
                repeated[life] += 1
                if life == done_in:
                    doubled.append(task)
            if delivery.status == 200:
                done_in = life
    return doubled, repeated
