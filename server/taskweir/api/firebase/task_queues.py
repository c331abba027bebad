"""The methods of taskweir.firebase.v1.TaskQueues: those of Cloud Tasks v2, put as Firebase's clients expect them."""
# ruff: noqa: N802 - methods are named and called as the protocol has it

from dataclasses import dataclass
from typing import Final

from taskweir.api.call import Call
from taskweir.api.cloud_tasks.queue_methods import QueueMethods
from taskweir.api.cloud_tasks.task_methods import TaskMethods
from taskweir.api.firebase.codec_queue import SETTINGS, queue_config, queue_draft
from taskweir.api.methods import Service
from taskweir.api.rest.style import RestStyle
from taskweir.api.services import Services
from taskweir.api.v2.cloud_tasks import VERSION
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.functions_url import FunctionsUrl
from taskweir.domain.names import QueueName
from taskweir_pb.firebase.v1 import task_queues_pb2, task_queues_pb2_grpc
from taskweir_pb.v2 import cloudtasks_pb2, target_pb2

NAME: Final = "taskweir.firebase.v1.TaskQueues"
STYLE: Final = RestStyle(passes_over_unknown=True)
"""Clients of many versions send what the emulator of their time takes, which refuses nothing."""
_SLASH: Final = "/"
_NO_URL: Final = (
    "HttpRequest.url is required: the server was not told by --functions-url where functions run."
)


@dataclass(frozen=True)
class TaskQueues(QueueMethods, TaskMethods, task_queues_pb2_grpc.TaskQueuesServicer):
    """`functions` tells where tasks go that have no URL."""

    functions: FunctionsUrl

    async def CreateTask(
        self, request: cloudtasks_pb2.CreateTaskRequest, call: Call
    ) -> task_queues_pb2.CreatedTask:
        task = request.task
        task.name = task.name.removeprefix(_SLASH)
        queue = QueueName.parse(request.parent)
        if task.HasField("http_request") and queue is not None:
            self._complete(task.http_request, queue)
        created = await super().CreateTask(request, call)
        created.name = _SLASH + created.name
        return task_queues_pb2.CreatedTask(task=created)

    def _complete(self, http_request: target_pb2.HttpRequest, queue: QueueName) -> None:
        """Clients ask for a token of an account that they make up. Firebase's emulator sends none, and functions that
        it runs check none."""
        http_request.ClearField("oidc_token")
        if http_request.url:
            return
        http_request.url = self.functions.of_queue(queue)
        if not http_request.url:
            raise InvalidArgument(_NO_URL)

    async def ConfigureQueue(
        self, request: task_queues_pb2.ConfigureQueueRequest, call: Call
    ) -> task_queues_pb2.ConfiguredQueue:
        queue = await self.services.queues.configure(queue_draft(request), SETTINGS)
        return task_queues_pb2.ConfiguredQueue(task_queue_config=queue_config(queue))


def task_queues_service(services: Services, functions: FunctionsUrl) -> Service:
    descriptor = task_queues_pb2.DESCRIPTOR.services_by_name["TaskQueues"]
    return Service(NAME, descriptor, TaskQueues(VERSION, services, functions))
