"""What the clients were answered."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Created:
    """A task whose CreateTask was answered. `schedule_us` is 0 for a task that was due at once; `keep`: it is due
    long after the test, and nobody deletes it."""

    id: str
    queue: str
    schedule_us: int
    keep: bool = False


@dataclass(slots=True)
class Ledger:
    """`deleted`: task ids and when (microseconds since the epoch) DeleteTask was answered. `maybe_deleted`: those
    whose DeleteTask was not. `unexpected`: answers that nothing explains."""

    created: dict[str, Created] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    maybe_deleted: set[str] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)

    def add(self, other: "Ledger") -> None:
        self.created |= other.created
        self.deleted |= other.deleted
        self.maybe_deleted |= other.maybe_deleted
        self.unexpected += other.unexpected

    def to_json(self) -> dict[str, Any]:
        return {
            "created": [asdict(task) for task in self.created.values()],
            "deleted": self.deleted,
            "maybe_deleted": sorted(self.maybe_deleted),
            "unexpected": self.unexpected,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        created = [Created(**task) for task in value["created"]]
        return cls(
            created={task.id: task for task in created},
            deleted=value["deleted"],
            maybe_deleted=set(value["maybe_deleted"]),
            unexpected=value["unexpected"],
        )

    def due(self) -> set[str]:
        """Tasks that must have been sent once their time has come."""
        return {
            task.id
            for task in self.created.values()
            if not task.keep and task.id not in self.deleted and task.id not in self.maybe_deleted
        }
