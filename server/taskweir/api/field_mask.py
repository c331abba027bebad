"""Update masks: paths of the fields that a call sets."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from taskweir.domain.errors import InvalidArgument, quoted

_CAPITAL: Final = re.compile(r"([A-Z])")


def settable_paths(
    mask: FieldMask, kind: type[Message], output_only: AbstractSet[str]
) -> Sequence[str] | None:
    """The mask's paths in snake_case, without the output-only ones, which are ignored; None for an empty mask or `*`,
    which stand for every field.

    gRPC carries snake_case; camelCase is taken too. Raises InvalidArgument for a path that names no field; fields
    of list elements and of well-known types cannot be named.
    """
    if not mask.paths or list(mask.paths) == ["*"]:
        return None
    paths = [_canonical(path, kind) for path in mask.paths]
    return [path for path in paths if path not in output_only]


def _canonical(path: str, kind: type[Message]) -> str:
    canonical = _CAPITAL.sub(r"_\1", path).lower()
    if not _names_field(canonical, cast("Descriptor", kind.DESCRIPTOR)):
        raise InvalidArgument(f"Invalid mask for {kind.DESCRIPTOR.name}: {quoted(path)}")
    return canonical


def _names_field(path: str, message: Descriptor) -> bool:
    inside: Descriptor | None = message
    for name in path.split("."):
        field = inside.fields_by_name.get(name) if inside is not None else None
        if field is None:
            return False
        inside = None if field.is_repeated or _is_well_known(field.message_type) else field.message_type
    return True


def _is_well_known(message: Descriptor | None) -> bool:
    return message is not None and message.full_name.startswith("google.protobuf.")
