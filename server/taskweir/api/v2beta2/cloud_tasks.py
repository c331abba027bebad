"""google.cloud.tasks.v2beta2.CloudTasks, which has leases, and its batch calls and encryption keys over HTTP alone."""
# ruff: noqa: N802 - methods are named and called as the protocol has it

from typing import Final, TypeAlias

from google.protobuf.empty_pb2 import Empty

from taskweir.api.call import Call
from taskweir.api.cloud_tasks.beta_queue_methods import BetaQueueMethods
from taskweir.api.cloud_tasks.codec_task import full_view
from taskweir.api.cloud_tasks.policy_methods import PolicyMethods
from taskweir.api.cloud_tasks.task_methods import TaskMethods
from taskweir.api.cloud_tasks.version import Version
from taskweir.api.convert import instant, micros
from taskweir.api.v2beta2 import codec_queue, codec_task
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.lease_filter import parse_lease_filter
from taskweir.domain.model import Task
from taskweir.domain.times import Instant
from taskweir_pb.v2beta2 import cloudtasks_pb2, cloudtasks_pb2_grpc, queue_pb2, rest_only_pb2, task_pb2

VERSION: Final = Version(
    package="google.cloud.tasks.v2beta2",
    calls=cloudtasks_pb2,
    rest_only=rest_only_pb2,
    batches=rest_only_pb2,
    queue=queue_pb2.Queue,
    queue_draft=codec_queue.queue_draft,
    put_queue=codec_queue.put_queue,
    queue_names=codec_queue.FILTER_NAMES,
    output_only=codec_queue.OUTPUT_ONLY,
    update_mask=codec_queue.update_mask,
    task=task_pb2.Task,
    task_draft=codec_task.task_draft,
    put_task=codec_task.put_task,
    cmek_config=rest_only_pb2.CmekConfig,
    own_names={**codec_queue.OWN_NAMES, **codec_task.OWN_NAMES},
)


class CloudTasks(BetaQueueMethods, PolicyMethods, TaskMethods, cloudtasks_pb2_grpc.CloudTasksServicer):
    """What the versions share, with read masks, and leases."""

    async def LeaseTasks(
        self, request: cloudtasks_pb2.LeaseTasksRequest, call: Call
    ) -> cloudtasks_pb2.LeaseTasksResponse:
        duration = micros("lease_duration", request.lease_duration)
        full = full_view(request)
        wanted = parse_lease_filter(request.filter)
        leases = self.services.leases
        tasks = await leases.lease(request.parent, request.max_tasks, duration, wanted, full=full)
        return cloudtasks_pb2.LeaseTasksResponse(tasks=[_shown(task, full=full) for task in tasks])

    async def AcknowledgeTask(self, request: cloudtasks_pb2.AcknowledgeTaskRequest, call: Call) -> Empty:
        await self.services.leases.acknowledge(request.name, _proof(request))
        return Empty()

    async def RenewLease(self, request: cloudtasks_pb2.RenewLeaseRequest, call: Call) -> task_pb2.Task:
        proof = _proof(request)
        duration = micros("lease_duration", request.lease_duration)
        full = full_view(request)
        task = await self.services.leases.renew(request.name, proof, duration, full=full)
        return _shown(task, full=full)

    async def CancelLease(self, request: cloudtasks_pb2.CancelLeaseRequest, call: Call) -> task_pb2.Task:
        proof = _proof(request)
        full = full_view(request)
        return _shown(await self.services.leases.cancel(request.name, proof, full=full), full=full)

    async def UploadQueueYaml(self, request: cloudtasks_pb2.UploadQueueYamlRequest, call: Call) -> Empty:
        await self.services.queue_files.upload(request.app_id, request.http_body.data)
        return Empty()


def _shown(task: Task, *, full: bool) -> task_pb2.Task:
    message = task_pb2.Task()
    codec_task.put_task(message, task, full=full)
    return message


_HasProof: TypeAlias = (
    cloudtasks_pb2.AcknowledgeTaskRequest
    | cloudtasks_pb2.RenewLeaseRequest
    | cloudtasks_pb2.CancelLeaseRequest
)


def _proof(request: _HasProof) -> Instant:
    """When the lease ends, as its holder was told. Raises InvalidArgument where it is missing."""
    if not request.HasField("schedule_time"):
        raise InvalidArgument(f"{request.DESCRIPTOR.name}.scheduleTime is required.")
    return instant("schedule_time", request.schedule_time)
