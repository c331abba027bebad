"""BufferTask, which there is over HTTP alone."""
# ruff: noqa: ANN401, N802 - messages are of the version's own classes; methods are named as the protocol has it

from typing import Any

from taskweir.api.call import Call
from taskweir.api.cloud_tasks.methods import Methods


class BufferMethods(Methods):
    async def BufferTask(self, request: Any, call: Call) -> Any:
        assert call.http is not None
        task = await self.services.buffering.buffer(
            request.queue, request.task_id, call.http.method, call.http.headers, request.body.data
        )
        response = self.version.rest_only.BufferTaskResponse()
        self.version.put_task(response.task, task, full=False)
        return response
