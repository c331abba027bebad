"""Parsed JSON, written into messages. What is written as most clients write it goes straight into its field; other
spellings of a value are checked, and then left to protobuf's own parser, which is slower and takes more than it should."""

import contextlib
import re
from base64 import urlsafe_b64decode
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias, cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

from taskweir.api.rest.json_faults import (
    in_field,
    is_map,
    plain_message,
    refuse,
    violations,
)
from taskweir.api.rest.json_values import FIELD_MASK, TEXT_FORMS, is_base64, is_text
from taskweir.domain.errors import InvalidArgument

_CAPITAL: Final = re.compile("[A-Z]")
_INT32: Final = 1 << 31

_Put: TypeAlias = Callable[[Message, Any], bool]
"""Writes a value into a field, or says that it is not spelled as usual; the message may have a part of it by then."""

_Read: TypeAlias = Callable[[object], str | bytes | bool | int | None]
"""The value that JSON says, or None where it is not spelled as usual."""


class _MisfitError(Exception):
    """Something is wrong, and `violations` will find what."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A field by one of its names. `twin` is its other name, where this is the less usual one; `oneof` is empty for a
    field that excludes no other."""

    field: FieldDescriptor
    put: _Put
    twin: str
    oneof: str


def put_json(
    content: dict[str, Any],
    message: Message,
    above: str = "",
) -> None:
    """Write parsed JSON into a message, which `above` is the path to.

    Raises InvalidArgument; the message then has some of it.
    """
    try:
        _put_all(content, message)
    except (_MisfitError, ParseError):
        # Not chained: protobuf's text speaks of the stubs.
        refuse(violations(content, _descriptor(message), above))
        raise InvalidArgument("Invalid JSON payload received.") from None


def _put_all(content: object, message: Message) -> None:
    if not isinstance(content, Mapping):
        raise _MisfitError
    fields = _fields(_descriptor(message))
    taken: set[str] = set()
    for name, value in content.items():
        field = fields.get(name)
        if field is None:
            raise _MisfitError
        if value is None:
            continue
        if (field.twin and content.get(field.twin) is not None) or field.oneof in taken:
            raise _MisfitError
        if field.oneof:
            taken.add(field.oneof)
        if not field.put(message, value):
            _put_otherwise(field.field, message, value)


def _put_otherwise(field: FieldDescriptor, message: Message, value: object) -> None:
    if any(in_field(field, value, "")):
        raise _MisfitError
    message.ClearField(field.name)
    ParseDict({field.json_name: value}, message)


@cache
def _fields(message: Descriptor) -> Mapping[str, _Field]:
    """By either of their names."""
    found: dict[str, _Field] = {}
    for field in message.fields:
        put = _putting(field)
        oneof = field.containing_oneof.name if field.containing_oneof is not None else ""
        found[field.name] = _Field(field, put, field.json_name, oneof)
        # The second of two equal names counts.
        found[field.json_name] = _Field(field, put, "", oneof)
    return found


def _putting(field: FieldDescriptor) -> _Put:
    if is_map(field):
        return _text_map(field)
    if plain_message(field) is not None:
        return _messages(field.name) if field.is_repeated else _message(field.name)
    if field.is_repeated:
        return _texts(field.name) if field.type == FieldDescriptor.TYPE_STRING else _unusual
    if field.message_type is not None:
        return _well_known(field.name, field.message_type.full_name)
    read = _reading(field)
    return _unusual if read is None else _scalar(field.name, read)


def _unusual(_message: Message, _value: object) -> bool:
    return False


def _message(name: str) -> _Put:
    def put(message: Message, value: Any) -> bool:  # noqa: ANN401 - JSON
        inside = getattr(message, name)
        inside.SetInParent()
        _put_all(value, inside)
        return True

    return put


def _messages(name: str) -> _Put:
    def put(message: Message, value: Any) -> bool:  # noqa: ANN401 - JSON
        if not isinstance(value, list):
            raise _MisfitError
        items = getattr(message, name)
        for item in value:
            _put_all(item, items.add())
        return True

    return put


def _text_map(field: FieldDescriptor) -> _Put:
    assert field.message_type is not None
    text = FieldDescriptor.TYPE_STRING
    if any(part.type != text for part in field.message_type.fields):
        return _unusual
    name = field.name

    def put(message: Message, value: Any) -> bool:  # noqa: ANN401 - JSON
        if not isinstance(value, dict):
            return False
        entries = getattr(message, name)
        for key, item in value.items():
            if not is_text(key) or not is_text(item):
                return False
            entries[key] = item
        return True

    return put


def _texts(name: str) -> _Put:
    def put(message: Message, value: Any) -> bool:  # noqa: ANN401 - JSON
        if not isinstance(value, list) or not all(map(is_text, value)):
            return False
        getattr(message, name).extend(value)
        return True

    return put


def _well_known(name: str, full_name: str) -> _Put:
    if full_name == "google.protobuf.FieldMask":
        return _field_mask(name)
    form = TEXT_FORMS.get(full_name)
    return _unusual if form is None else _written(name, form)


def _written(name: str, form: re.Pattern[str]) -> _Put:
    """Timestamps and durations, which are text in JSON."""

    def put(message: Message, value: Any) -> bool:  # noqa: ANN401 - JSON
        if not isinstance(value, str) or form.fullmatch(value) is None:
            return False
        inside = getattr(message, name)
        inside.SetInParent()
        try:
            inside.FromJsonString(value)
        except ValueError:
            return False
        return True

    return put


def _field_mask(name: str) -> _Put:
    """Its paths in camelCase, as JSON has it, or in snake_case, which protobuf's parser would refuse."""

    def put(message: Message, value: Any) -> bool:  # noqa: ANN401 - JSON
        if not isinstance(value, str) or FIELD_MASK.fullmatch(value) is None:
            return False
        mask = getattr(message, name)
        mask.SetInParent()
        snake = _CAPITAL.sub(lambda found: f"_{found[0].lower()}", value)
        mask.paths[:] = [path for path in snake.split(",") if path]
        return True

    return put


def _scalar(name: str, read: _Read) -> _Put:
    def put(message: Message, value: Any) -> bool:  # noqa: ANN401 - JSON
        found = read(value)
        if found is None:
            return False
        setattr(message, name, found)
        return True

    return put


def _reading(field: FieldDescriptor) -> _Read | None:
    """Other numbers are rare, and left to the slow way."""
    return _READS.get(field.type) if field.enum_type is None else _enum(field.enum_type)


def _enum(enum: EnumDescriptor) -> _Read:
    numbers = {value.name: value.number for value in enum.values}
    return lambda value: numbers.get(value) if isinstance(value, str) else None


def _text(value: object) -> str | None:
    return cast("str", value) if is_text(value) else None


def _bool(value: object) -> bool | None:
    return value if value is True or value is False else None


def _int32(value: object) -> int | None:
    return value if type(value) is int and -_INT32 <= value < _INT32 else None


def _bytes(value: object) -> bytes | None:
    return _decoded(value) if isinstance(value, str) else None


def _decoded(text: str) -> bytes | None:
    """None for what is no base64."""
    if len(text) % 4 == 0 and not text.endswith("==="):
        # By far the fastest, and then as strict as it should be.
        with contextlib.suppress(ValueError):
            return a2b_base64(text, strict_mode=True)
    if not is_base64(text):
        return None
    padding = "=" * (-len(text) % 4)
    return urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + padding)


_READS: Final[Mapping[int, _Read]] = {
    FieldDescriptor.TYPE_STRING: _text,
    FieldDescriptor.TYPE_BYTES: _bytes,
    FieldDescriptor.TYPE_BOOL: _bool,
    FieldDescriptor.TYPE_INT32: _int32,
}


def _descriptor(message: Message) -> Descriptor:
    return cast("Descriptor", message.DESCRIPTOR)
