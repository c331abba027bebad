"""Writes the types of a `_pb2_grpc` module, which grpcio-tools does not."""

from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import Descriptor, FileDescriptor, MethodDescriptor, ServiceDescriptor


def of_file(descriptor_set: Path, proto: str) -> str:
    """The text of the .pyi for the services of `proto`; the FileDescriptorSet has it and all its imports.

    The types are those of grpc.aio: a servicer's methods are coroutines, a stub's calls are awaited.
    """
    file = load(descriptor_set).FindFileByName(proto)
    services = list(file.services_by_name.values())
    methods = [method for service in services for method in service.methods]
    messages = [message for method in methods for message in (method.input_type, method.output_type)]
    imports = sorted({f"import {module_name(message.file)}" for message in messages})
    header = [
        '"""Made by protos/generate.py."""',
        "",
        "from collections.abc import AsyncIterator, Awaitable",
        "from typing import Any",
        "",
        "import grpc",
        "import grpc.aio",
        *imports,
    ]
    return "\n".join([*header, *(line for service in services for line in of_service(service))]) + "\n"


def load(descriptor_set: Path) -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_set.read_bytes()).file:
        pool.Add(file)
    return pool


def of_service(service: ServiceDescriptor) -> list[str]:
    return [
        "",
        f"class {service.name}Stub:",
        "    def __init__(self, channel: grpc.Channel | grpc.aio.Channel) -> None: ...",
        *(f"    {method.name}: {callable_type(method)}" for method in service.methods),
        "",
        f"class {service.name}Servicer:",
        *(servicer_method(method) for method in service.methods),
        "",
        f"def add_{service.name}Servicer_to_server(",
        f"    servicer: {service.name}Servicer, server: grpc.Server | grpc.aio.Server",
        ") -> None: ...",
    ]


def callable_type(method: MethodDescriptor) -> str:
    kind = ("Stream" if method.client_streaming else "Unary") + (
        "Stream" if method.server_streaming else "Unary"
    )
    return f"grpc.aio.{kind}MultiCallable[{type_name(method.input_type)}, {type_name(method.output_type)}]"


def servicer_method(method: MethodDescriptor) -> str:
    """`context` is Any, so that a server that has a context of its own can subclass."""
    request, reply = type_name(method.input_type), type_name(method.output_type)
    argument = (
        f"request_iterator: AsyncIterator[{request}]" if method.client_streaming else f"request: {request}"
    )
    result = f"AsyncIterator[{reply}]" if method.server_streaming else f"Awaitable[{reply}]"
    return f"    def {method.name}(self, {argument}, context: Any) -> {result}: ..."


def type_name(message: Descriptor) -> str:
    return f"{module_name(message.file)}.{message.full_name.removeprefix(f'{message.file.package}.')}"


def module_name(file: FileDescriptor) -> str:
    return file.name.removesuffix(".proto").replace("/", ".").replace("-", "_") + "_pb2"
