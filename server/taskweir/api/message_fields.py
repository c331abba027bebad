"""How many fields a message has, counted before it is parsed."""

from collections.abc import Mapping
from functools import cache
from typing import Final, TypeAlias, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from taskweir.domain.errors import InvalidArgument

FEW: Final = 256 << 10
"""Bytes of a message that has at most as many fields as can be parsed within 5 ms."""
MOST: Final = 100_000
"""Fields: a batch of a hundred tasks with a thousand headers each. An empty message is two bytes when it is sent, and sixty
when it is parsed, which the parser does without a pause."""

_VARINT, _LENGTH, _BEGIN_GROUP, _END_GROUP = 0, 2, 3, 4
_FIXED: Final[Mapping[int, int]] = {1: 8, 5: 4}
_LONGEST_VARINT: Final = 10

Inner: TypeAlias = Mapping[int, Descriptor]
"""The messages within a message, by the numbers of their fields."""
_NONE: Final[Inner] = {}


def check_fields(data: bytes, message: Message | type[Message]) -> None:
    """Of a message that is longer than `FEW`. Raises InvalidArgument for too many; what is malformed is left to the
    parser."""
    if has_too_many(data, cast("Descriptor", message.DESCRIPTOR)):
        raise InvalidArgument(f"The request has more than {MOST} fields.")


def has_too_many(data: bytes, descriptor: Descriptor, most: int = MOST) -> bool:
    """Whether the fields of the message, and of those within it, are more than `most`."""
    try:
        return _has_too_many(data, descriptor, most)
    except IndexError:
        return False


def _has_too_many(data: bytes, descriptor: Descriptor, most: int) -> bool:
    """Raises IndexError for one that ends too early."""
    at, end, inner = 0, len(data), _inner(descriptor)
    around: list[tuple[int, Inner]] = []
    """Messages that this one is in, and groups, which only unknown fields are."""
    for _ in range(most):
        while at >= end:
            if not around:
                return False
            end, inner = around.pop()
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == _LENGTH:
            length, at = _varint(data, at)
            within = inner.get(tag >> 3)
            if within is None:
                at += length
            else:
                around.append((end, inner))
                end, inner = at + length, _inner(within)
        elif kind == _VARINT:
            _, at = _varint(data, at)
        elif kind in _FIXED:
            at += _FIXED[kind]
        elif kind == _BEGIN_GROUP:
            around.append((end, inner))
            inner = _NONE
        elif kind == _END_GROUP and around:
            end, inner = around.pop()
        else:
            return False
    return at < len(data)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends. Raises IndexError."""
    number = data[at]
    if number < 0x80:
        return number, at + 1
    number &= 0x7F
    for shift in range(7, 7 * _LONGEST_VARINT, 7):
        at += 1
        digit = data[at]
        number |= (digit & 0x7F) << shift
        if digit < 0x80:
            return number, at + 1
    raise IndexError


@cache
def _inner(descriptor: Descriptor) -> Inner:
    """Entries of maps count as one field each, where they hold no messages."""
    messages = ((field.number, field.message_type) for field in descriptor.fields)
    return {number: message for number, message in messages if message is not None and not _is_flat(message)}


def _is_flat(entry: Descriptor) -> bool:
    return entry.GetOptions().map_entry and entry.fields_by_name["value"].message_type is None
