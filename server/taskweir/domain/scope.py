"""What part of the server something is about: all of it, a project, a location, a queue or a task."""

import re
from dataclasses import dataclass
from typing import Final, Self

from taskweir.domain.names import LOCATION_ID, PROJECT_ID, LocationName, QueueName, TaskName

_PARTS: Final = re.compile(
    r"projects/([^/]+)(?:/locations/([^/]+)(?:/queues/([^/]+)(?:/tasks/([^/]+))?)?)?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Empty parts, all from the first empty one on, leave it open."""

    project: str = ""
    location: str = ""
    queue: str = ""
    task: str = ""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """From a full name; empty text is everything, None is no name."""
        if not text:
            return cls()
        match = _PARTS.fullmatch(text)
        if match is None or not PROJECT_ID.fullmatch(match[1]):
            return None
        if match[2] and not LOCATION_ID.fullmatch(match[2]):
            return None
        return cls(*(part or "" for part in match.groups()))

    @classmethod
    def of(cls, name: LocationName | QueueName | TaskName) -> Self:
        match name:
            case LocationName():
                return cls(name.project, name.location)
            case QueueName():
                return cls(name.project, name.location, name.id)
            case TaskName():
                return cls(name.queue.project, name.queue.location, name.queue.id, name.id)

    @classmethod
    def around(cls, name: TaskName) -> tuple[Self, ...]:
        """Everything that a task is a part of, itself among it, from the widest to the narrowest."""
        queue = name.queue
        return (
            cls(),
            cls(queue.project),
            cls(queue.project, queue.location),
            cls(queue.project, queue.location, queue.id),
            cls(queue.project, queue.location, queue.id, name.id),
        )

    def has(self, name: TaskName) -> bool:
        """Whether the task is this or a part of it: as `covers`, for those who ask often."""
        queue = name.queue
        return (
            (not self.project or self.project == queue.project)
            and (not self.location or self.location == queue.location)
            and (not self.queue or self.queue == queue.id)
            and (not self.task or self.task == name.id)
        )

    def __str__(self) -> str:
        """The full name; empty for everything."""
        kinds = ("projects", "locations", "queues", "tasks")
        parts = (self.project, self.location, self.queue, self.task)
        return "/".join(f"{kind}/{part}" for kind, part in zip(kinds, parts, strict=True) if part)

    def covers(self, other: "Scope") -> bool:
        """Whether the other is this or a part of it."""
        mine = (self.project, self.location, self.queue, self.task)
        theirs = (other.project, other.location, other.queue, other.task)
        return all(not part or part == its for part, its in zip(mine, theirs, strict=True))


EVERYTHING: Final = Scope()
