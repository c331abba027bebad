"""Times of the old taskqueue API: numbers, of seconds in its first years and of microseconds later."""

from typing import Final, Literal, TypeAlias

from taskweir.domain.errors import InvalidArgument
from taskweir.domain.times import LATEST, SECOND, Instant

Unit: TypeAlias = Literal["micros", "seconds"]

_FIRST_MICROS: Final = 100_000_000_000
"""Less than this are seconds: as such it is the year 5138, as microseconds a day of January 1970."""


def shown(at: Instant, unit: Unit) -> int:
    """Seconds are cut: a lease that ends a little later than its holder thinks does no harm."""
    return at if unit == "micros" else at // SECOND


def read(number: int) -> Instant:
    """Callers sent either unit, whichever they were shown. Raises InvalidArgument past the year 9999."""
    at = number * SECOND if is_seconds(number) else number
    if at > LATEST:
        raise InvalidArgument(f"Invalid value '{number}'. Times must not be past the year 9999.")
    return at


def is_seconds(number: int) -> bool:
    return number < _FIRST_MICROS
