"""The header Retry-After (RFC 9110, 10.2.3): how long a target asks to be left alone."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from taskweir.domain.times import DAY, SECOND, Instant, Micros

LONGEST_WAIT: Final[Micros] = DAY
"""More is cut to this: a target with a wrong clock must not put a task off for years."""

_SECONDS: Final = re.compile(r"[0-9]+")
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


def wait_asked_for(header: str, real_now: Instant) -> Micros | None:
    """The wait that a value asks for, from 0 to a day; None for what is neither whole seconds nor a date.

    A date, in any of the three forms of HTTP, is one of real time, in which targets live: the wait is what is left
    until then, and none when it is past.
    """
    if _SECONDS.fullmatch(header):
        seconds = int(header) if len(header) < 10 else LONGEST_WAIT  # int() refuses thousands of digits
        return min(seconds * SECOND, LONGEST_WAIT)
    at = _date(header)
    return None if at is None else min(max(0, at - real_now), LONGEST_WAIT)


def _date(header: str) -> Instant | None:
    try:
        date = parsedate_to_datetime(header)
        # One without a zone is in GMT, as all of HTTP's are.
        since = (date if date.tzinfo else date.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return None
    return since.days * DAY + since.seconds * SECOND
