"""Times and spans as tests give them, and as the control API takes and gives them."""

from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

__tracebackhide__ = True  # what a test is told of is its own line

Moment = datetime | str
"""A time with its zone; as text in ISO 8601, such as `2026-01-01T09:00:00Z`."""

Span = timedelta | float
"""A length of time; a number counts seconds."""


def timestamp(moment: Moment) -> Timestamp:
    """Raises ValueError for a time without a zone, and for text that is no time."""
    time = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    if time.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone: say which, as in {time.replace(tzinfo=UTC)!r}")
    found = Timestamp()
    found.FromDatetime(time.astimezone(UTC))
    return found


def duration(span: Span) -> Duration:
    found = Duration()
    found.FromTimedelta(as_timedelta(span))
    return found


def as_timedelta(span: Span) -> timedelta:
    return span if isinstance(span, timedelta) else timedelta(seconds=span)


def moment(found: Timestamp) -> datetime:
    """In UTC."""
    return found.ToDatetime(tzinfo=UTC)
