"""What requests of the control API have in common: the part of the server they are about, times and durations.

What does not fit is refused with a text that names the field by its path in the request.
"""

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from taskweir.api.convert import instant, micros
from taskweir.domain.errors import InvalidArgument, quoted
from taskweir.domain.scope import Scope
from taskweir.domain.times import HOUR, SECOND, Instant, Micros

LONGEST_WAIT: Micros = HOUR
_USUAL_TIMEOUT: Micros = 30 * SECOND


def invalid(path: str, reason: str) -> InvalidArgument:
    return InvalidArgument(f"Invalid value at '{path}': {reason}")


def scope(path: str, parent: str, *, of_task: bool = False) -> Scope:
    """What a parent names; a task only where `of_task` says so. Raises InvalidArgument."""
    found = Scope.parse(parent)
    if found is None or (found.task and not of_task):
        kinds = "a project, a location, a queue or a task" if of_task else "a project, a location or a queue"
        raise invalid(path, f'"{quoted(parent)}" is not the full name of {kinds}.')
    return found


def project(path: str, parent: str) -> str | None:
    """The project that a parent names, None for an empty one. Raises InvalidArgument."""
    found = Scope.parse(parent)
    if found is None or found.location:
        raise invalid(path, f'"{quoted(parent)}" is not the full name of a project.')
    return found.project or None


def timeout(path: str, duration: Duration, *, given: bool) -> Micros:
    """Of real time, 30 s when not given. Raises InvalidArgument beyond an hour."""
    return duration_within(path, duration, LONGEST_WAIT, "an hour") if given else _USUAL_TIMEOUT


def duration_within(path: str, duration: Duration, longest: Micros, longest_text: str) -> Micros:
    """From zero to `longest`. Raises InvalidArgument."""
    length = micros(path, duration)
    if not 0 <= length <= longest:
        raise invalid(path, f"it must be from zero to {longest_text}.")
    return length


def optional_instant(path: str, time: Timestamp, *, given: bool, default: Instant) -> Instant:
    """Raises InvalidArgument for a time that no Timestamp can have."""
    return instant(path, time) if given else default
