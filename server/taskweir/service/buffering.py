"""BufferTask, which clients call over HTTP alone. Arguments are as the caller sent them; Refusals are raised."""

from collections.abc import Sequence
from dataclasses import dataclass

from taskweir.domain.buffering import buffered_request
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.model import Task
from taskweir.domain.name_rules import queue_of
from taskweir.service.tasks import TaskService
from taskweir.store.base import Store


@dataclass(frozen=True, slots=True)
class BufferService:
    """Makes tasks of HTTP requests."""

    store: Store
    tasks: TaskService

    async def buffer(
        self, queue: str, task_id: str, http_method: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> Task:
        """Add the request as a task that is due now; without an id it gets one. What of it becomes the task's:
        `domain.buffering`. Raises as `TaskService.create` does."""
        name = queue_of(queue)
        request = buffered_request(await self.store.get_queue(name), http_method, headers, body)
        draft = TaskDraft(name=str(name.task(task_id)) if task_id else "", payload=request)
        return await self.tasks.create(queue, draft)
