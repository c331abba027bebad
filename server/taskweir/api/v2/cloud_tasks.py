"""The methods of google.cloud.tasks.v2.CloudTasks: each reads its request, calls a use-case, writes the reply."""
# ruff: noqa: N802 - methods are named and called as the protocol has it

from dataclasses import dataclass
from typing import Final

from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.longrunning.operations_proto_pb2 import Operation
from google.protobuf.empty_pb2 import Empty

from taskweir.api.call import Call
from taskweir.api.field_mask import settable_paths
from taskweir.api.iam import policy, policy_message
from taskweir.api.methods import Service
from taskweir.api.v2.codec_operation import operation_message
from taskweir.api.v2.codec_queue import OUTPUT_ONLY, queue_draft, queue_message
from taskweir.api.v2.codec_task import full_view, put_task, task_draft, task_message
from taskweir.domain.errors import Refusal
from taskweir.service.batches import BatchCreate, BatchService
from taskweir.service.cmek import CmekConfig, CmekService
from taskweir.service.policies import PolicyService
from taskweir.service.queues import QueueService
from taskweir.service.tasks import TaskService
from taskweir_pb.v2 import cloudtasks_pb2, cloudtasks_pb2_grpc, cmek_config_pb2, queue_pb2, task_pb2

NAME: Final = "google.cloud.tasks.v2.CloudTasks"
_CMEK_OUTPUT_ONLY: Final = frozenset({"name"})


@dataclass(frozen=True, slots=True)
class CloudTasks(cloudtasks_pb2_grpc.CloudTasksServicer):
    queues: QueueService
    tasks: TaskService
    batches: BatchService
    policies: PolicyService
    cmek: CmekService

    # queues

    async def ListQueues(
        self, request: cloudtasks_pb2.ListQueuesRequest, call: Call
    ) -> cloudtasks_pb2.ListQueuesResponse:
        page = await self.queues.list(request.parent, request.filter, request.page_size, request.page_token)
        return cloudtasks_pb2.ListQueuesResponse(
            queues=[queue_message(queue) for queue in page.items], next_page_token=page.next_page_token
        )

    async def GetQueue(self, request: cloudtasks_pb2.GetQueueRequest, call: Call) -> queue_pb2.Queue:
        return queue_message(await self.queues.get(request.name))

    async def CreateQueue(self, request: cloudtasks_pb2.CreateQueueRequest, call: Call) -> queue_pb2.Queue:
        draft = queue_draft(request.queue) if request.HasField("queue") else None
        return queue_message(await self.queues.create(request.parent, draft))

    async def UpdateQueue(self, request: cloudtasks_pb2.UpdateQueueRequest, call: Call) -> queue_pb2.Queue:
        draft = queue_draft(request.queue) if request.HasField("queue") else None
        mask = settable_paths(request.update_mask, queue_pb2.Queue, OUTPUT_ONLY)
        return queue_message(await self.queues.update(draft, mask))

    async def DeleteQueue(self, request: cloudtasks_pb2.DeleteQueueRequest, call: Call) -> Empty:
        await self.queues.delete(request.name)
        return Empty()

    async def PurgeQueue(self, request: cloudtasks_pb2.PurgeQueueRequest, call: Call) -> queue_pb2.Queue:
        return queue_message(await self.queues.purge(request.name))

    async def PauseQueue(self, request: cloudtasks_pb2.PauseQueueRequest, call: Call) -> queue_pb2.Queue:
        return queue_message(await self.queues.pause(request.name))

    async def ResumeQueue(self, request: cloudtasks_pb2.ResumeQueueRequest, call: Call) -> queue_pb2.Queue:
        return queue_message(await self.queues.resume(request.name))

    # access policies

    async def GetIamPolicy(
        self, request: iam_policy_pb2.GetIamPolicyRequest, call: Call
    ) -> policy_pb2.Policy:
        return policy_message(await self.policies.get(request.resource))

    async def SetIamPolicy(
        self, request: iam_policy_pb2.SetIamPolicyRequest, call: Call
    ) -> policy_pb2.Policy:
        given = request.policy
        return policy_message(await self.policies.set(request.resource, policy(given), given.etag))

    async def TestIamPermissions(
        self, request: iam_policy_pb2.TestIamPermissionsRequest, call: Call
    ) -> iam_policy_pb2.TestIamPermissionsResponse:
        granted = await self.policies.test(request.resource, request.permissions)
        return iam_policy_pb2.TestIamPermissionsResponse(permissions=granted)

    # tasks

    async def ListTasks(
        self, request: cloudtasks_pb2.ListTasksRequest, call: Call
    ) -> cloudtasks_pb2.ListTasksResponse:
        full = full_view(request.response_view)
        page = await self.tasks.list(request.parent, request.page_size, request.page_token, full=full)
        response = cloudtasks_pb2.ListTasksResponse(next_page_token=page.next_page_token)
        for task in page.items:
            put_task(response.tasks.add(), task, full=full)
        return response

    async def GetTask(self, request: cloudtasks_pb2.GetTaskRequest, call: Call) -> task_pb2.Task:
        full = full_view(request.response_view)
        return task_message(await self.tasks.get(request.name, full=full), full=full)

    async def CreateTask(self, request: cloudtasks_pb2.CreateTaskRequest, call: Call) -> task_pb2.Task:
        draft = task_draft(request.task) if request.HasField("task") else None
        full = full_view(request.response_view)
        return task_message(await self.tasks.create(request.parent, draft), full=full)

    async def DeleteTask(self, request: cloudtasks_pb2.DeleteTaskRequest, call: Call) -> Empty:
        await self.tasks.delete(request.name)
        return Empty()

    async def RunTask(self, request: cloudtasks_pb2.RunTaskRequest, call: Call) -> task_pb2.Task:
        full = full_view(request.response_view)
        return task_message(await self.tasks.run(request.name, full=full), full=full)

    # batches

    async def BatchCreateTasks(
        self, request: cloudtasks_pb2.BatchCreateTasksRequest, call: Call
    ) -> Operation:
        requests = [_batch_create(inner, index) for index, inner in enumerate(request.requests)]
        return operation_message(await self.batches.create(request.parent, requests, request.request_id))

    async def BatchDeleteTasks(
        self, request: cloudtasks_pb2.BatchDeleteTasksRequest, call: Call
    ) -> Operation:
        return operation_message(await self.batches.delete(request.parent, request.names, request.request_id))

    # encryption keys

    async def GetCmekConfig(
        self, request: cloudtasks_pb2.GetCmekConfigRequest, call: Call
    ) -> cmek_config_pb2.CmekConfig:
        return _cmek_message(await self.cmek.get(request.name))

    async def UpdateCmekConfig(
        self, request: cloudtasks_pb2.UpdateCmekConfigRequest, call: Call
    ) -> cmek_config_pb2.CmekConfig:
        config = request.cmek_config
        mask = settable_paths(request.update_mask, cmek_config_pb2.CmekConfig, _CMEK_OUTPUT_ONLY)
        if mask is not None and "kms_key" not in mask:
            return _cmek_message(await self.cmek.get(config.name))
        return _cmek_message(await self.cmek.update(config.name, config.kms_key))


def _batch_create(request: cloudtasks_pb2.CreateTaskRequest, index: int) -> BatchCreate:
    """What is wrong with one request of a batch is told of that one alone."""
    path = f"requests[{index}]"
    try:
        draft = task_draft(request.task, f"{path}.task") if request.HasField("task") else None
        full = full_view(request.response_view, f"{path}.response_view")
    except Refusal as refusal:
        return BatchCreate(request.parent, None, full=False, refusal=refusal)
    return BatchCreate(request.parent, draft, full=full)


def _cmek_message(config: CmekConfig) -> cmek_config_pb2.CmekConfig:
    return cmek_config_pb2.CmekConfig(name=config.name, kms_key=config.kms_key)


def cloud_tasks_service(servicer: CloudTasks) -> Service:
    return Service(NAME, cloudtasks_pb2.DESCRIPTOR.services_by_name["CloudTasks"], servicer)
