"""The headers that every dispatched task carries, and those that a caller cannot set.

HTTP and App Engine targets get the same ones under two prefixes, X-CloudTasks- and X-AppEngine-; recorded from the
live service (2026).
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from taskweir.domain.model import Task
from taskweir.domain.times import SECOND, Instant

_RESERVED: Final = frozenset({"host", "content-length"})
_RESERVED_PREFIXES: Final = ("x-google-", "x-appengine-", "x-cloudtasks-")
OF_THE_CONNECTION: Final = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""RFC 9110, 7.6.1, and Expect: they would change how the body is framed or when the connection closes."""


def without_reserved(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """A caller's headers without those the service makes itself; ignored, not refused, as in production. A name has
    one value: of spellings that differ in case alone, the last counts."""
    last = {name.lower(): (name, value) for name, value in headers}
    return [header for lower, header in last.items() if not _is_reserved(lower)]


def without_own(headers: Mapping[str, str], *lower_names: str) -> Mapping[str, str]:
    """As `without_reserved`, and without those of these names, given in lower case. Mostly there is nothing to leave
    out, which takes a third of the time to see."""
    lower = {name.lower() for name in headers}
    if len(lower) == len(headers) and lower.isdisjoint(lower_names) and not any(map(_is_reserved, lower)):
        return headers
    return dict(without(without_reserved(headers.items()), *lower_names))


def sendable(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """A caller's headers as they may go out: without the service's own and without the connection's."""
    return [header for header in headers if _is_sendable(header[0])]


@lru_cache(maxsize=256)
def _is_sendable(name: str) -> bool:
    """Kept, since tasks have the same few headers again and again."""
    lower = name.lower()
    return not _is_reserved(lower) and lower not in OF_THE_CONNECTION


def without(headers: Iterable[tuple[str, str]], *lower_names: str) -> list[tuple[str, str]]:
    """The headers but those of these names, given in lower case."""
    return [(name, value) for name, value in headers if name.lower() not in lower_names]


def dispatch_headers(
    prefix: str, task: Task, execution_count: int, retry_reason: str
) -> list[tuple[str, str]]:
    """The service's own headers for this attempt; the last two only once an earlier attempt has ended."""
    headers = [
        (f"{prefix}QueueName", task.name.queue.id),
        (f"{prefix}TaskName", task.name.id),
        (f"{prefix}TaskRetryCount", str(task.dispatch_count - 1)),
        (f"{prefix}TaskExecutionCount", str(execution_count)),
        (f"{prefix}TaskETA", _seconds(task.schedule_time)),
    ]
    previous = previous_response(task)
    if previous is not None:
        headers.append((f"{prefix}TaskPreviousResponse", str(previous)))
        headers.append((f"{prefix}TaskRetryReason", retry_reason))
    return headers


def previous_response(task: Task) -> int | None:
    """What the attempt before this one was answered with; None on the first."""
    return task.last_attempt.previous_response if task.last_attempt else None


def _is_reserved(lower_name: str) -> bool:
    """To CGI and WSGI (PEP 3333) a hyphen is an underscore, so that X_CloudTasks_TaskName would pass for the service's
    own."""
    name = lower_name.replace("_", "-")
    return name in _RESERVED or name.startswith(_RESERVED_PREFIXES)


def _seconds(instant: Instant) -> str:
    """Exact, where a float's digits would not be."""
    return f"{instant // SECOND}.{instant % SECOND:06d}"
