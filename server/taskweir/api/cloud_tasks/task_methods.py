"""The methods of tasks: each reads its request, calls a use-case, writes the reply.

Requests and replies are of the version's own classes, which have nothing in common: hence Any.
"""
# ruff: noqa: ANN401, N802 - see above; methods are named and called as the protocol has it

from typing import Any

from google.protobuf.empty_pb2 import Empty

from taskweir.api.call import Call
from taskweir.api.cloud_tasks.codec_task import full_view
from taskweir.api.cloud_tasks.methods import Methods
from taskweir.domain.model import Task


class TaskMethods(Methods):
    async def ListTasks(self, request: Any, call: Call) -> Any:
        full = full_view(request)
        page = await self.services.tasks.list(
            request.parent, request.page_size, request.page_token, full=full
        )
        response = self.version.calls.ListTasksResponse(next_page_token=page.next_page_token)
        for task in page.items:
            self.version.put_task(response.tasks.add(), task, full=full)
        return response

    async def GetTask(self, request: Any, call: Call) -> Any:
        full = full_view(request)
        return self.task_message(await self.services.tasks.get(request.name, full=full), full=full)

    async def CreateTask(self, request: Any, call: Call) -> Any:
        draft = self.version.task_draft(request.task, "task") if request.HasField("task") else None
        full = full_view(request)
        return self.task_message(await self.services.tasks.create(request.parent, draft), full=full)

    async def DeleteTask(self, request: Any, call: Call) -> Empty:
        await self.services.tasks.delete(request.name)
        return Empty()

    async def RunTask(self, request: Any, call: Call) -> Any:
        full = full_view(request)
        return self.task_message(await self.services.tasks.run(request.name, full=full), full=full)

    def task_message(self, task: Task, *, full: bool) -> Any:
        message = self.version.task()
        self.version.put_task(message, task, full=full)
        return message
