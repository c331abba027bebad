"""Our protos say what the official client says: nothing is missing and nothing is extra.

The client's messages come from the descriptors that it registers, its RPCs from its gRPC transport, its HTTP
rules from its REST transport, and what else it knows from its classes.
"""

import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any, get_args, get_type_hints

import grpc
import proto
import pytest
from google.api import annotations_pb2, client_pb2, field_behavior_pb2, resource_pb2
from google.longrunning import operations_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FileDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto

from taskweir.api.descriptors import descriptor_pool, service

PROTOS = Path(__file__).parents[2] / "protos" / "google" / "cloud" / "tasks"
VERSIONS = sorted(folder.name for folder in PROTOS.iterdir())
MIXINS = {"GetOperation", "GetLocation", "ListLocations"}
REST_ONLY = "rest_only"
"""The file of what the API has over HTTP alone, of which the client knows nothing."""
BEYOND_THE_CLIENT = {"v2beta2": {"Task.retry_config"}}
"""Fields that only the discovery document has."""
WITHOUT_RULE = {"UploadQueueYaml"}
"""The client's REST transport cannot call it: its path is of no version."""

pytestmark = pytest.mark.parametrize("version", VERSIONS)


def test_every_message_is_in_its_file(version: str) -> None:
    """Each message, nested ones and map entries too, is there and lies in the file of the same name."""
    assert message_files(our_files(version)) == message_files(client_files(version))


def test_every_field_is_the_same(version: str) -> None:
    """Number, type, label, oneof, presence and JSON name of each field of each message."""
    ours = fields(our_files(version))
    for name in BEYOND_THE_CLIENT.get(version, ()):
        del ours[name]
    assert ours == fields(client_files(version))


def test_every_enum_has_the_same_values(version: str) -> None:
    """Name and number of each value of each enum, nested ones too."""
    assert enums(our_files(version)) == enums(client_files(version))


def test_the_stubs_differ_in_their_package_only(version: str) -> None:
    """What the server computes with is what the true descriptors say."""
    stubs = stub_files(version)
    assert message_files(stubs) == message_files(our_files(version))
    assert fields(stubs) == fields(our_files(version))
    assert enums(stubs) == enums(our_files(version))


def test_every_rpc_takes_and_returns_the_same(version: str) -> None:
    """Input, output and streaming of each RPC of the service."""
    ours = {
        method.name: (streaming(method), method.input_type.full_name, method.output_type.full_name)
        for method in methods(version)
    }
    assert ours == client_rpcs(version)


def test_the_stubs_call_the_true_method_paths(version: str) -> None:
    """A client made of our stubs reaches any Cloud Tasks server, not only one with our package name."""
    channel = RecordingChannel()
    importlib.import_module(f"taskweir_pb.{version}.cloudtasks_pb2_grpc").CloudTasksStub(channel)
    assert channel.calls == {
        f"/google.cloud.tasks.{version}.CloudTasks/{name}": kind
        for name, (kind, _, _) in client_rpcs(version).items()
    }


def test_every_http_rule_is_the_same(version: str) -> None:
    """Verb, path and body of each RPC, with its additional bindings in their order."""
    ours = {method.name: http_rules(method) for method in methods(version) if method.name not in WITHOUT_RULE}
    assert ours == {name: rules for name, rules in client_http_rules(version).items() if name not in MIXINS}


def test_every_method_signature_is_the_same(version: str) -> None:
    """The fields that the client takes as arguments beside the request."""
    usual = {"self", "request", "retry", "timeout", "metadata"}
    client = sdk(version).CloudTasksClient
    for method in methods(version):
        flattened = [
            name
            for name in inspect.signature(getattr(client, snake(method.name))).parameters
            if name not in usual
        ]
        signature = list(method.GetOptions().Extensions[client_pb2.method_signature])
        assert signature == ([",".join(flattened)] if flattened else []), method.name


def test_operations_name_the_messages_they_hold(version: str) -> None:
    """Response and metadata type of each RPC that returns an operation."""
    client = sdk(version).CloudTasksClient
    pattern = re.compile(r"from_gapic\(\s*response,\s*[\w.]+,\s*[\w.]*?(\w+),\s*metadata_type=[\w.]*?(\w+),")
    extension: Any = operations_pb2.operation_info
    for method in methods(version):
        info = method.GetOptions().Extensions[extension]
        types = [name.rsplit(".", 1)[-1] for name in (info.response_type, info.metadata_type) if name]
        named = pattern.search(inspect.getsource(getattr(client, snake(method.name))))
        assert types == (list(named.groups()) if named else []), method.name


def test_host_and_scopes_are_the_same(version: str) -> None:
    """Where the client connects by default, and what it asks to be allowed."""
    options = cloud_tasks(version).GetOptions()
    transport = sdk(version).services.cloud_tasks.transports.CloudTasksTransport
    assert options.Extensions[client_pb2.default_host] == transport.DEFAULT_HOST
    assert options.Extensions[client_pb2.oauth_scopes] == ",".join(transport.AUTH_SCOPES)


def test_required_and_output_only_fields_are_the_same(version: str) -> None:
    """The behaviour of a field is the first word of the client's text about it."""
    ours = {
        f"{message.name}.{field.name}": field_behavior_pb2.FieldBehavior.Name(behavior)
        for message in messages(our_files(version))
        for field in message.fields
        for behavior in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    }
    assert ours == client_behaviors(version)


def test_resource_names_are_the_same(version: str) -> None:
    """The pattern of each resource is the one that the client's path helper fills in."""
    patterns = {
        resource.type.rsplit("/", 1)[-1]: list(resource.pattern)
        for resource in [
            *(
                message.GetOptions().Extensions[resource_pb2.resource]
                for message in messages(our_files(version))
            ),
            *(
                definition
                for file in our_files(version)
                for definition in file.GetOptions().Extensions[resource_pb2.resource_definition]
            ),
        ]
        if resource.type
    }
    assert patterns == client_resources(version)


def test_references_name_known_resources(version: str) -> None:
    """No resource_reference has a slip of the pen in its type."""
    known = set(client_resources(version))
    for message in messages(our_files(version)):
        for field in message.fields:
            reference = field.GetOptions().Extensions[resource_pb2.resource_reference]
            named = reference.type or reference.child_type
            assert not named or named.rsplit("/", 1)[-1] in known, field.full_name


# What ours say.


def our_files(version: str) -> list[FileDescriptor]:
    return [
        descriptor_pool().FindFileByName(f"google/cloud/tasks/{version}/{stem}.proto")
        for stem in stems(version)
    ]


def stub_files(version: str) -> list[FileDescriptor]:
    return [
        importlib.import_module(f"taskweir_pb.{version}.{stem}_pb2").DESCRIPTOR for stem in stems(version)
    ]


def stems(version: str) -> list[str]:
    return [path.stem for path in (PROTOS / version).glob("*.proto") if path.stem != REST_ONLY]


def cloud_tasks(version: str) -> Any:
    return service(f"google.cloud.tasks.{version}.CloudTasks")


def methods(version: str) -> list[MethodDescriptor]:
    return list(cloud_tasks(version).methods)


def streaming(method: MethodDescriptor) -> str:
    """As a channel calls it, e.g. unary_stream."""
    return "_".join(
        "stream" if side else "unary" for side in (method.client_streaming, method.server_streaming)
    )


def http_rules(method: MethodDescriptor) -> list[dict[str, str]]:
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    return [
        {"method": (verb := one.WhichOneof("pattern")), "uri": getattr(one, verb)}
        | ({"body": one.body} if one.body else {})
        for one in (rule, *rule.additional_bindings)
    ]


# What the client says.


class RecordingChannel:
    """Keeps the path of each method that a stub asks a channel for, and whether it streams. Calls nothing."""

    def __init__(self) -> None:
        self.calls: dict[str, str] = {}

    def __getattr__(self, kind: str) -> Callable[..., Callable[[], None]]:
        def record(path: str, **how: Any) -> Callable[[], None]:
            self.calls[path] = kind
            return lambda: None

        return record


def sdk(version: str) -> ModuleType:
    return importlib.import_module(f"google.cloud.tasks_{version}")


def client_classes(version: str) -> list[type[proto.Message]]:
    types = vars(sdk(version).types).values()
    return [type_ for type_ in types if isinstance(type_, type) and issubclass(type_, proto.Message)]


def client_files(version: str) -> list[FileDescriptor]:
    files = {type_.pb().DESCRIPTOR.file.name: type_.pb().DESCRIPTOR.file for type_ in client_classes(version)}
    return list(files.values())


def client_rpcs(version: str) -> dict[str, tuple[str, str, str]]:
    """Kind, input and output of each RPC, as the transport's annotations and its calls of the channel say."""
    channel = RecordingChannel()
    with grpc.insecure_channel("localhost:1") as unused:
        transport = sdk(version).CloudTasksClient.get_transport_class("grpc")(channel=unused)
        transport._stubs.clear()
        transport._logged_channel = channel
        properties = {
            name: kind for name, kind in vars(type(transport)).items() if isinstance(kind, property)
        }
        for name in properties:
            getattr(transport, name)
    prefix = f"/google.cloud.tasks.{version}.CloudTasks/"
    rpcs = {}
    for path, kind in channel.calls.items():
        if path.startswith(prefix):
            name = path.removeprefix(prefix)
            (takes,), returns = get_args(get_type_hints(properties[snake(name)].fget)["return"])
            rpcs[name] = (kind, full_name(takes), full_name(returns))
    return rpcs


def client_http_rules(version: str) -> dict[str, list[dict[str, str]]]:
    module = importlib.import_module(
        f"google.cloud.tasks_{version}.services.cloud_tasks.transports.rest_base"
    )
    return {
        name.removeprefix("_Base"): rpc._get_http_options()
        for name, rpc in vars(module._BaseCloudTasksRestTransport).items()
        if name.startswith("_Base") and name.removeprefix("_Base") not in WITHOUT_RULE
    }


def client_behaviors(version: str) -> dict[str, str]:
    pattern = re.compile(
        r"^ +(\w+) \(.*\):\n +(Required|Optional|Output only|Immutable|Identifier)\.", re.MULTILINE
    )
    return {
        f"{type_.__name__}.{python_name(field)}": behavior.upper().replace(" ", "_")
        for type_ in client_classes(version)
        for field, behavior in pattern.findall(type_.__doc__ or "")
    }


def client_resources(version: str) -> dict[str, list[str]]:
    client = sdk(version).CloudTasksClient
    resources = {}
    for helper in dir(client):
        if helper.endswith("_path") and not helper.startswith(("parse_", "common_", "_")):
            path = getattr(client, helper)
            name = "".join(word.title() for word in helper.removesuffix("_path").split("_"))
            resources[name] = [path(*(f"{{{argument}}}" for argument in inspect.signature(path).parameters))]
    return resources


# What both are compared in.


def messages(files: Iterable[FileDescriptor]) -> Iterator[Descriptor]:
    for file in files:
        for message in file.message_types_by_name.values():
            yield from with_nested(message)


def with_nested(message: Descriptor) -> Iterator[Descriptor]:
    yield message
    for nested in message.nested_types:
        yield from with_nested(nested)


def message_files(files: Iterable[FileDescriptor]) -> dict[str, str]:
    return {relative(message): PurePath(message.file.name).name for message in messages(files)}


def fields(files: Iterable[FileDescriptor]) -> dict[str, dict[str, Any]]:
    """Each field as its descriptor has it, less its options. Names go without the package."""
    found = {}
    for message in messages(files):
        described = DescriptorProto()
        message.CopyToProto(described)
        for field in described.field:
            oneof = described.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else None
            found[f"{relative(message)}.{python_name(field.name)}"] = {
                "number": field.number,
                "type": field.Type.Name(field.type),
                "type_name": field.type_name.removeprefix(f".{message.file.package}."),
                "label": field.Label.Name(field.label),
                "oneof": oneof,
                "proto3_optional": field.proto3_optional,
                "json_name": python_name(message.fields_by_name[field.name].json_name),
                "map_entry": described.options.map_entry,
            }
    return found


def enums(files: Iterable[FileDescriptor]) -> dict[str, dict[str, int]]:
    files = list(files)
    found: list[EnumDescriptor] = [enum for file in files for enum in file.enum_types_by_name.values()]
    found += [enum for message in messages(files) for enum in message.enum_types]
    return {relative(enum): {value.name: value.number for value in enum.values} for enum in found}


def relative(described: Descriptor | EnumDescriptor) -> str:
    return described.full_name.removeprefix(f"{described.file.package}.")


def python_name(name: str) -> str:
    """The client's Python names of fields end in an underscore where they would hide a word of the language's."""
    return name.removesuffix("_")


def full_name(type_: Any) -> str:
    message = type_.pb() if issubclass(type_, proto.Message) else type_
    name: str = message.DESCRIPTOR.full_name
    return name


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
