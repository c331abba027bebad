"""Calls by path with bytes or messages, so that a test can send what no client would."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
import grpc.aio
from google.cloud.location import locations_pb2
from google.longrunning import operations_proto_pb2
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2

from taskweir_pb.v2 import cloudtasks_pb2
from taskweir_pb.v2beta2 import cloudtasks_pb2 as v2beta2
from taskweir_pb.v2beta3 import cloudtasks_pb2 as v2beta3

CLOUD_TASKS: Final = "google.cloud.tasks.v2.CloudTasks"
V2BETA3: Final = "google.cloud.tasks.v2beta3.CloudTasks"
V2BETA2: Final = "google.cloud.tasks.v2beta2.CloudTasks"
OPERATIONS: Final = "google.longrunning.Operations"
LOCATIONS: Final = "google.cloud.location.Locations"

_SERVICES: Final = {
    CLOUD_TASKS: cloudtasks_pb2.DESCRIPTOR.services_by_name["CloudTasks"],
    V2BETA3: v2beta3.DESCRIPTOR.services_by_name["CloudTasks"],
    V2BETA2: v2beta2.DESCRIPTOR.services_by_name["CloudTasks"],
    OPERATIONS: operations_proto_pb2.DESCRIPTOR.services_by_name["Operations"],
    LOCATIONS: locations_pb2.DESCRIPTOR.services_by_name["Locations"],
}

Metadata = Sequence[tuple[str, str | bytes]]


@dataclass(frozen=True)
class Refused:
    """What a call was refused with; `code` is the name of the status, `details` are unpacked."""

    code: str
    message: str
    details: tuple[Message, ...] = ()


class RawClient:
    """Sends requests to any method over one channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    async def call(
        self, rpc: str, request: Message | bytes, *, metadata: Metadata = (), timeout: float | None = 20
    ) -> Any:
        """The reply's message. `rpc` is a method of CloudTasks, or SERVICE/METHOD."""
        path = rpc if "/" in rpc else f"{CLOUD_TASKS}/{rpc}"
        data = request if isinstance(request, bytes) else request.SerializeToString()
        reply: bytes = await self._channel.unary_unary(f"/{path}")(data, metadata=metadata, timeout=timeout)
        return GetMessageClass(method_of(path).output_type).FromString(reply)

    async def refusal(
        self, rpc: str, request: Message | bytes, *, metadata: Metadata = (), timeout: float | None = 20
    ) -> Refused | None:
        """What the call is refused with, or None when it is served."""
        try:
            await self.call(rpc, request, metadata=metadata, timeout=timeout)
        except grpc.aio.AioRpcError as error:
            return Refused(error.code().name, error.details() or "", _details(error))
        return None


def _details(error: grpc.aio.AioRpcError) -> tuple[Message, ...]:
    # Not by dict(): an older grpcio's Metadata looks like a mapping and is none.
    trailers = {key: value for key, value in error.trailing_metadata() or ()}  # noqa: C416
    packed = trailers.get("grpc-status-details-bin")
    if packed is None:
        return ()
    status = status_pb2.Status.FromString(packed)
    assert (status.code, status.message) == (error.code().value[0], error.details())
    return tuple(map(_unpacked, status.details))


def _unpacked(packed: AnyMessage) -> Message:
    name = packed.type_url.removeprefix("type.googleapis.com/google.rpc.")
    return getattr(error_details_pb2, name).FromString(packed.value)  # type: ignore[no-any-return]


def method_of(path: str) -> MethodDescriptor:
    service, _, name = path.partition("/")
    return _SERVICES[service].methods_by_name[name]


def every_rpc() -> Iterator[str]:
    """Paths of all methods of v2, and of those that have no version."""
    yield from (f"{CLOUD_TASKS}/{method.name}" for method in _SERVICES[CLOUD_TASKS].methods)
    yield f"{OPERATIONS}/GetOperation"
    yield from (f"{LOCATIONS}/{method.name}" for method in _SERVICES[LOCATIONS].methods)
