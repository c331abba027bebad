"""gRPC reflection, with which grpcurl and the like find out what is served."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse
from tests.api.raw_calls import CLOUD_TASKS, LOCATIONS, OPERATIONS
from tests.api.running import Running

SERVICES = [
    LOCATIONS,
    CLOUD_TASKS,
    "google.cloud.tasks.v2beta2.CloudTasks",
    "google.cloud.tasks.v2beta3.CloudTasks",
    OPERATIONS,
    "grpc.health.v1.Health",
    "grpc.reflection.v1alpha.ServerReflection",
    "taskweir.control.v1.Control",
]


async def ask(server: Running, version: str, **question: Any) -> ServerReflectionResponse:
    async def questions() -> AsyncIterator[ServerReflectionRequest]:
        yield ServerReflectionRequest(**question)

    call = server.channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=ServerReflectionRequest.SerializeToString,
        response_deserializer=ServerReflectionResponse.FromString,
    )(questions())
    [answer] = [answer async for answer in call]
    return answer


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_the_services_are_listed(server: Running, version: str) -> None:
    """By their true names, in both versions of the protocol."""
    answer = await ask(server, version, list_services="")

    assert sorted(service.name for service in answer.list_services_response.service) == sorted(SERVICES)


@pytest.mark.parametrize(
    "symbol", [*SERVICES, "google.cloud.tasks.v2.Task", "google.iam.v1.Policy", "taskweir.control.v1.Attempt"]
)
async def test_every_symbol_is_described(server: Running, symbol: str) -> None:
    """With the files that its own file needs."""
    answer = await ask(server, "v1", file_containing_symbol=symbol)

    files = [
        FileDescriptorProto.FromString(data) for data in answer.file_descriptor_response.file_descriptor_proto
    ]
    names = {file.name for file in files}
    assert all(names.issuperset(file.dependency) for file in files)
    defined = {
        f"{file.package}.{thing.name}" for file in files for thing in (*file.service, *file.message_type)
    }
    assert symbol in defined


async def test_an_unknown_symbol_is_not_found(server: Running) -> None:
    """The stubs' own names among them."""
    answer = await ask(server, "v1", file_containing_symbol="taskweir_pb.v2.Task")

    assert answer.error_response.error_code == 5
