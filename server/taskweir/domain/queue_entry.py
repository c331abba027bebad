"""What queue.yaml says of a queue, and what its values may be: readers of text that raise ValueError, which says what
is wrong. The texts that begin with a capital are those of App Engine's public SDK, as far as it has one."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from taskweir.domain.errors import quoted
from taskweir.domain.model import Acl, AppEngineRouting, QueueType
from taskweir.domain.names import PROJECT_ID, QUEUE_ID
from taskweir.domain.queue_bounds import QueueBounds
from taskweir.domain.times import DAY, HOUR, MINUTE, SECOND, Micros

MAX_ENTRIES: Final = 100
"""Queues of a project that queue.yaml may make: https://cloud.google.com/tasks/docs/quotas."""
LONGEST: Final[Micros] = 315_576_000_000 * SECOND
"""The longest google.protobuf.Duration: ten thousand years."""

_MAX_COUNT: Final = 2**31 - 2
"""Of retries: with the first attempt they are still an int32."""
_UNITS: Final = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_NUMBER: Final = r"[0-9]{1,20}(?:\.[0-9]{0,20})?"
_RATE: Final = re.compile(rf"({_NUMBER})/([smhd])|0")
_AGE: Final = re.compile(rf"({_NUMBER})([smhd])")
_SECONDS: Final = re.compile(rf"{_NUMBER}|\.[0-9]{{1,20}}")
_LABEL: Final = r"[A-Za-z0-9][A-Za-z0-9-]{0,62}"
_TARGET: Final = re.compile(
    rf"(?:(?P<version>{_LABEL})\.)?(?P<service>{_LABEL})|"
    rf"(?P<module>{_LABEL}):(?P<its_version>{_LABEL})"
)
_PARTITION: Final = re.compile(r"[a-z]~")
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+")
_STORAGE: Final = re.compile(rf"{_NUMBER}[BKMGT]?")
_MODES: Final = {"push": QueueType.PUSH, "pull": QueueType.PULL}


@dataclass(frozen=True, slots=True)
class RetryParameters:
    """None where a value is not given. `task_retry_limit` does not count a push task's first attempt; of a pull task
    it counts the leases."""

    task_retry_limit: int | None = None
    task_age_limit: Micros | None = None
    min_backoff_seconds: Micros | None = None
    max_backoff_seconds: Micros | None = None
    max_doublings: int | None = None


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """An entry, checked; None where a value is not given. `rate` is a second, and 0 means that nothing is dispatched;
    `line` is where the entry begins, from 1."""

    name: str
    line: int
    mode: QueueType = QueueType.PUSH
    rate: float | None = None
    bucket_size: int | None = None
    max_concurrent_requests: int | None = None
    target: AppEngineRouting | None = None
    retry_parameters: RetryParameters = RetryParameters()
    acl: Acl | None = None


@dataclass(frozen=True, slots=True)
class QueueYaml:
    """A file, checked. `path` is what it is called in messages; `application` is the project it names, if any."""

    path: str
    entries: tuple[QueueEntry, ...]
    application: str = ""


def read_name(text: str) -> str:
    if not QUEUE_ID.fullmatch(text):
        raise ValueError(f"queue name {_shown(text)} must be 1 to 100 letters, digits and hyphens")
    return text


def read_application(text: str) -> str:
    """A project, without the letter and `~` by which App Engine tells where an app runs."""
    project = without_partition(text)
    if not PROJECT_ID.fullmatch(project):
        raise ValueError(f"application {_shown(text)} is no project id")
    return project


def without_partition(app_id: str) -> str:
    """`s~shop` is the project `shop`."""
    return _PARTITION.sub("", app_id, count=1) if _PARTITION.match(app_id) else app_id


def read_mode(text: str) -> QueueType:
    if text not in _MODES:
        raise ValueError(f"mode must be push or pull, not {_shown(text)}")
    return _MODES[text]


def read_rate(bounds: QueueBounds, text: str) -> float:
    """A second. One too small for a float is none."""
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError(f'Rate "{quoted(text)}" is invalid.')
    rate = Fraction(match[1]) * SECOND / _UNITS[match[2]] if match[1] else Fraction(0)
    if rate > bounds.dispatches:
        raise ValueError(f"rate must be at most {bounds.dispatches}/s, not {_shown(text)}")
    return float(rate)


def read_bucket_size(bounds: QueueBounds, text: str) -> int:
    return _whole("bucket_size", text, 1, bounds.burst)


def read_max_concurrent_requests(bounds: QueueBounds, text: str) -> int:
    return _whole("max_concurrent_requests", text, 1, bounds.concurrent)


def read_target(text: str) -> AppEngineRouting:
    """`SERVICE`, `VERSION.SERVICE` or `SERVICE:VERSION`. One name alone may be a version's in App Engine; the host is
    the same for either."""
    match = _TARGET.fullmatch(text)
    if match is None:
        raise ValueError(f"target must be SERVICE, VERSION.SERVICE or SERVICE:VERSION, not {_shown(text)}")
    return AppEngineRouting(
        service=match["service"] or match["module"], version=match["version"] or match["its_version"] or ""
    )


def read_task_retry_limit(text: str) -> int:
    if text.startswith("-") and text[1:].isdecimal():
        raise ValueError("Task retry limit must not be less than zero.")
    return _whole("task_retry_limit", text, 0, _MAX_COUNT)


def read_task_age_limit(text: str) -> Micros:
    """In whole seconds, at least one: less would be cut to none, which means no limit."""
    match = _AGE.fullmatch(text.removeprefix("-"))
    if match is None:
        raise ValueError(f"task_age_limit must be a number with s, m, h or d, not {_shown(text)}")
    age = Fraction(match[1]) * _UNITS[match[2]]
    if text.startswith("-") or age == 0:
        raise ValueError("Task age limit must be greater than zero.")
    if age > LONGEST:
        raise ValueError(f"task_age_limit must be at most {LONGEST // DAY}d")
    return max(1, int(age) // SECOND) * SECOND


def read_min_backoff_seconds(text: str) -> Micros:
    return _seconds("min_backoff_seconds", text)


def read_max_backoff_seconds(text: str) -> Micros:
    return _seconds("max_backoff_seconds", text)


def read_max_doublings(text: str) -> int:
    return _whole("max_doublings", text, 0, _MAX_COUNT)


def check_backoff(retry: RetryParameters) -> None:
    low, high = retry.min_backoff_seconds, retry.max_backoff_seconds
    if low is not None and high is not None and low > high:
        raise ValueError("Min backoff sec must not be greater than than max backoff sec.")


def read_email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError(f"{_shown(text)} is no email address")
    return text


def check_total_storage_limit(text: str) -> None:
    """It is not kept: what a server can hold is its disk's affair."""
    if not _STORAGE.fullmatch(text):
        raise ValueError(f"total_storage_limit must be a number with B, K, M, G or T, not {_shown(text)}")


def _whole(key: str, text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise ValueError(f"{key} must be a whole number from {least} to {most}, not {_shown(text)}")
    return int(text)


def _seconds(key: str, text: str) -> Micros:
    if not _SECONDS.fullmatch(text) or Fraction(text) * SECOND > LONGEST:
        raise ValueError(
            f"{key} must be a number of seconds from 0 to {LONGEST // SECOND}, not {_shown(text)}"
        )
    return round(Fraction(text) * SECOND)


def _shown(text: str) -> str:
    return repr(quoted(text))
