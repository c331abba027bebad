"""What is wrong with JSON that does not fit a message, in the words of Google's front ends."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from taskweir.api.rest.json_values import fits
from taskweir.api.true_names import true_name
from taskweir.domain.errors import BadRequest, FieldViolation, InvalidArgument, quoted

BOOLS: Final[Mapping[str, bool]] = {"true": True, "false": False}
"""As text, where JSON has no other: in queries, and as keys."""
_MOST: Final = 20
"""Violations told of one request."""
_WELL_KNOWN: Final = "google.protobuf."
_TYPE_NAMES: Final[Mapping[int, str]] = {
    number: name
    for name, number in vars(FieldDescriptor).items()
    if name.startswith("TYPE_") and isinstance(number, int)
}


def refuse(violations: Iterable[FieldViolation]) -> None:
    """Raises InvalidArgument, with the first few of them, if there are any."""
    told = tuple(islice(violations, _MOST))
    if told:
        raise InvalidArgument("\n".join(one.description for one in told), BadRequest(told))


def violations(content: object, message: Descriptor, path: str = "") -> Iterator[FieldViolation]:
    """Everything in `content`, parsed JSON, that is no such message. `path` is where in the request it is."""
    if not isinstance(content, Mapping):
        yield _misfit(path, _type_url(message.full_name), content)
        return
    by_name = fields_by_name(message)
    seen: set[str] = set()
    for name, value in content.items():
        field = by_name.get(name)
        if field is None:
            yield _unknown(name, path, "Cannot find field.")
        elif value is not None:
            if field.name in seen:
                yield FieldViolation(
                    path, f"Invalid JSON payload received. Field '{field.json_name}' is set twice."
                )
            yield from _taken_oneof(field, seen, path)
            seen.add(field.name)
            yield from in_field(field, value, _below(path, field.name))


@cache
def fields_by_name(message: Descriptor) -> Mapping[str, FieldDescriptor]:
    """By either of their names."""
    return {name: field for field in message.fields for name in (field.name, field.json_name)}


def without_unknown(content: object, message: Descriptor) -> object:
    """`content`, parsed JSON, without the names that are no fields of the message or of one in it."""
    if not isinstance(content, Mapping):
        return content
    by_name = fields_by_name(message)
    return {name: _known(by_name[name], value) for name, value in content.items() if name in by_name}


def _known(field: FieldDescriptor, value: object) -> object:
    plain = plain_message(field)
    if plain is None:
        return value
    return (
        [without_unknown(item, plain) for item in value]
        if isinstance(value, list)
        else (without_unknown(value, plain))
    )


def _taken_oneof(field: FieldDescriptor, seen: set[str], path: str) -> Iterator[FieldViolation]:
    oneof = field.containing_oneof
    if oneof is not None and any(other.name in seen for other in oneof.fields if other.name != field.name):
        description = (
            f"Invalid value at '{path}' (oneof), oneof field '{oneof.name}' is already set. "
            f"Cannot set '{field.json_name}'"
        )
        yield FieldViolation(path, description)


def in_field(field: FieldDescriptor, value: object, path: str) -> Iterator[FieldViolation]:
    """Everything that keeps `value` from being the field's."""
    if not field.is_repeated:
        yield from _in_value(field, value, path)
    elif is_map(field):
        yield from _in_map(field, value, path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _in_value(field, item, f"{path}[{index}]")
    else:
        yield _misfit(path, "a list", value)


def _in_value(field: FieldDescriptor, value: object, path: str) -> Iterator[FieldViolation]:
    plain = plain_message(field)
    if plain is not None:
        yield from violations(value, plain, path)
    elif not fits(field, value):
        type_name = _type_of(field)
        if field.type == FieldDescriptor.TYPE_BYTES and isinstance(value, str):
            yield FieldViolation(path, f"Invalid value at '{path}' ({type_name}), {_no_base64(value)}")
        else:
            yield _misfit(path, type_name, value)


def _in_map(field: FieldDescriptor, value: object, path: str) -> Iterator[FieldViolation]:
    if not isinstance(value, Mapping):
        yield _misfit(path, "Map", value)
        return
    assert field.message_type is not None
    fields = field.message_type.fields_by_name
    for index, (key, item) in enumerate(value.items()):
        yield from _in_value(fields["key"], _key(fields["key"], key), f"{path}[{index}].key")
        yield from _in_value(fields["value"], item, f"{path}[{index}].value")


def _key(field: FieldDescriptor, key: str) -> object:
    """Keys are text in JSON, even those that are bools."""
    return BOOLS.get(key, key) if field.type == FieldDescriptor.TYPE_BOOL else key


def _no_base64(text: str) -> str:
    return f"Base64 decoding failed for {_shown(text)}"


@cache
def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and bool(field.message_type.GetOptions().map_entry)


@cache
def plain_message(field: FieldDescriptor) -> Descriptor | None:
    """A field's type where that has fields of its own in JSON, unlike a map, a Timestamp or the like."""
    message = field.message_type
    return None if message is None or is_map(field) or message.full_name.startswith(_WELL_KNOWN) else message


def _type_of(field: FieldDescriptor) -> str:
    named = field.message_type or field.enum_type
    return _type_url(named.full_name) if named is not None else _TYPE_NAMES[field.type]


def _type_url(full_name: str) -> str:
    return f"type.googleapis.com/{true_name(full_name)}"


def _misfit(path: str, type_name: str, value: object) -> FieldViolation:
    return FieldViolation(path, f"Invalid value at '{path}' ({type_name}), {_shown(value)}")


def _shown(value: object) -> str:
    return _writable(quoted(json.dumps(value, ensure_ascii=False)))


def _writable(text: str) -> str:
    """JSON can hold halves of characters, which UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _unknown(name: str, path: str, reason: str) -> FieldViolation:
    at = f" at '{path}'" if path else ""
    return FieldViolation(
        path, f'Invalid JSON payload received. Unknown name "{_writable(quoted(name))}"{at}: {reason}'
    )


def cannot_bind(name: str) -> FieldViolation:
    """A query parameter that is no field of the request."""
    return _unknown(
        name,
        "",
        f"Cannot bind query parameter. Field '{quoted(name)}' could not be found in request message.",
    )


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def field_path(message: Descriptor, name: str) -> Sequence[FieldDescriptor] | None:
    """The fields that a dotted name goes through, in camelCase or snake_case; None where it is no way to a field."""
    found: list[FieldDescriptor] = []
    inside: Descriptor | None = message
    for part in name.split("."):
        field = fields_by_name(inside).get(part) if inside is not None else None
        if field is None:
            return None
        found.append(field)
        inside = None if field.is_repeated else plain_message(field)
    return found
