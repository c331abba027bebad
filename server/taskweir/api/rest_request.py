"""An HTTP request as a message: the fields in its path, its query and its body."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from taskweir.api.http_rule import WHOLE_BODY, Binding
from taskweir.api.json_faults import (
    BOOLS,
    TrueName,
    cannot_bind,
    field_path,
    is_map,
    plain_message,
    put_json,
    refuse,
)
from taskweir.api.json_text import parsed
from taskweir.domain.errors import FieldViolation, InvalidArgument

_SYSTEM_PARAMETERS: Final = frozenset(
    {
        "access_token",
        "alt",
        "callback",
        "fields",
        "key",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
        "uploadType",
        "upload_protocol",
        "userIp",
    }
)
"""Of every Google API, and so is whatever begins with $. They are no fields."""
_SNAKE: Final = re.compile("(?<=[a-z0-9])_([a-z])")


class RequestReader:
    """Reads the requests of one binding of a method."""

    def __init__(self, request: type[Message], binding: Binding, true_name: TrueName) -> None:
        """Raises ValueError for a binding that does not fit the request's message."""
        self._request = request
        self._descriptor = cast("Descriptor", request.DESCRIPTOR)
        self._body = binding.body
        self._true_name = true_name
        self._path_fields = {
            variable.field: _scalar_path(self._descriptor, variable.field)
            for variable in binding.template.variables
        }
        if self._body not in ("", WHOLE_BODY) and self._body not in self._descriptor.fields_by_name:
            raise ValueError(f"{self._descriptor.full_name} has no field {self._body} to hold a body")

    @property
    def has_body(self) -> bool:
        return bool(self._body)

    def read(self, body: bytes, query: str, path_values: Mapping[str, str]) -> Message:
        """The request's message; what the path says counts before what the query says, and that before the body.

        Raises InvalidArgument, with what is wrong with which field.
        """
        message = self._request()
        if body:
            self._read_json(parsed(body), message)
        if query:
            self._read_query(query, message)
        for name, text in path_values.items():
            self._put(message, self._path_fields[name], [text])
        return message

    def _read_json(self, content: object, message: Message) -> None:
        whole = content if self._body == WHOLE_BODY else {self._body: content}
        if not isinstance(whole, dict):
            raise InvalidArgument(
                'Invalid JSON payload received. Unknown name "": Root element must be a message.'
            )
        put_json(whole, message, self._true_name)

    def _read_query(self, query: str, message: Message) -> None:
        unknown: list[FieldViolation] = []
        for name, texts in _parameters(query).items():
            fields = field_path(self._descriptor, name)
            if fields is None or plain_message(fields[-1]) is not None or is_map(fields[-1]):
                unknown.append(cannot_bind(name))
            else:
                self._put(message, fields, texts)
        refuse(unknown)

    def _put(self, message: Message, fields: Sequence[FieldDescriptor], texts: Sequence[str]) -> None:
        for field in fields[:-1]:
            message = getattr(message, field.name)
        leaf = fields[-1]
        values = [_json_value(leaf, text) for text in _joined(leaf, texts)]
        content: dict[str, Any] = {leaf.name: values if leaf.is_repeated else values[-1]}
        above = ".".join(field.name for field in fields[:-1])
        put_json(content, message, self._true_name, above)


def _scalar_path(message: Descriptor, name: str) -> Sequence[FieldDescriptor]:
    fields = field_path(message, name)
    if fields is None or fields[-1].message_type is not None or fields[-1].is_repeated:
        raise ValueError(f"{message.full_name} has no field {name} that a path could hold")
    return fields


def _parameters(query: str) -> Mapping[str, list[str]]:
    """By name, without the system's."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidArgument("The URL is not valid UTF-8 when percent-decoded.") from error
    found: dict[str, list[str]] = {}
    for name, text in pairs:
        if name not in _SYSTEM_PARAMETERS and not name.startswith("$"):
            found.setdefault(name, []).append(text)
    return found


def _joined(field: FieldDescriptor, texts: Sequence[str]) -> Sequence[str]:
    """An update mask may be in pieces, and its paths in snake_case, which JSON has not."""
    if field.message_type is None or field.message_type.full_name != "google.protobuf.FieldMask":
        return texts
    return [_SNAKE.sub(lambda found: found[1].upper(), ",".join(texts))]


def _json_value(field: FieldDescriptor, text: str) -> object:
    """Text as JSON has it: numbers, names of enums and the like may be strings there, but no bools."""
    is_bool = field.type == FieldDescriptor.TYPE_BOOL or (
        field.message_type is not None and field.message_type.full_name == "google.protobuf.BoolValue"
    )
    return BOOLS.get(text, text) if is_bool else text
