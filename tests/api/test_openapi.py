"""The OpenAPI document has every way to call what is mounted, and says of it what the descriptors do."""

import re
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

import pytest
from aiohttp import ClientSession
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from tests.api.running import Running

from taskweir.api.descriptors import descriptor_pool
from taskweir.api.http_rule import Template, bindings_of
from taskweir.api.rest.openapi import http_methods, path_of

QUEUES: Final = "/v2/projects/{projectsId}/locations/{locationsId}/queues"
QUEUE: Final = f"{QUEUES}/{{queuesId}}"
OLD_TASK: Final = "/taskqueue/v1beta2/projects/{project}/taskqueues/{taskqueue}/tasks/{task}"
OURS: Final = ("google.cloud.tasks.", "taskweir.")


@pytest.fixture
async def document(server: Running) -> dict[str, Any]:
    """That of a server with the default settings, which has the control API too."""
    url = f"http://{server.server.http_address}/openapi.json"
    async with ClientSession() as session, session.get(url) as answer:
        assert answer.content_type == "application/json"
        found: dict[str, Any] = await answer.json()
        return found


def methods() -> Iterator[MethodDescriptor]:
    """Of every service in our protos."""
    shipped = resources.files("taskweir_pb").joinpath("descriptors.binpb").read_bytes()
    for file in FileDescriptorSet.FromString(shipped).file:
        if file.package.startswith(OURS):
            for service in descriptor_pool().FindFileByName(file.name).services_by_name.values():
                yield from service.methods


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, by_method in document["paths"].items():
        for operation in by_method.values():
            yield path, operation


def parameters(operation: dict[str, Any], where: str) -> dict[str, dict[str, Any]]:
    """Its own, by name."""
    return {each["name"]: each for each in operation["parameters"] if each.get("in") == where}


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_it_has_every_binding(document: dict[str, Any]) -> None:
    """Of every service, under each HTTP method that the binding takes."""
    missing = [
        f"{http_method} {path_of(binding.template)}"
        for method in methods()
        for binding in bindings_of(method)
        for http_method in http_methods(binding)
        if http_method not in document["paths"].get(path_of(binding.template), {})
    ]

    assert missing == []
    assert len(document["paths"]) > 80


def test_it_is_whole(document: dict[str, Any]) -> None:
    """What is referred to is there, names of operations are unique, and parameters of paths are those in the path."""
    for reference in set(references(document)):
        at: Any = document
        for key in reference.removeprefix("#/").split("/"):
            at = at[key]
        assert at, reference
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    for path, operation in operations(document):
        assert sorted(parameters(operation, "path")) == sorted(re.findall(r"\{(\w+)\}", path))


def test_names_are_those_that_clients_know(document: dict[str, Any]) -> None:
    """And not those of the stubs."""
    assert "taskweir_pb" not in str(document)
    assert "google.cloud.tasks.v2beta3.Queue" in document["components"]["schemas"]


def test_every_form_of_answer_can_be_asked_for(document: dict[str, Any]) -> None:
    """Also the one in which enums are numbers, which the official clients want."""
    assert document["components"]["parameters"]["alt"]["schema"]["enum"] == [
        "json",
        "json;enum-encoding=int",
        "media",
        "proto",
    ]


def test_a_list_is_asked_for_by_a_query(document: dict[str, Any]) -> None:
    """The fields that are not in the path, in camelCase, with their types."""
    query = parameters(document["paths"][f"{QUEUE}/tasks"]["get"], "query")

    assert sorted(query) == ["pageSize", "pageToken", "responseView"]
    assert query["pageSize"]["schema"] == {"type": "integer", "format": "int32"}
    assert query["responseView"]["schema"] == {"$ref": "#/components/schemas/google.cloud.tasks.v2.Task.View"}


def test_a_body_of_everything_is_without_what_the_path_says(document: dict[str, Any]) -> None:
    """What is required of it, is; and nothing that the message has not may be in it."""
    body = document["paths"][f"{QUEUE}/tasks"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]

    assert body["required"]
    assert sorted(schema["properties"]) == ["responseView", "task"]
    assert schema["required"] == ["task"]
    assert schema["additionalProperties"] is False


def test_a_body_of_one_field_leaves_the_others_to_the_query(document: dict[str, Any]) -> None:
    """As an update's mask."""
    operation = document["paths"][QUEUE]["patch"]

    assert sorted(parameters(operation, "query")) == ["updateMask"]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/google.cloud.tasks.v2.Queue"
    }


def test_a_schema_says_what_the_descriptor_does(document: dict[str, Any]) -> None:
    """Types, what is for output only, and of a oneof one field at most."""
    schemas = document["components"]["schemas"]
    task = schemas["google.cloud.tasks.v2.Task"]
    request = schemas["google.cloud.tasks.v2.HttpRequest"]["properties"]

    assert task["properties"]["dispatchCount"] == {"type": "integer", "format": "int32", "readOnly": True}
    assert task["properties"]["scheduleTime"]["format"] == "date-time"
    assert task["properties"]["view"]["readOnly"]
    assert {"not": {"required": ["appEngineHttpRequest", "httpRequest"]}} in task["allOf"]
    assert request["headers"] == {"type": "object", "additionalProperties": {"type": "string"}}
    assert request["body"] == {"type": "string", "format": "byte"}
    assert "POST" in schemas["google.cloud.tasks.v2.HttpMethod"]["enum"]


def test_each_surface_answers_in_its_own_way(document: dict[str, Any]) -> None:
    """A stream as events, an old deletion without a body, and what takes any method under each of them."""
    paths = document["paths"]

    assert list(paths["/taskweir/v1/attempts:watch"]["get"]["responses"]["200"]["content"]) == [
        "text/event-stream"
    ]
    assert sorted(paths[OLD_TASK]["delete"]["responses"]) == ["204", "default"]
    assert sorted(paths[QUEUE]["delete"]["responses"]) == ["200", "default"]
    assert list(paths["/api/queue/update"]["post"]["requestBody"]["content"]) == ["*/*"]
    assert sorted(paths[f"{QUEUE}/tasks:buffer"]) == ["delete", "get", "patch", "post", "put"]


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/v1/clock", "/v1/clock"),
        ("/v1/{name=queues/*}", "/v1/queues/{queuesId}"),
        ("/v1/{queue.name=projects/*/queues/*}:pause", "/v1/projects/{projectsId}/queues/{queuesId}:pause"),
        ("/v1/{queue=queues/*}/tasks/{task_id}", "/v1/queues/{queuesId}/tasks/{task_id}"),
        ("/v1/{task.id}", "/v1/{task_id}"),
        ("/v1/{name=operations/**}", "/v1/operations/{operationsId}"),
        ("/v1/:reset", "/v1/:reset"),
    ],
)
def test_a_path_has_a_parameter_for_each_open_segment(template: str, path: str) -> None:
    """Named by the collection before it, or by the field that it fills alone."""
    assert path_of(Template.parse(template)) == path
