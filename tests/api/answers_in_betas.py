"""The rows of the table of answers in the versions that came before v2."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from google.protobuf.message import Message
from tests.api.answers import LeftOut, Row
from tests.api.surfaces.dialect import DIALECTS

from taskweir_pb.v2beta2 import cloudtasks_pb2 as v2beta2
from taskweir_pb.v2beta3 import cloudtasks_pb2 as v2beta3

_CALLS: Final[Mapping[str, Any]] = {"v2beta3": v2beta3, "v2beta2": v2beta2}


def in_version(row: Row, version: str) -> Row | LeftOut:
    """The same request in a beta's terms, over gRPC. Types and fields are told by the version's own names."""
    service = f"google.cloud.tasks.{version}.CloudTasks"
    if (
        "/" in row.rpc
        or row.rpc not in _CALLS[version].DESCRIPTOR.services_by_name["CloudTasks"].methods_by_name
    ):
        return LeftOut.NO_METHOD
    request = row.request
    if request.DESCRIPTOR.full_name.startswith("taskweir_pb."):
        document = _document(request)
        if reason := _out_of_place(document, version):
            return reason
        try:
            request = getattr(_CALLS[version], f"{row.rpc}Request")(**_in_terms_of(version, document))
        except ValueError:
            return LeftOut.NO_FIELD
    answer = row.answer
    if answer is not None:
        message = answer.message.replace("google.cloud.tasks.v2.", f"google.cloud.tasks.{version}.")
        answer = replace(answer, message=DIALECTS[version].refusal(message))
    return Row(row.when, f"{service}/{row.rpc}", request, answer)


def _document(message: Message) -> dict[str, Any]:
    """As a message's constructor takes it; values need not be any that JSON has."""
    return {field.name: _value(field, value) for field, value in message.ListFields()}


def _value(field: Any, value: Any) -> Any:
    kind = field.message_type
    if kind is None or kind.full_name.startswith("google."):
        return value if not field.is_repeated else list(value)
    if kind.GetOptions().map_entry:
        return dict(value)
    return [_document(one) for one in value] if field.is_repeated else _document(value)


def _out_of_place(document: Mapping[str, Any], version: str) -> LeftOut | None:
    queue = document.get("queue", {})
    if queue.get("rate_limits", {}).get("max_burst_size", 0) < 0:
        return LeftOut.OTHER_MEANING  # in v2 alone it is output only
    if version == "v2beta2" and queue.get("retry_config", {}).get("max_attempts", 0) < -1:
        return LeftOut.OTHER_MEANING  # no negative number stands for anything there
    mask = document.get("update_mask")
    if mask is not None and "appEngineRoutingOverride" in mask.paths:
        return LeftOut.OTHER_NAME
    if mask is not None and DIALECTS[version].no_queue & {path.partition(".")[0] for path in mask.paths}:
        return LeftOut.NO_FIELD
    if mask is not None and version == "v2beta2" and "rateLimits.maxDispatchesPerSecond" in mask.paths:
        return LeftOut.OTHER_NAME
    return None


def _in_terms_of(version: str, document: dict[str, Any]) -> dict[str, Any]:
    dialect = DIALECTS[version]
    request = dialect.request(document)
    if "update_mask" in request:
        request["update_mask"] = {"paths": [dialect.path(path) for path in request["update_mask"].paths]}
    return request
