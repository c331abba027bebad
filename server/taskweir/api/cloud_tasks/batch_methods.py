"""The batch calls. Their operations hold messages of the version that was called: clients unpack them by their type."""
# ruff: noqa: ANN401, N802 - messages are of the version's own classes; methods are named as the protocol has it

from typing import Any

from google.longrunning.operations_proto_pb2 import Operation

from taskweir.api.call import Call
from taskweir.api.cloud_tasks.codec_operation import operation_message
from taskweir.api.cloud_tasks.codec_task import full_view
from taskweir.api.cloud_tasks.methods import Methods
from taskweir.domain.errors import Refusal
from taskweir.service.batches import BatchCreate


class BatchMethods(Methods):
    async def BatchCreateTasks(self, request: Any, call: Call) -> Operation:
        requests = (self._batch_create(inner, index) for index, inner in enumerate(request.requests))
        operation = await self.services.batches.create(
            request.parent, len(request.requests), requests, request.request_id
        )
        return operation_message(operation, self.version)

    async def BatchDeleteTasks(self, request: Any, call: Call) -> Operation:
        operation = await self.services.batches.delete(request.parent, request.names, request.request_id)
        return operation_message(operation, self.version)

    def _batch_create(self, request: Any, index: int) -> BatchCreate:
        """What is wrong with one request of a batch is told of that one alone."""
        path = f"requests[{index}]."
        try:
            draft = self.version.task_draft(request.task, f"{path}task") if request.HasField("task") else None
            full = full_view(request, path)
        except Refusal as refusal:
            return BatchCreate(request.parent, None, full=False, refusal=refusal)
        return BatchCreate(request.parent, draft, full=full)
