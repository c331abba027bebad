"""Messages as schemas of OpenAPI 3.0, in the form that they have in JSON."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import combinations
from typing import Any, Final, TypeAlias

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from taskweir.api.rest.json_faults import is_map
from taskweir.api.true_names import true_name

Schema: TypeAlias = dict[str, Any]

_INT32: Final[Schema] = {"type": "integer", "format": "int32"}
_UINT32: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": (1 << 32) - 1}
_INT64: Final[Schema] = {"type": "string", "format": "int64", "pattern": r"^-?\d{1,19}$"}
_UINT64: Final[Schema] = {"type": "string", "format": "uint64", "pattern": r"^\d{1,20}$"}
_SCALARS: Final[Mapping[int, Schema]] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "format": "byte"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_SFIXED32: _INT32,
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_FIXED32: _UINT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SINT64: _INT64,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_UINT64: _UINT64,
    FieldDescriptor.TYPE_FIXED64: _UINT64,
}
_WELL_KNOWN: Final[Mapping[str, Schema]] = {
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "additionalProperties": True,
    },
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,9})?s$"},
    "google.protobuf.Empty": {"type": "object", "additionalProperties": False},
    "google.protobuf.FieldMask": {"type": "string", "format": "field-mask"},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Value": {},
}


class Schemas:
    """Collects the components that schemas refer to, under the names that clients know."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def of_message(self, message: Descriptor) -> Schema:
        """A reference, unless JSON has a form of its own for the message."""
        if message.full_name.startswith("google.protobuf."):
            return _well_known(message)
        name = true_name(message.full_name)
        if name not in self.components:
            self.components[name] = {}  # a message may hold itself
            self.components[name] = self.of_fields(message)
        return _reference(name)

    def of_fields(self, message: Descriptor, without: AbstractSet[str] = frozenset()) -> Schema:
        """An object of the message's fields, but for those that are named."""
        fields = [field for field in message.fields if field.name not in without]
        schema: Schema = {
            "type": "object",
            "properties": {field.json_name: self._of_property(field) for field in fields},
            "additionalProperties": False,
        }
        required = [field.json_name for field in fields if is_required(field)]
        if required:
            schema["required"] = required
        exclusive = [_not_both(pair) for pair in _exclusive_pairs(message, without)]
        if exclusive:
            schema["allOf"] = exclusive
        return schema

    def of_field(self, field: FieldDescriptor) -> Schema:
        if is_map(field):
            assert field.message_type is not None
            value = field.message_type.fields_by_name["value"]
            return {"type": "object", "additionalProperties": self._of_one(value)}
        one = self._of_one(field)
        return {"type": "array", "items": one} if field.is_repeated else one

    def _of_one(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.of_message(field.message_type)
        if field.enum_type is not None:
            return self._of_enum(field.enum_type)
        return dict(_SCALARS[field.type])

    def _of_enum(self, enum: EnumDescriptor) -> Schema:
        name = true_name(enum.full_name)
        self.components[name] = {"type": "string", "enum": [value.name for value in enum.values]}
        return _reference(name)

    def _of_property(self, field: FieldDescriptor) -> Schema:
        schema = self.of_field(field)
        marks = {
            mark: True
            for mark, behavior in (
                ("readOnly", field_behavior_pb2.OUTPUT_ONLY),
                ("writeOnly", field_behavior_pb2.INPUT_ONLY),
            )
            if behavior in _behaviors(field)
        }
        if field.GetOptions().deprecated:
            marks["deprecated"] = True
        # Beside a reference nothing else is looked at.
        return {"allOf": [schema], **marks} if marks and "$ref" in schema else {**schema, **marks}


def is_required(field: FieldDescriptor) -> bool:
    return field_behavior_pb2.REQUIRED in _behaviors(field)


def _behaviors(field: FieldDescriptor) -> Sequence[int]:
    behaviors: Sequence[int] = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return behaviors


def _well_known(message: Descriptor) -> Schema:
    schema = _WELL_KNOWN.get(message.full_name)
    # The rest are scalars in a wrapper.
    return dict(_SCALARS[message.fields_by_name["value"].type] if schema is None else schema)


def _exclusive_pairs(message: Descriptor, without: AbstractSet[str]) -> Sequence[tuple[str, str]]:
    """Of each oneof at most one field is there. An optional field is a oneof of its own."""
    return [
        pair
        for oneof in message.oneofs
        for pair in combinations((field.json_name for field in oneof.fields if field.name not in without), 2)
    ]


def _not_both(pair: tuple[str, str]) -> Schema:
    return {"not": {"required": list(pair)}}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
