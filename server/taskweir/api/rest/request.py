"""An HTTP request as a message: the fields in its path, its query and its body."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from google.api.httpbody_pb2 import HttpBody
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from taskweir.api.http_rule import WHOLE_BODY, Binding
from taskweir.api.message_fields import FEW, check_fields
from taskweir.api.rest.json_faults import (
    BOOLS,
    cannot_bind,
    field_path,
    is_map,
    plain_message,
    refuse,
    without_unknown,
)
from taskweir.api.rest.json_message import put_json
from taskweir.api.rest.json_text import parsed
from taskweir.domain.errors import FieldViolation, InvalidArgument

_PROTO_TYPES: Final = ("application/x-protobuf", "application/protobuf")


class RequestReader:
    """Reads the requests of one binding of a method."""

    def __init__(
        self,
        request: type[Message],
        binding: Binding,
        *,
        passes_over_unknown: bool = False,
    ) -> None:
        """`passes_over_unknown` is of names in JSON and of query parameters. Raises ValueError for a binding that does
        not fit the request's message."""
        self._request = request
        self._descriptor = cast("Descriptor", request.DESCRIPTOR)
        self._body = binding.body
        self._passes_over_unknown = passes_over_unknown
        self._path_fields = {
            variable.field: _scalar_path(self._descriptor, variable.field)
            for variable in binding.template.variables
        }
        if self._body not in ("", WHOLE_BODY) and self._body not in self._descriptor.fields_by_name:
            raise ValueError(f"{self._descriptor.full_name} has no field {self._body} to hold a body")
        field = self._descriptor.fields_by_name.get(self._body)
        self._body_is_message = self._body == WHOLE_BODY or (
            field is not None and field.message_type is not None and not field.is_repeated
        )

    @property
    def has_body(self) -> bool:
        return bool(self._body)

    def read(
        self,
        body: bytes,
        content_type: str,
        parameters: Mapping[str, Sequence[str]],
        path_values: Mapping[str, str],
    ) -> Message:
        """The request's message; what the path says counts before what the query says, and that before the body.

        `content_type` is the header. Raises InvalidArgument, with what is wrong with which field.
        """
        message = self._request()
        if self._body:
            self._read_body(body, content_type, message)
        if parameters:
            self._read_query(parameters, message)
        for name, text in path_values.items():
            self._put(message, self._path_fields[name], [text])
        return message

    def _read_body(self, body: bytes, content_type: str, message: Message) -> None:
        target = self._body_message(message)
        if isinstance(target, HttpBody):
            # Whatever it is, nobody looks into it here.
            target.content_type = content_type.encode("utf-8", "replace").decode()
            target.data = body
        elif content_type.partition(";")[0].strip().lower() in _PROTO_TYPES:
            _read_proto(body, target)
        elif body:
            self._read_json(parsed(body), message)

    def _body_message(self, message: Message) -> Message | None:
        """What of the request the body is, where that is a message."""
        if not self._body_is_message:
            return None
        return message if self._body == WHOLE_BODY else getattr(message, self._body)

    def _read_json(self, content: object, message: Message) -> None:
        whole = content if self._body == WHOLE_BODY else {self._body: content}
        if self._passes_over_unknown:
            whole = without_unknown(whole, self._descriptor)
        if not isinstance(whole, dict):
            raise InvalidArgument(
                'Invalid JSON payload received. Unknown name "": Root element must be a message.'
            )
        put_json(whole, message)

    def _read_query(self, parameters: Mapping[str, Sequence[str]], message: Message) -> None:
        unknown: list[FieldViolation] = []
        for name, texts in parameters.items():
            fields = field_path(self._descriptor, name)
            if fields is not None and plain_message(fields[-1]) is None and not is_map(fields[-1]):
                self._put(message, fields, texts)
            elif not self._passes_over_unknown:
                unknown.append(cannot_bind(name))
        refuse(unknown)

    def _put(self, message: Message, fields: Sequence[FieldDescriptor], texts: Sequence[str]) -> None:
        for field in fields[:-1]:
            message = getattr(message, field.name)
        leaf = fields[-1]
        values = [_json_value(leaf, text) for text in _joined(leaf, texts)]
        content: dict[str, Any] = {leaf.name: values if leaf.is_repeated else values[-1]}
        above = ".".join(field.name for field in fields[:-1])
        put_json(content, message, above)


def _scalar_path(message: Descriptor, name: str) -> Sequence[FieldDescriptor]:
    fields = field_path(message, name)
    if fields is None or fields[-1].message_type is not None or fields[-1].is_repeated:
        raise ValueError(f"{message.full_name} has no field {name} that a path could hold")
    return fields


def _read_proto(body: bytes, target: Message | None) -> None:
    if target is None:
        raise InvalidArgument("The request's body is a field that only JSON can hold alone.")
    if len(body) > FEW:
        check_fields(body, target)
    try:
        target.MergeFromString(body)
    except DecodeError:
        # Not chained: its text speaks of the stubs.
        raise InvalidArgument("The request could not be parsed.") from None


def _joined(field: FieldDescriptor, texts: Sequence[str]) -> Sequence[str]:
    """An update mask may be in pieces."""
    if field.message_type is None or field.message_type.full_name != "google.protobuf.FieldMask":
        return texts
    return [",".join(texts)]


def _json_value(field: FieldDescriptor, text: str) -> object:
    """Text as JSON has it: numbers, names of enums and the like may be strings there, but no bools."""
    is_bool = field.type == FieldDescriptor.TYPE_BOOL or (
        field.message_type is not None and field.message_type.full_name == "google.protobuf.BoolValue"
    )
    return BOOLS.get(text, text) if is_bool else text
