"""Well-known protobuf types and enums, to and from the domain's integers.

What does not fit is refused with the text that Google's front ends have for it: `Invalid value at 'task.schedule_time'
(type.googleapis.com/google.protobuf.Timestamp), …`.
"""

import enum
from typing import Any, Final, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.times import SECOND, Instant, Micros

_NANOS_PER_MICRO: Final = 1_000
_NANOS_PER_SECOND: Final = 1_000_000_000

# The ranges of the types: 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, and about 10,000 years either way.
_FIRST_SECOND: Final = -62_135_596_800
_LAST_SECOND: Final = 253_402_300_799
_LONGEST_SECONDS: Final = 315_576_000_000

E = TypeVar("E", bound=enum.IntEnum)


def instant(path: str, timestamp: Timestamp) -> Instant:
    """Cut to microseconds. `path` names the field in the request. Raises InvalidArgument out of range."""
    seconds, nanos = timestamp.seconds, timestamp.nanos
    if not 0 <= nanos < _NANOS_PER_SECOND:
        raise _invalid(path, "Timestamp", "nanos must be between 0 and 999999999")
    if not _FIRST_SECOND <= seconds <= _LAST_SECOND:
        raise _invalid(
            path, "Timestamp", "it must be between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z"
        )
    return seconds * SECOND + nanos // _NANOS_PER_MICRO


def micros(path: str, duration: Duration) -> Micros:
    """Cut to microseconds, away from zero where negative, so that the least negative duration is one still.

    Raises InvalidArgument out of range.
    """
    seconds, nanos = duration.seconds, duration.nanos
    if not -_NANOS_PER_SECOND < nanos < _NANOS_PER_SECOND:
        raise _invalid(path, "Duration", "nanos must be between -999999999 and 999999999")
    if not -_LONGEST_SECONDS <= seconds <= _LONGEST_SECONDS:
        raise _invalid(path, "Duration", "seconds must be between -315576000000 and 315576000000")
    if seconds * nanos < 0:
        raise _invalid(path, "Duration", "seconds and nanos must have the same sign")
    return seconds * SECOND + nanos // _NANOS_PER_MICRO


def _invalid(path: str, type_name: str, reason: str) -> InvalidArgument:
    return invalid_value(path, f"google.protobuf.{type_name}", reason)


def invalid_value(path: str, type_name: str, value: object) -> InvalidArgument:
    return InvalidArgument(f"Invalid value at '{path}' (type.googleapis.com/{type_name}), {value}")


def enum_value(kind: type[E], number: int, path: str, type_name: str) -> E:
    """The domain's value for a number on the wire. Raises InvalidArgument for one that is not defined."""
    try:
        return kind(number)
    except ValueError:
        raise invalid_value(path, type_name, number) from None


def enum_number(value: enum.IntEnum) -> Any:  # noqa: ANN401
    """The number to write. Typed loosely: the stubs want instances of classes that exist in their types only."""
    return value


def put_instant(timestamp: Timestamp, at: Instant) -> None:
    """Write a moment into a message's field."""
    seconds, rest = divmod(at, SECOND)
    timestamp.seconds = seconds
    timestamp.nanos = rest * _NANOS_PER_MICRO


def put_micros(duration: Duration, length: Micros) -> None:
    """Write a length of time, zero or more, into a message's field. A zero is written as a value too."""
    seconds, rest = divmod(length, SECOND)
    duration.seconds = seconds
    duration.nanos = rest * _NANOS_PER_MICRO
