"""The use-cases of tasks, one method an RPC. Arguments are as the caller sent them; Refusals are raised."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from taskweir.clock import Clock
from taskweir.domain.drafts import TaskDraft
from taskweir.domain.errors import TaskExists
from taskweir.domain.limits import MAX_PAGE_BYTES, MAX_TASKS_PAGE
from taskweir.domain.model import Task
from taskweir.domain.name_rules import queue_of, task_in_body, task_of
from taskweir.domain.names import QueueName
from taskweir.domain.page_token import PageTokens
from taskweir.domain.task_rules import check_size, may_be_too_large, new_task
from taskweir.service.page import Page, effective_page_size
from taskweir.service.task_ids import TaskIds
from taskweir.store.base import Store

_ID_TRIES: Final = 3
"""A generated id can only be taken when the wall clock went back; another one is drawn then."""


@dataclass(frozen=True, slots=True)
class TaskService:
    """`stored_size` says how many bytes a task serializes to on the wire, body included."""

    store: Store
    clock: Clock
    stored_size: Callable[[Task], int]
    strict: bool = False
    ids: TaskIds = field(default_factory=TaskIds)

    async def list(self, parent: str, page_size: int, page_token: str, *, full: bool) -> Page[Task]:
        """Tasks of a queue in order of their ids. A page ends early when bodies make it large."""
        queue = queue_of(parent)
        size = effective_page_size(page_size, MAX_TASKS_PAGE)
        tokens = PageTokens(self.store.page_token_key)
        request = f"ListTasks\n{queue}"
        after = tokens.read(request, page_token, self.clock.now())
        found = await self.store.list_tasks(queue, after, size, with_body=full, max_bytes=MAX_PAGE_BYTES)
        if not found.has_more:
            return Page(found.tasks, "")
        last = found.tasks[-1].name.id
        return Page(found.tasks, tokens.make(request, last, self.clock.now()))

    async def first(self, parent: str, limit: int) -> Sequence[Task]:
        """At most `limit` tasks of a queue in order of their schedule times, without their bodies."""
        return await self.store.first_tasks(queue_of(parent), limit)

    async def get(self, name: str, *, full: bool) -> Task:
        return await self.store.get_task(task_of(name), with_body=full)

    async def create(self, parent: str, draft: TaskDraft | None) -> Task:
        """Add a task to a queue; without a name it gets one."""
        queue = queue_of(parent)
        draft = draft or TaskDraft()
        if draft.name:
            return await self.store.insert_task(self.new_task(queue, draft), self.clock.now())
        for _ in range(_ID_TRIES - 1):
            try:
                return await self.store.insert_task(self.new_task(queue, draft), self.clock.now())
            except TaskExists:
                continue
        return await self.store.insert_task(self.new_task(queue, draft), self.clock.now())

    def new_task(self, queue: QueueName, draft: TaskDraft) -> Task:
        """The task that a draft makes in a queue, checked and whole but not yet stored."""
        now = self.clock.now()
        name = task_in_body(draft.name, queue) if draft.name else queue.task(self.ids.next(now))
        task = new_task(name, draft, now, strict=self.strict)
        if may_be_too_large(task):
            check_size(self.stored_size(task))
        return task

    async def delete(self, name: str) -> None:
        await self.store.delete_task(task_of(name), self.clock.now())

    async def run(self, name: str, *, full: bool) -> Task:
        """Dispatch a task now, whatever its queue's state or rate; the answer shows the attempt begun."""
        task_name = task_of(name)
        stored = await self.store.get_task(task_name, with_body=True) if full else None
        task = await self.store.run_task(task_name, self.clock.now())
        return task if stored is None else replace(task, payload=stored.payload, has_body=True)
