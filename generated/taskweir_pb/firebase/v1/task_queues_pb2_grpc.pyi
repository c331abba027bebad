"""Made by protos/generate.py."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import grpc
import grpc.aio
import google.protobuf.empty_pb2
import taskweir_pb.firebase.v1.task_queues_pb2
import taskweir_pb.v2.cloudtasks_pb2
import taskweir_pb.v2.queue_pb2
import taskweir_pb.v2.task_pb2

class TaskQueuesStub:
    def __init__(self, channel: grpc.Channel | grpc.aio.Channel) -> None: ...
    CreateTask: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.v2.cloudtasks_pb2.CreateTaskRequest, taskweir_pb.firebase.v1.task_queues_pb2.CreatedTask]
    GetTask: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.v2.cloudtasks_pb2.GetTaskRequest, taskweir_pb.v2.task_pb2.Task]
    ListTasks: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.v2.cloudtasks_pb2.ListTasksRequest, taskweir_pb.v2.cloudtasks_pb2.ListTasksResponse]
    DeleteTask: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.v2.cloudtasks_pb2.DeleteTaskRequest, google.protobuf.empty_pb2.Empty]
    ConfigureQueue: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.firebase.v1.task_queues_pb2.ConfigureQueueRequest, taskweir_pb.firebase.v1.task_queues_pb2.ConfiguredQueue]
    GetQueue: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.v2.cloudtasks_pb2.GetQueueRequest, taskweir_pb.v2.queue_pb2.Queue]

class TaskQueuesServicer:
    def CreateTask(self, request: taskweir_pb.v2.cloudtasks_pb2.CreateTaskRequest, context: Any) -> Awaitable[taskweir_pb.firebase.v1.task_queues_pb2.CreatedTask]: ...
    def GetTask(self, request: taskweir_pb.v2.cloudtasks_pb2.GetTaskRequest, context: Any) -> Awaitable[taskweir_pb.v2.task_pb2.Task]: ...
    def ListTasks(self, request: taskweir_pb.v2.cloudtasks_pb2.ListTasksRequest, context: Any) -> Awaitable[taskweir_pb.v2.cloudtasks_pb2.ListTasksResponse]: ...
    def DeleteTask(self, request: taskweir_pb.v2.cloudtasks_pb2.DeleteTaskRequest, context: Any) -> Awaitable[google.protobuf.empty_pb2.Empty]: ...
    def ConfigureQueue(self, request: taskweir_pb.firebase.v1.task_queues_pb2.ConfigureQueueRequest, context: Any) -> Awaitable[taskweir_pb.firebase.v1.task_queues_pb2.ConfiguredQueue]: ...
    def GetQueue(self, request: taskweir_pb.v2.cloudtasks_pb2.GetQueueRequest, context: Any) -> Awaitable[taskweir_pb.v2.queue_pb2.Queue]: ...

def add_TaskQueuesServicer_to_server(
    servicer: TaskQueuesServicer, server: grpc.Server | grpc.aio.Server
) -> None: ...
