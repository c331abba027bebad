"""Which JSON values a field takes that has no fields of its own: stricter than protobuf's own parser, which takes
`1_0` for a number, digits of any script, and skips what is no base64."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_HALF: Final = re.compile("[\ud800-\udfff]")
_NOT_FINITE: Final = ("NaN", "Infinity", "-Infinity")
_INTEGER: Final = re.compile(r"-?\d{1,19}|1\d{19}", re.ASCII)
_TIMESTAMP: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
)
_DURATION: Final = re.compile(r"-?\d{1,12}(\.\d{1,9})?s", re.ASCII)
FIELD_MASK: Final = re.compile(
    r"(\*(,(?=[a-z*])|$)|[a-z]([a-zA-Z0-9]|_(?=[a-z0-9]))*(\.(?=[a-z])|,(?=[a-z*])|$))*", re.ASCII
)
"""In camelCase, or in snake_case; `*` is a path too."""
_BASE64: Final = re.compile(r"([A-Za-z0-9+/]*|[A-Za-z0-9_-]*)(={0,2})", re.ASCII)
_FLOAT_MAX: Final = 3.4028234663852886e38
_WRAPPER: Final = re.compile(
    r"google\.protobuf\.(Double|Float|U?Int64|U?Int32|Bool|String|Bytes)Value", re.ASCII
)


def fits(field: FieldDescriptor, value: object) -> bool:
    """Whether it can be one value of the field."""
    message = field.message_type
    if message is None:
        return _SCALARS[field.type](field, value)
    if _WRAPPER.fullmatch(message.full_name):
        return fits(message.fields_by_name["value"], value)
    check = _WELL_KNOWN.get(message.full_name)
    return check(value) if check is not None else _is_read(GetMessageClass(message), value)


def is_base64(text: str) -> bool:
    """In the usual alphabet or the one for URLs, padded or not."""
    parts = _BASE64.fullmatch(text)
    if parts is None:
        return False
    digits, padding = parts.groups()
    return len(digits) % 4 != 1 and (not padding or (len(digits) + len(padding)) % 4 == 0)


def is_text(value: object) -> bool:
    """JSON can hold halves of characters, which UTF-8 cannot."""
    return isinstance(value, str) and (value.isascii() or not _HALF.search(value))


def _is_text(_: FieldDescriptor, value: object) -> bool:
    return is_text(value)


def _is_bool(_: FieldDescriptor, value: object) -> bool:
    return isinstance(value, bool)


def _is_bytes(_: FieldDescriptor, value: object) -> bool:
    return isinstance(value, str) and is_base64(value)


def _is_double(_: FieldDescriptor, value: object) -> bool:
    return value in _NOT_FINITE or _number(value) is not None


def _is_float(_: FieldDescriptor, value: object) -> bool:
    number = _number(value)
    return value in _NOT_FINITE or (number is not None and abs(number) <= _FLOAT_MAX)


def _is_enum(field: FieldDescriptor, value: object) -> bool:
    """A name, or a number: numbers without a name are for the method to judge."""
    assert field.enum_type is not None
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        return value.isascii() and value in field.enum_type.values_by_name
    return _INT32(field, value)


def _whole(first: int, last: int) -> Callable[[FieldDescriptor, object], bool]:
    def is_whole(_: FieldDescriptor, value: object) -> bool:
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        number = value if isinstance(value, int) and not isinstance(value, bool) else _number(value)
        return number is not None and number == math.floor(number) and first <= number <= last

    return is_whole


def _number(value: object) -> float | None:
    """Of a JSON number, or of text that could be one. None for what is none, or beyond what a double can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


_INT32: Final = _whole(-(1 << 31), (1 << 31) - 1)
_INT64: Final = _whole(-(1 << 63), (1 << 63) - 1)
_UINT32: Final = _whole(0, (1 << 32) - 1)
_UINT64: Final = _whole(0, (1 << 64) - 1)

_SCALARS: Final[Mapping[int, Callable[[FieldDescriptor, object], bool]]] = {
    FieldDescriptor.TYPE_STRING: _is_text,
    FieldDescriptor.TYPE_BYTES: _is_bytes,
    FieldDescriptor.TYPE_BOOL: _is_bool,
    FieldDescriptor.TYPE_DOUBLE: _is_double,
    FieldDescriptor.TYPE_FLOAT: _is_float,
    FieldDescriptor.TYPE_ENUM: _is_enum,
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_SFIXED32: _INT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SINT64: _INT64,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_FIXED32: _UINT32,
    FieldDescriptor.TYPE_UINT64: _UINT64,
    FieldDescriptor.TYPE_FIXED64: _UINT64,
}


def _is_written(form: re.Pattern[str], kind: type[Message]) -> Callable[[object], bool]:
    """Text of that form, which also makes sense: there is no 30 February."""
    return lambda value: (
        isinstance(value, str) and form.fullmatch(value) is not None and _is_read(kind, value)
    )


def _is_read(kind: type[Message], value: Any) -> bool:  # noqa: ANN401 - the parser's own idea of JSON
    try:
        ParseDict(value, kind())
    except (ParseError, ValueError, TypeError, AttributeError):  # it stumbles over what it does not expect
        return False
    return True


TEXT_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    "google.protobuf.Timestamp": _TIMESTAMP,
    "google.protobuf.Duration": _DURATION,
}
"""What text must look like; it need not make sense yet."""

_WELL_KNOWN: Final[Mapping[str, Callable[[object], bool]]] = {
    "google.protobuf.Timestamp": _is_written(_TIMESTAMP, Timestamp),
    "google.protobuf.Duration": _is_written(_DURATION, Duration),
    "google.protobuf.FieldMask": lambda value: isinstance(value, str) and bool(FIELD_MASK.fullmatch(value)),
    "google.protobuf.Empty": lambda value: value == {},
}
