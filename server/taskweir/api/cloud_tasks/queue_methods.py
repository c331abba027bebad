"""The methods of queues: each reads its request, calls a use-case, writes the reply.

Requests and replies are of the version's own classes, which have nothing in common: hence Any.
"""
# ruff: noqa: ANN401, N802 - see above; methods are named and called as the protocol has it

from typing import Any

from google.protobuf.empty_pb2 import Empty

from taskweir.api.call import Call
from taskweir.api.cloud_tasks.field_mask import settable_paths
from taskweir.api.cloud_tasks.methods import Methods
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.model import Queue
from taskweir.service.page import Page


class QueueMethods(Methods):
    async def ListQueues(self, request: Any, call: Call) -> Any:
        page = await self.queues_page(request)
        return self.version.calls.ListQueuesResponse(
            queues=[self.queue_message(queue) for queue in page.items], next_page_token=page.next_page_token
        )

    async def GetQueue(self, request: Any, call: Call) -> Any:
        return self.queue_message(await self.services.queues.get(request.name))

    async def CreateQueue(self, request: Any, call: Call) -> Any:
        return self.queue_message(await self.services.queues.create(request.parent, self._draft(request)))

    async def UpdateQueue(self, request: Any, call: Call) -> Any:
        draft = self._draft(request)
        version = self.version
        mask = version.update_mask(settable_paths(request.update_mask, version.queue, version.output_only))
        return self.queue_message(await self.services.queues.update(draft, mask))

    async def DeleteQueue(self, request: Any, call: Call) -> Empty:
        await self.services.queues.delete(request.name)
        return Empty()

    async def PurgeQueue(self, request: Any, call: Call) -> Any:
        return self.queue_message(await self.services.queues.purge(request.name))

    async def PauseQueue(self, request: Any, call: Call) -> Any:
        return self.queue_message(await self.services.queues.pause(request.name))

    async def ResumeQueue(self, request: Any, call: Call) -> Any:
        return self.queue_message(await self.services.queues.resume(request.name))

    async def queues_page(self, request: Any) -> Page[Queue]:
        return await self.services.queues.list(
            request.parent,
            request.filter,
            request.page_size,
            request.page_token,
            self.version.queue_names,
        )

    def _draft(self, request: Any) -> QueueDraft | None:
        return self.version.queue_draft(request.queue, "queue") if request.HasField("queue") else None

    def queue_message(self, queue: Queue) -> Any:
        message = self.version.queue()
        self.version.put_queue(message, queue)
        return message
