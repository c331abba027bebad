"""google.longrunning.Operations, of which production offers GetOperation alone."""
# ruff: noqa: N802 - methods are named and called as the protocol has it

from dataclasses import dataclass
from typing import Final

from google.longrunning import operations_pb2_grpc, operations_proto_pb2

from taskweir.api.call import Call
from taskweir.api.cloud_tasks.codec_operation import operation_message
from taskweir.api.cloud_tasks.version import Version
from taskweir.api.methods import Service
from taskweir.service.batches import BatchService

NAME: Final = "google.longrunning.Operations"


@dataclass(frozen=True, slots=True)
class Operations(operations_pb2_grpc.OperationsServicer):
    """Operations are shown in the form of a version, whichever of them made them."""

    batches: BatchService
    version: Version

    async def GetOperation(
        self, request: operations_proto_pb2.GetOperationRequest, call: Call
    ) -> operations_proto_pb2.Operation:
        return operation_message(await self.batches.get_operation(request.name), self.version)


def operations_service(servicer: Operations) -> Service:
    return Service(NAME, operations_proto_pb2.DESCRIPTOR.services_by_name["Operations"], servicer)
