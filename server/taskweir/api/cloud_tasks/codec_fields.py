"""Single fields, whatever version their message is of. `path` names the message in the request; a value that a field
cannot have on the wire is refused with it (InvalidArgument)."""

import enum
from typing import TypeVar, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from taskweir.api.convert import instant, invalid_value, micros
from taskweir.api.true_names import true_name
from taskweir.domain.times import Instant, Micros

E = TypeVar("E", bound=enum.IntEnum)


def enum_field(kind: type[E], message: Message, name: str, path: str) -> E:
    """The domain's value of an enum, which has the same numbers."""
    number = getattr(message, name)
    try:
        return kind(number)
    except ValueError:
        raise unknown_enum(message, name, f"{path}.{name}") from None


def unknown_enum(message: Message, name: str, path: str) -> Exception:
    """`path` is that of the field."""
    type_of_enum = cast("Descriptor", message.DESCRIPTOR).fields_by_name[name].enum_type
    assert type_of_enum is not None
    return invalid_value(path, true_name(type_of_enum.full_name), getattr(message, name))


def duration_field(message: Message, name: str, path: str) -> Micros | None:
    """None where it is not set."""
    return micros(f"{path}.{name}", getattr(message, name)) if message.HasField(name) else None


def instant_field(message: Message, name: str, path: str) -> Instant | None:
    """None where it is not set."""
    return instant(f"{path}.{name}", getattr(message, name)) if message.HasField(name) else None
