"""`GET /openapi.json`: every way to call what is mounted over HTTP, as OpenAPI 3.0, made of the descriptors alone."""

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

from aiohttp import web
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from taskweir.api.http_rule import ANY_METHOD, WHOLE_BODY, Binding, Template
from taskweir.api.methods import AnyMethod
from taskweir.api.rest.json_faults import is_map, plain_message
from taskweir.api.rest.openapi_schemas import Schema, Schemas, is_required
from taskweir.api.rest.query import FORMS
from taskweir.api.rest.style import RestStyle
from taskweir.api.rest.surface import Mount
from taskweir.api.true_names import true_name
from taskweir.version import running_version

Operation: TypeAlias = dict[str, Any]

_METHODS: Final = ("get", "put", "post", "delete", "patch")
"""Those that a binding for all of them is listed under."""
_JSON: Final = "application/json"
_PROTOBUF: Final = "application/x-protobuf"
_RAW: Final = "google.api.HttpBody"
_ERROR: Final[Schema] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "status": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
                "errors": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}
_PARAMETERS: Final[dict[str, Schema]] = {
    "alt": {"type": "string", "enum": [alt for alt in FORMS if alt]},
    "fields": {"type": "string"},
    "prettyPrint": {"type": "boolean"},
    "$.xgafv": {"type": "string", "enum": ["1", "2"]},
}
"""Which every method takes that answers once."""


def openapi_page(mounts: Sequence[Mount]) -> Callable[[web.BaseRequest], Awaitable[web.Response]]:
    """The page that has the document of these. It is made when it is first asked for."""

    @cache
    def text() -> bytes:
        return json.dumps(document(mounts), separators=(",", ":")).encode()

    async def openapi(_: web.BaseRequest) -> web.Response:
        return web.Response(body=text(), content_type=_JSON)

    return openapi


def document(mounts: Sequence[Mount]) -> dict[str, Any]:
    """The OpenAPI document. Where two bindings are for the same requests, it has the one that was mounted first, which
    is the one that is served."""
    schemas = Schemas()
    paths: dict[str, dict[str, Operation]] = {}
    for mount in mounts:
        for method in mount.service.methods():
            for number, binding in enumerate(method.bindings):
                operations = paths.setdefault(path_of(binding.template), {})
                for http_method in http_methods(binding):
                    name = _operation_id(mount, method, number, http_method)
                    made = _operation(mount, method, binding, name, schemas)
                    operations.setdefault(http_method, made)
    return {
        "openapi": "3.0.3",
        "info": {"title": "taskweir", "version": running_version()},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "parameters": {
                name: {"name": name, "in": "query", "schema": schema} for name, schema in _PARAMETERS.items()
            },
            "responses": {"Error": {"description": "Refused.", "content": {_JSON: {"schema": _ERROR}}}},
        },
    }


def path_of(template: Template) -> str:
    """The template with a parameter for each segment that is open."""
    names = dict(_open_segments(template))
    segments = [f"{{{names[at]}}}" if at in names else text for at, text in enumerate(template.segments)]
    return "/" + "/".join(segments) + (f":{template.verb}" if template.verb else "")


def http_methods(binding: Binding) -> Sequence[str]:
    return _METHODS if binding.http_method == ANY_METHOD else (binding.http_method.lower(),)


def _open_segments(template: Template) -> Iterator[tuple[int, str]]:
    """Where they are, and their names: by the collection before them, as in projectsId, or by the field that one
    segment fills."""
    fields = {
        variable.start: variable.field
        for variable in template.variables
        if variable.end == variable.start + 1
    }
    for at, text in enumerate(template.segments):
        if text in ("*", "**"):
            yield at, fields[at].replace(".", "_") if at in fields else f"{template.segments[at - 1]}Id"


def _operation_id(mount: Mount, method: AnyMethod, number: int, http_method: str) -> str:
    """Unique: a method may be called in several ways, and a service that has one name is another one in each version."""
    parts = [true_name(mount.service.descriptor.full_name), method.name]
    if method.bindings[number].http_method == ANY_METHOD:
        parts.append(http_method)
    return ".".join([*parts, str(number + 1)] if number else parts)


def _operation(mount: Mount, method: AnyMethod, binding: Binding, name: str, schemas: Schemas) -> Operation:
    descriptor = mount.service.descriptor.methods_by_name[method.name]
    operation: Operation = {
        "operationId": name,
        "tags": [mount.service.name],
        "parameters": _parameters(descriptor, binding, schemas),
        "responses": {
            **_answer(descriptor, mount.style, schemas),
            "default": {"$ref": "#/components/responses/Error"},
        },
    }
    if binding.body:
        operation["requestBody"] = _body(descriptor.input_type, binding, schemas)
    if descriptor.GetOptions().deprecated:
        operation["deprecated"] = True
    return operation


def _parameters(method: MethodDescriptor, binding: Binding, schemas: Schemas) -> list[Schema]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[^/]+$"}}
        for _, name in _open_segments(binding.template)
    ]
    taken = {variable.field for variable in binding.template.variables} | {binding.body}
    in_query = [] if binding.body == WHOLE_BODY else list(_in_query(method.input_type, taken, schemas))
    shared = [] if method.server_streaming else list(_PARAMETERS)
    return [*in_path, *in_query, *({"$ref": f"#/components/parameters/{name}"} for name in shared)]


def _in_query(
    message: Descriptor, taken: set[str], schemas: Schemas, above: Sequence[FieldDescriptor] = ()
) -> Iterator[Schema]:
    """The fields that a query may hold: those of messages within the request too, but not of lists or maps of them."""
    for field in message.fields:
        way = (*above, field)
        inside = plain_message(field)
        if ".".join(each.name for each in way) in taken or is_map(field):
            continue
        if inside is None:
            required = {"required": True} if all(map(is_required, way)) else {}
            name = ".".join(each.json_name for each in way)
            yield {"name": name, "in": "query", **required, "schema": schemas.of_field(field)}
        elif not field.is_repeated and all(inside != each.containing_type for each in way):
            yield from _in_query(inside, taken, schemas, way)


def _body(request: Descriptor, binding: Binding, schemas: Schemas) -> Schema:
    if binding.body == WHOLE_BODY:
        in_path = {variable.field for variable in binding.template.variables}
        schema = schemas.of_fields(request, without=in_path)
        return {"content": {_JSON: {"schema": schema}}, "required": "required" in schema}
    field = request.fields_by_name[binding.body]
    if field.message_type is not None and field.message_type.full_name == _RAW:
        return {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
    return {"content": {_JSON: {"schema": schemas.of_field(field)}}, "required": is_required(field)}


def _answer(method: MethodDescriptor, style: RestStyle, schemas: Schemas) -> Schema:
    """Under its status."""
    if style.empty_is_no_content and method.output_type.full_name == "google.protobuf.Empty":
        return {"204": {"description": "Done."}}
    schema = schemas.of_message(method.output_type)
    if method.server_streaming:
        # OpenAPI has no schemas for what is in an event.
        events = f"Events, with data as {true_name(method.output_type.full_name)}."
        return {"200": {"description": events, "content": {"text/event-stream": {}}}}
    content = {_JSON: {"schema": schema}, _PROTOBUF: {"schema": {"type": "string", "format": "binary"}}}
    return {"200": {"description": "Done.", "content": content}}
