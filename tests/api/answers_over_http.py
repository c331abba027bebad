"""The rows of the table of answers over HTTP, as v2 has it there."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final
from urllib.parse import quote, urlencode

from google.protobuf import json_format
from google.protobuf.message import Message
from tests.api.answers import LeftOut, Row
from tests.api.raw_calls import Refused

from taskweir.api.descriptors import descriptor_pool
from taskweir.api.http_rule import WHOLE_BODY, Binding, Template, bindings_of

_STATUSES: Final = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
}


@dataclass(frozen=True)
class HttpRow:
    """A request, and what is answered: the envelope, or None for a call that is served."""

    method: str
    path: str
    body: object
    status: int
    envelope: Mapping[str, Any] | None


def over_http(row: Row) -> HttpRow | LeftOut:
    """As the first binding of the method has it."""
    binding = _binding(row.rpc)
    if binding is None:
        return LeftOut.NO_METHOD
    mask = list(row.request.update_mask.paths) if row.rpc.startswith("Update") else []  # type: ignore[attr-defined]
    if mask == [""]:
        return LeftOut.EMPTY_MASK
    if not all(part for path in mask for part in path.split(".")):
        return LeftOut.NO_JSON
    try:
        fields = _json(row.request)
    except (ValueError, json_format.SerializeToJsonError):
        return LeftOut.NO_JSON
    path = _path(binding.template, fields)
    if path is None:
        return LeftOut.NO_PATH
    body: object = None
    if binding.body == WHOLE_BODY:
        body, fields = fields, {}
    elif binding.body:
        body = fields.pop(binding.body, {})
    query = fields | ({"updateMask": ",".join(mask)} if mask else {})
    return HttpRow(
        binding.http_method,
        f"{path}?{urlencode(query)}" if query else path,
        body,
        200 if row.answer is None else _STATUSES[row.answer.code],
        None if row.answer is None else _envelope(row.answer),
    )


def _binding(rpc: str) -> Binding | None:
    service, _, name = rpc.rpartition("/")
    file = "rest_only" if service else "cloudtasks"
    services = descriptor_pool().FindFileByName(f"google/cloud/tasks/v2/{file}.proto").services_by_name
    methods = services[service.rpartition(".")[2] or "CloudTasks"].methods_by_name
    return bindings_of(methods[name])[0] if name in methods else None


def _json(request: Message) -> dict[str, Any]:
    """Without masks, which JSON cannot have but in one spelling."""
    kept = type(request)()
    kept.CopyFrom(request)
    if "update_mask" in kept.DESCRIPTOR.fields_by_name:
        kept.ClearField("update_mask")
    fields: dict[str, Any] = json_format.MessageToDict(kept, preserving_proto_field_name=True)
    return fields


def _path(template: Template, fields: dict[str, Any]) -> str | None:
    """With the values of its variables, or None where they do not fit. What is in the path alone goes from the fields."""
    segments = list(template.segments)
    for variable in reversed(template.variables):
        *above, last = variable.field.split(".")
        holder = reduce(lambda inner, name: inner.get(name, {}), above, fields)
        value = str(holder.get(last, "")).split("/")
        wanted = segments[variable.start : variable.end]
        if len(value) != len(wanted) or not all(
            given and literal in ("*", given) for given, literal in zip(value, wanted, strict=True)
        ):
            return None
        segments[variable.start : variable.end] = [quote(segment, safe=":") for segment in value]
        if not above:
            del fields[last]
    return "/" + "/".join(segments) + (f":{template.verb}" if template.verb else "")


def _envelope(answer: Refused) -> Mapping[str, Any]:
    error: dict[str, Any] = {"code": _STATUSES[answer.code], "message": answer.message, "status": answer.code}
    if answer.details:
        error["details"] = [
            {
                "@type": f"type.googleapis.com/{detail.DESCRIPTOR.full_name}",
                **json_format.MessageToDict(detail),
            }
            for detail in answer.details
        ]
    return {"error": error}
