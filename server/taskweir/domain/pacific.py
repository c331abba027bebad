"""Times as production prints them in error messages: RFC 3339 in US Pacific time with its offset."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from taskweir.domain.times import DAY, LATEST, Instant

_PACIFIC: Final = ZoneInfo("America/Los_Angeles")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST: Final[Instant] = -719_161 * DAY
"""0001-01-02T00:00:00Z: some hours before it, there is no local time that the calendar holds."""


def pacific(at: Instant) -> str:
    """E.g. 2099-12-31T16:00:00-08:00, with a fraction (of as many digits as it needs) if there is one.

    What is before or after all that the calendar holds, is its first or its last moment.
    """
    at = min(max(at, _EARLIEST), LATEST)
    local = (_EPOCH + timedelta(microseconds=at)).astimezone(_PACIFIC)
    fraction = f".{local.microsecond:06}".rstrip("0") if local.microsecond else ""
    offset = local.strftime("%z")
    return f"{local.year:04}-{local:%m-%dT%H:%M:%S}{fraction}{offset[:3]}:{offset[3:5]}"
