"""Made by protos/generate.py."""

from collections.abc import AsyncIterator, Awaitable
from typing import Any

import grpc
import grpc.aio
import google.cloud.location.locations_pb2
import google.longrunning.operations_pb2
import taskweir_pb.v2.rest_only_pb2

class RestOnlyStub:
    def __init__(self, channel: grpc.Channel | grpc.aio.Channel) -> None: ...
    BufferTask: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.v2.rest_only_pb2.BufferTaskRequest, taskweir_pb.v2.rest_only_pb2.BufferTaskResponse]

class RestOnlyServicer:
    def BufferTask(self, request: taskweir_pb.v2.rest_only_pb2.BufferTaskRequest, context: Any) -> Awaitable[taskweir_pb.v2.rest_only_pb2.BufferTaskResponse]: ...

def add_RestOnlyServicer_to_server(
    servicer: RestOnlyServicer, server: grpc.Server | grpc.aio.Server
) -> None: ...

class OperationsStub:
    def __init__(self, channel: grpc.Channel | grpc.aio.Channel) -> None: ...
    GetOperation: grpc.aio.UnaryUnaryMultiCallable[google.longrunning.operations_pb2.GetOperationRequest, google.longrunning.operations_pb2.Operation]

class OperationsServicer:
    def GetOperation(self, request: google.longrunning.operations_pb2.GetOperationRequest, context: Any) -> Awaitable[google.longrunning.operations_pb2.Operation]: ...

def add_OperationsServicer_to_server(
    servicer: OperationsServicer, server: grpc.Server | grpc.aio.Server
) -> None: ...

class LocationsStub:
    def __init__(self, channel: grpc.Channel | grpc.aio.Channel) -> None: ...
    ListLocations: grpc.aio.UnaryUnaryMultiCallable[taskweir_pb.v2.rest_only_pb2.ListLocationsRequest, google.cloud.location.locations_pb2.ListLocationsResponse]
    GetLocation: grpc.aio.UnaryUnaryMultiCallable[google.cloud.location.locations_pb2.GetLocationRequest, google.cloud.location.locations_pb2.Location]

class LocationsServicer:
    def ListLocations(self, request: taskweir_pb.v2.rest_only_pb2.ListLocationsRequest, context: Any) -> Awaitable[google.cloud.location.locations_pb2.ListLocationsResponse]: ...
    def GetLocation(self, request: google.cloud.location.locations_pb2.GetLocationRequest, context: Any) -> Awaitable[google.cloud.location.locations_pb2.Location]: ...

def add_LocationsServicer_to_server(
    servicer: LocationsServicer, server: grpc.Server | grpc.aio.Server
) -> None: ...
