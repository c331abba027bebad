"""Time as the domain and the store hold it: whole microseconds in plain integers.

Production truncates every timestamp it shows to microseconds or coarser, so nothing is lost, sums are exact,
and a value goes into a database column as it is.
"""

from typing import Final, TypeAlias

Instant: TypeAlias = int
"""A moment: microseconds since 1970-01-01T00:00:00Z."""

Micros: TypeAlias = int
"""A length of time in microseconds."""

LATEST: Final[Instant] = 253_402_300_799_999_999
"""The last microsecond of the year 9999, beyond which no Timestamp goes."""

MILLISECOND: Final[Micros] = 1_000
SECOND: Final[Micros] = 1_000_000
MINUTE: Final[Micros] = 60 * SECOND
HOUR: Final[Micros] = 60 * MINUTE
DAY: Final[Micros] = 24 * HOUR
