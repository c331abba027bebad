"""The methods of taskqueue v1beta2."""
# ruff: noqa: N802 - methods are named and called as the protocol has it

from dataclasses import dataclass
from typing import Final

from google.protobuf.empty_pb2 import Empty

from taskweir.api.call import Call
from taskweir.api.methods import Service
from taskweir.api.taskqueue.codec_queue import queue_message
from taskweir.api.taskqueue.codec_task import leased, listed, task_draft, task_message
from taskweir.api.taskqueue.parameters import (
    lease_time,
    new_lease_time,
    number_of_tasks,
    required_field,
    wanted_tags,
)
from taskweir.api.taskqueue.pull_tasks import PullTasks
from taskweir_pb.taskqueue.v1beta2 import taskqueue_pb2 as pb
from taskweir_pb.taskqueue.v1beta2 import taskqueue_pb2_grpc

NAME: Final = "taskweir.taskqueue.v1beta2.Taskqueue"


@dataclass(frozen=True, slots=True)
class Taskqueue(taskqueue_pb2_grpc.TaskqueueServicer):
    pull: PullTasks

    async def GetTaskqueue(self, request: pb.GetTaskqueueRequest, call: Call) -> pb.TaskQueue:
        queue = await self.pull.queue(self.pull.address(request.project, request.taskqueue))
        stats = await self.pull.stats_of(queue) if request.get_stats else None
        return queue_message(queue, stats, self.pull.unit)

    async def DeleteTask(self, request: pb.DeleteTaskRequest, call: Call) -> Empty:
        await self.pull.delete(self.pull.address(request.project, request.taskqueue), request.task)
        return Empty()

    async def GetTask(self, request: pb.GetTaskRequest, call: Call) -> pb.Task:
        address = self.pull.address(request.project, request.taskqueue)
        return task_message(await self.pull.get(address, request.task), address, self.pull.unit)

    async def InsertTask(self, request: pb.InsertTaskRequest, call: Call) -> pb.Task:
        address = self.pull.address(request.project, request.taskqueue)
        task = await self.pull.insert(address, task_draft(request.body, address))
        return task_message(task, address, self.pull.unit)

    async def LeaseTasks(self, request: pb.LeaseTasksRequest, call: Call) -> pb.Tasks:
        address = self.pull.address(request.project, request.taskqueue)
        number, duration = number_of_tasks(request), lease_time(request)
        tasks = await self.pull.lease(address, number, duration, wanted_tags(request))
        return leased(tasks, address, self.pull.unit)

    async def ListTasks(self, request: pb.ListTasksRequest, call: Call) -> pb.Tasks2:
        address = self.pull.address(request.project, request.taskqueue)
        return listed(await self.pull.first(address), address, self.pull.unit)

    async def PatchTask(self, request: pb.UpdateTaskRequest, call: Call) -> pb.Task:
        return await self.UpdateTask(request, call)

    async def UpdateTask(self, request: pb.UpdateTaskRequest, call: Call) -> pb.Task:
        address = self.pull.address(request.project, request.taskqueue)
        duration, body = new_lease_time(request), request.body
        if not body.queue_name:
            raise required_field("queueName")
        address.check(body.queue_name)
        lease_end = body.lease_timestamp if body.HasField("lease_timestamp") else None
        task = await self.pull.change_lease(address, request.task, duration, lease_end)
        return task_message(task, address, self.pull.unit)


def taskqueue_service(pull: PullTasks) -> Service:
    return Service(NAME, pb.DESCRIPTOR.services_by_name["Taskqueue"], Taskqueue(pull))
