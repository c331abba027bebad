"""Update masks, the paths of the fields that a call sets, and read masks, those that it wants to see."""

import re
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, Self, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from taskweir.domain.errors import InvalidArgument, quoted

_EVERYTHING: Final = "*"
_CAPITAL: Final = re.compile(r"([A-Z])")


def settable_paths(
    mask: FieldMask, kind: type[Message], output_only: AbstractSet[str]
) -> Sequence[str] | None:
    """The mask's paths in snake_case, without the output-only ones, which are ignored; None for an empty mask or `*`,
    which stand for every field.

    gRPC carries snake_case; camelCase is taken too. Raises InvalidArgument for a path that names no field; fields
    of list elements and of well-known types cannot be named.
    """
    if not mask.paths or list(mask.paths) == [_EVERYTHING]:
        return None
    paths = [_canonical(path, kind) for path in mask.paths]
    return [path for path in paths if path not in output_only and _head(path) not in output_only]


def _head(path: str) -> str:
    return path.partition(".")[0]


@dataclass(frozen=True, slots=True)
class ReadMask:
    """`paths` are in snake_case; `everything` stands for what is shown when nothing is named."""

    paths: Sequence[str]
    everything: bool

    @classmethod
    def of(cls, mask: FieldMask, kind: type[Message]) -> Self:
        """Raises InvalidArgument for a path that names no field. Of `*` all that is shown when nothing is named."""
        paths = [_canonical(path, kind) for path in mask.paths if path != _EVERYTHING]
        return cls(paths, everything=not mask.paths or _EVERYTHING in mask.paths)

    def names(self, field: str) -> bool:
        """Whether it names the field, or anything in it."""
        return any(_head(path) == field for path in self.paths)

    def apply_to(self, message: Message) -> None:
        """Leave in the message what is named alone."""
        if not self.everything:
            _keep(message, self.paths)


def _keep(message: Message, paths: Sequence[str]) -> None:
    """By clearing the rest: what of a oneof is not set stays so."""
    within: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        head, _, rest = path.partition(".")
        within[head].append(rest)
    for field, value in message.ListFields():
        if field.name not in within:
            message.ClearField(field.name)
        elif "" not in within[field.name]:
            _keep(value, within[field.name])


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
