"""Made by protos/generate.py."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import grpc
import grpc.aio
import google.protobuf.empty_pb2
import taskweir_pb.taskqueue.v1beta2.taskqueue_pb2

class TaskqueueStub:
    def __init__(self, channel: grpc.Channel | grpc.aio.Channel) -> None: ...
    GetTaskqueue: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.GetTaskqueueRequest, taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.TaskQueue]
    DeleteTask: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.DeleteTaskRequest, google.protobuf.empty_pb2.Empty]
    GetTask: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.GetTaskRequest, taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Task]
    InsertTask: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.InsertTaskRequest, taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Task]
    LeaseTasks: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.LeaseTasksRequest, taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Tasks]
    ListTasks: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.ListTasksRequest, taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Tasks2]
    PatchTask: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.UpdateTaskRequest, taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Task]
    UpdateTask: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.UpdateTaskRequest, taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Task]

class TaskqueueServicer:
    def GetTaskqueue(self, request: taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.GetTaskqueueRequest, context: Any) -> Awaitable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.TaskQueue]: ...
    def DeleteTask(self, request: taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.DeleteTaskRequest, context: Any) -> Awaitable[google.protobuf.empty_pb2.Empty]: ...
    def GetTask(self, request: taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.GetTaskRequest, context: Any) -> Awaitable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Task]: ...
    def InsertTask(self, request: taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.InsertTaskRequest, context: Any) -> Awaitable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Task]: ...
    def LeaseTasks(self, request: taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.LeaseTasksRequest, context: Any) -> Awaitable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Tasks]: ...
    def ListTasks(self, request: taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.ListTasksRequest, context: Any) -> Awaitable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Tasks2]: ...
    def PatchTask(self, request: taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.UpdateTaskRequest, context: Any) -> Awaitable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Task]: ...
    def UpdateTask(self, request: taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.UpdateTaskRequest, context: Any) -> Awaitable[taskweir_pb.taskqueue.v1beta2.taskqueue_pb2.Task]: ...

def add_TaskqueueServicer_to_server(
    servicer: TaskqueueServicer, server: grpc.Server | grpc.aio.Server
) -> None: ...
