"""What the betas' methods of queues have beyond v2's: read masks, and the stats that are there only when one names
them."""
# ruff: noqa: ANN401, N802 - messages are of the version's own classes; methods are named as the protocol has it

from collections.abc import Sequence
from typing import Any

from taskweir.api.call import Call
from taskweir.api.cloud_tasks.codec_stats import put_stats
from taskweir.api.cloud_tasks.field_mask import ReadMask
from taskweir.api.cloud_tasks.queue_methods import QueueMethods
from taskweir.domain.model import Queue


class BetaQueueMethods(QueueMethods):
    async def ListQueues(self, request: Any, call: Call) -> Any:
        mask = ReadMask.of(request.read_mask, self.version.queue)
        page = await self.queues_page(request)
        return self.version.calls.ListQueuesResponse(
            queues=await self._masked(page.items, mask), next_page_token=page.next_page_token
        )

    async def GetQueue(self, request: Any, call: Call) -> Any:
        mask = ReadMask.of(request.read_mask, self.version.queue)
        return (await self._masked([await self.services.queues.get(request.name)], mask))[0]

    async def _masked(self, queues: Sequence[Queue], mask: ReadMask) -> Sequence[Any]:
        messages = [self.queue_message(queue) for queue in queues]
        if mask.names("stats"):
            for message, stats in zip(messages, await self.services.stats.of(queues), strict=True):
                put_stats(message, stats)
        for message in messages:
            mask.apply_to(message)
        return messages
