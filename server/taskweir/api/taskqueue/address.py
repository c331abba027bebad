"""Queues as callers of the old taskqueue API name them: projects/s~P/taskqueues/Q, without a location."""

import re
from dataclasses import dataclass
from typing import Final, Self

from taskweir.domain.errors import InvalidArgument, quoted
from taskweir.domain.name_rules import queue_of
from taskweir.domain.names import QueueName

_PARTITION: Final = re.compile(r"\A[a-z]~")
"""App Engine's, before the id of an app; s~ and e~ are those of the United States and of Europe."""
_FULL: Final = re.compile(r"projects/([^/]+)/taskqueues/([^/]+)")


@dataclass(frozen=True, slots=True)
class Address:
    """A queue, and its project as the caller wrote it. No prefix is added where there was none: which one production
    would show is not known here, and a name that goes back as it came always leads to the same queue."""

    project: str
    queue: QueueName

    @classmethod
    def of(cls, project: str, taskqueue: str, location: str) -> Self:
        """Raises InvalidArgument."""
        return cls(project, queue_of(f"projects/{_bare(project)}/locations/{location}/queues/{taskqueue}"))

    def __str__(self) -> str:
        return f"projects/{self.project}/taskqueues/{self.queue.id}"

    def task(self, task_id: str) -> str:
        """The full name of a task, not yet checked."""
        return f"{self.queue}/tasks/{task_id}"

    def check(self, queue_name: str) -> None:
        """A body names the queue too, by its id or in full. Raises InvalidArgument for another queue's name."""
        full = _FULL.fullmatch(queue_name)
        same = (
            (_bare(full[1]), full[2]) == (self.queue.project, self.queue.id)
            if full
            else queue_name == self.queue.id
        )
        if not same:
            raise InvalidArgument(
                f"The queue name in the body ('{quoted(queue_name)}') must be that in the path ('{self}')."
            )


def _bare(project: str) -> str:
    return _PARTITION.sub("", project)
