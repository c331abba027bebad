"""The methods of taskqueue v1beta1: those of the next edition that consumers need."""
# ruff: noqa: N802 - methods are named and called as the protocol has it

from dataclasses import dataclass
from typing import Final

from google.protobuf.empty_pb2 import Empty

from taskweir.api.call import Call
from taskweir.api.methods import Service
from taskweir.api.taskqueue.codec_task import leased_v1beta1, listed_v1beta1, task_message_v1beta1
from taskweir.api.taskqueue.parameters import lease_time, number_of_tasks
from taskweir.api.taskqueue.pull_tasks import PullTasks
from taskweir.api.taskqueue.v1beta2 import Taskqueue
from taskweir.domain.lease_filter import AnyTag
from taskweir_pb.taskqueue.v1beta1 import taskqueue_pb2 as pb
from taskweir_pb.taskqueue.v1beta1 import taskqueue_pb2_grpc
from taskweir_pb.taskqueue.v1beta2 import taskqueue_pb2 as pb_v1beta2

NAME: Final = "taskweir.taskqueue.v1beta1.Taskqueue"


@dataclass(frozen=True, slots=True)
class TaskqueueV1beta1(taskqueue_pb2_grpc.TaskqueueServicer):
    pull: PullTasks

    async def GetTaskqueue(self, request: pb_v1beta2.GetTaskqueueRequest, call: Call) -> pb_v1beta2.TaskQueue:
        return await Taskqueue(self.pull).GetTaskqueue(request, call)

    async def DeleteTask(self, request: pb_v1beta2.DeleteTaskRequest, call: Call) -> Empty:
        return await Taskqueue(self.pull).DeleteTask(request, call)

    async def GetTask(self, request: pb_v1beta2.GetTaskRequest, call: Call) -> pb.Task:
        address = self.pull.address(request.project, request.taskqueue)
        return task_message_v1beta1(await self.pull.get(address, request.task), address, self.pull.unit)

    async def LeaseTasks(self, request: pb.LeaseTasksRequest, call: Call) -> pb.Tasks:
        address = self.pull.address(request.project, request.taskqueue)
        number, duration = number_of_tasks(request), lease_time(request)
        tasks = await self.pull.lease(address, number, duration, AnyTag())
        return leased_v1beta1(tasks, address, self.pull.unit)

    async def ListTasks(self, request: pb_v1beta2.ListTasksRequest, call: Call) -> pb.Tasks2:
        address = self.pull.address(request.project, request.taskqueue)
        return listed_v1beta1(await self.pull.first(address), address, self.pull.unit)


def taskqueue_v1beta1_service(pull: PullTasks) -> Service:
    return Service(NAME, pb.DESCRIPTOR.services_by_name["Taskqueue"], TaskqueueV1beta1(pull))
