"""What is kept of attempts that have ended and of tasks that are gone, and how it is asked for."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from taskweir.domain.lifecycle import Ending
from taskweir.domain.names import TaskName
from taskweir.domain.scope import EVERYTHING, Scope
from taskweir.domain.times import LATEST, Instant, Micros
from taskweir.domain.value import value

BODY_KEPT: Final = 1_024
"""Bytes of an answer that are kept."""
_VALUE_KEPT: Final = 1_024
"""Characters of one header's value that are kept."""
_HEADERS_KEPT: Final = 16_384
"""Characters of all headers of an attempt together; those past it are kept without their values."""

_SIZE: Final = 1_024
"""Bytes of a record, about, beside its longer texts."""

_SECRET_NAMES: Final = ("authorization", "cookie", "token", "secret", "api-key", "assertion")
"""A header whose name has one of these in it is blacked out."""
_SCHEMES: Final = ("Bearer ", "Basic ")


class Outcome(enum.IntEnum):
    """What became of an attempt's request. The numbers are stored, and those of the control API."""

    SUCCEEDED = 1
    FAILED = 2
    TIMED_OUT = 3
    NO_ANSWER = 4
    NOT_SENT = 5


@value
class AttemptRecord:
    """One attempt that has ended.

    Times are the server's, `latency` is real time whatever its clock. `http_status` is None when no whole answer came;
    `error` then says why. The store fills in what became of the task: `ending` when this attempt ended it, `retry_at`
    when it is tried again, neither when it was gone already; and `id`, which grows from record to record.
    """

    task: TaskName
    number: int
    forced: bool
    schedule_time: Instant
    dispatch_time: Instant
    response_time: Instant
    outcome: Outcome
    request_line: str
    headers: Sequence[tuple[str, str]]
    http_status: int | None
    latency: Micros
    body_start: bytes
    error: str
    ending: Ending | None = None
    retry_at: Instant | None = None
    id: int = 0

    @property
    def about(self) -> TaskName:
        """The task's name, as of a finished task."""
        return self.task

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        headers = sum(len(name) + len(value) for name, value in self.headers)
        return _SIZE + headers + len(self.request_line) + len(self.body_start) + len(self.error)


@dataclass(frozen=True, slots=True)
class FinishedTask:
    """A task that is gone. `dispatch_count` counts its attempts that were begun, as far as they were recorded."""

    name: TaskName
    ending: Ending
    finish_time: Instant
    create_time: Instant
    dispatch_count: int
    id: int = 0

    @property
    def about(self) -> TaskName:
        """The task's name, as of an attempt."""
        return self.name

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return _SIZE


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """Which attempts: in a scope, with one of these outcomes (none for all), dispatched from `start` on and before
    `end`."""

    scope: Scope = EVERYTHING
    outcomes: frozenset[Outcome] = field(default_factory=frozenset)
    start: Instant = -LATEST
    end: Instant = LATEST + 1

    def matches(self, record: AttemptRecord) -> bool:
        return (
            self.scope.has(record.task)
            and (not self.outcomes or record.outcome in self.outcomes)
            and self.start <= record.dispatch_time < self.end
        )


@dataclass(frozen=True, slots=True)
class FinishedFilter:
    """Which finished tasks: in a scope, with one of these endings (none for all), gone from `start` on and before
    `end`."""

    scope: Scope = EVERYTHING
    endings: frozenset[Ending] = field(default_factory=frozenset)
    start: Instant = -LATEST
    end: Instant = LATEST + 1

    def matches(self, task: FinishedTask) -> bool:
        return (
            self.scope.has(task.name)
            and (not self.endings or task.ending in self.endings)
            and self.start <= task.finish_time < self.end
        )


def headers_to_keep(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers as they may be shown: secrets blacked out, long values cut."""
    kept: list[tuple[str, str]] = []
    room = _HEADERS_KEPT
    for header in headers:
        name, value = header
        shown = header if len(value) <= _VALUE_KEPT and not _is_secret(name) else (name, _shown(name, value))
        room -= len(name) + len(shown[1])
        kept.append(shown if room >= 0 else (name, "…"))
    return kept


def _shown(name: str, value: str) -> str:
    if _is_secret(name):
        scheme = next((scheme for scheme in _SCHEMES if value.startswith(scheme)), "")
        return f"{scheme}***"
    return value[:_VALUE_KEPT] + "…"


@lru_cache(maxsize=256)
def _is_secret(name: str) -> bool:
    """Kept, since attempts have the same few headers again and again."""
    lower = name.lower()
    return any(secret in lower for secret in _SECRET_NAMES)
