"""The queues of a config file: v2 Queue JSON, written as YAML, read against the message's own description.

A field may be named in camelCase or snake_case; null clears it. The paths that a file names become the mask of an
update, so that what it does not name stays as it is in the data.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, cast

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from taskweir.api.v2.codec_queue import queue_draft
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.names import QueueName
from taskweir.domain.queue_bounds import QueueBounds
from taskweir.domain.queue_rules import new_queue
from taskweir.domain.times import SECOND
from taskweir.setting_kinds import read_duration
from taskweir.settings import ConfiguredQueue, full_queue_name
from taskweir.yaml_nodes import Place
from taskweir_pb.v2.queue_pb2 import Queue

_FIELD_IN_MESSAGE: Final = re.compile(r"\b([A-Z]\w*)\.([a-z]\w*)")
"""How a rule's message names a field: RateLimits.maxDispatchesPerSecond."""


def read_queues(
    places: Iterable[Place], project: str, location: str, bounds: QueueBounds
) -> tuple[ConfiguredQueue, ...]:
    """The configured queues, checked. Raises YamlMistake, which names the line."""
    queues: dict[str, ConfiguredQueue] = {}
    for place in places:
        name, queue = _read_queue(place, project, location, bounds)
        if str(name) in queues:
            raise place.mistake(f"queue {name} is given twice, first in line {queues[str(name)].line}")
        queues[str(name)] = queue
    return tuple(queues.values())


def _read_queue(
    place: Place, project: str, location: str, bounds: QueueBounds
) -> tuple[QueueName, ConfiguredQueue]:
    message = Queue()
    named: dict[str, Place] = {}
    _fill(message, place, "a queue", "", named)
    name_place = named.pop("name", None)
    if name_place is None or name_place.is_null:
        raise place.mistake("a queue needs a name")
    try:
        name = full_queue_name(message.name, project, location)
    except ValueError as error:
        raise name_place.mistake(f"name: {error}") from None
    message.name = str(name)
    mask = tuple(named)
    return name, ConfiguredQueue(_checked_draft(message, name, bounds, place, named), mask, place.line)


def _fill(message: Message, place: Place, what: str, prefix: str, named: dict[str, Place]) -> None:
    """Set the message's fields from a mapping, and note each path that the file names with its place."""
    descriptor = cast("Descriptor", message.DESCRIPTOR)
    fields = {spelling: field for field in descriptor.fields for spelling in (field.name, field.json_name)}
    seen: dict[str, tuple[str, Place]] = {}
    for key, key_place, value in place.entries(what):
        field = fields.get(key)
        if field is None:
            raise key_place.mistake(f"unknown key {key!r} in {what}")
        if _is_output_only(field):
            raise key_place.mistake(f"{key} is set by the server: it cannot be configured")
        if field.name in seen:
            raise key_place.mistake(f"{key!r} is given twice")
        if not value.is_null and (other := _other_of_oneof(field, seen)):
            raise key_place.mistake(f"only one of {other} and {key} can be given")
        seen[field.name] = key, value
        _fill_field(message, field, key, value, f"{prefix}{field.name}", named=named)


def _fill_field(
    message: Message, field: FieldDescriptor, key: str, value: Place, path: str, *, named: dict[str, Place]
) -> None:
    if value.is_null:
        named[path] = value
    elif field.is_repeated:
        named[path] = value
        for item in value.items(key):
            _fill(getattr(message, field.name).add(), item, f"an item of {key}", f"{path}.", {})
    elif field.message_type is None:
        named[path] = value
        setattr(message, field.name, _scalar(field, key, value))
    elif field.message_type.full_name == Duration.DESCRIPTOR.full_name:
        named[path] = value
        getattr(message, field.name).CopyFrom(_duration(key, value))
    else:
        _fill_message(getattr(message, field.name), key, value, path, named)


def _fill_message(message: Message, key: str, value: Place, path: str, named: dict[str, Place]) -> None:
    """An empty mapping names the message itself: it is there, and all its fields have their defaults."""
    message.SetInParent()
    named_within: dict[str, Place] = {}
    _fill(message, value, key, f"{path}.", named_within)
    named.update(named_within or {path: value})


def _is_output_only(field: FieldDescriptor) -> bool:
    behaviors = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return field_behavior_pb2.FieldBehavior.OUTPUT_ONLY in behaviors


def _other_of_oneof(field: FieldDescriptor, seen: Mapping[str, tuple[str, Place]]) -> str | None:
    """The key of a field that was set and that this one would push out."""
    siblings = field.containing_oneof.fields if field.containing_oneof is not None else ()
    set_before = (seen[sibling.name] for sibling in siblings if sibling.name in seen)
    return next((key for key, value in set_before if not value.is_null), None)


def _scalar(field: FieldDescriptor, key: str, value: Place) -> object:
    if field.enum_type is not None:
        return _enum(field.enum_type, key, value)
    return _SCALARS[field.cpp_type](key, value)


def _enum(enum: EnumDescriptor, key: str, value: Place) -> int:
    names = enum.values_by_name
    text = value.text(key)
    if text not in names:
        raise value.mistake(f"{key} must be one of {', '.join(names)}, not {text!r}")
    return int(names[text].number)


_INT32: Final = 2**31
_INT64: Final = 2**63


def _whole_number(limit: int) -> Callable[[str, Place], int]:
    """Quoted digits are a number too, as in protobuf's JSON."""

    def read(key: str, value: Place) -> int:
        text = value.text(key)
        if not re.fullmatch(r"[+-]?[0-9]{1,19}", text) or not -limit <= int(text) < limit:
            raise value.mistake(f"{key} must be a whole number, not {text!r}")
        return int(text)

    return read


def _number(key: str, value: Place) -> float:
    text = value.text(key)
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        raise value.mistake(f"{key} must be a number, not {text!r}")
    return float(text)


def _text(key: str, value: Place) -> str:
    text = value.text(key)
    if value.node.tag != "tag:yaml.org,2002:str":
        raise value.mistake(f"{key} must be text: put {text} in quotes")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise value.mistake(f"{key} must be text: half of a surrogate pair is none") from None
    return text


_SCALARS: Final[dict[int, Callable[[str, Place], object]]] = {
    FieldDescriptor.CPPTYPE_INT32: _whole_number(_INT32),
    FieldDescriptor.CPPTYPE_INT64: _whole_number(_INT64),
    FieldDescriptor.CPPTYPE_DOUBLE: _number,
    FieldDescriptor.CPPTYPE_STRING: _text,
}


def _duration(key: str, value: Place) -> Duration:
    """JSON's `3.5s`, and the units that the flags know."""
    try:
        micros = read_duration(value.text(key))
    except ValueError as error:
        raise value.mistake(f"{key} {error}") from None
    return Duration(seconds=micros // SECOND, nanos=micros % SECOND * 1_000)


def _checked_draft(
    message: Queue, name: QueueName, bounds: QueueBounds, place: Place, named: dict[str, Place]
) -> QueueDraft:
    """The draft, after the rules that a new queue must satisfy.

    A rule between two fields of which the file names one is left to the update: the other's value is in the data.
    """
    draft = queue_draft(message)
    try:
        new_queue(name, draft, bounds)
    except InvalidArgument as refusal:
        fields = list(dict.fromkeys(_FIELD_IN_MESSAGE.findall(refusal.message)))
        found = [at for message_name, field in fields if (at := _place_of_field(message_name, field, named))]
        if found and len(found) < len(fields):
            return draft
        within = [at for message_name, _ in fields if (at := _place_within(message_name, named))]
        raise (*found, *within, place)[0].mistake(refusal.message) from None
    return draft


def _place_of_field(message_name: str, field: str, named: Mapping[str, Place]) -> Place | None:
    """Where the file has a field that a rule names."""
    ending = f".{message_name}.{field}".lower()
    return next((value for path, value in named.items() if _as_ruled(path).endswith(ending)), None)


def _place_within(message_name: str, named: Mapping[str, Place]) -> Place | None:
    """Where the file has anything of a message that a rule names: the field itself may be what is missing."""
    part = f".{message_name}.".lower()
    return next((value for path, value in named.items() if part in _as_ruled(path)), None)


def _as_ruled(path: str) -> str:
    """rate_limits.max_burst_size as .ratelimits.maxburstsize, to compare with a rule's RateLimits.maxBurstSize."""
    return f".{path}".replace("_", "")
