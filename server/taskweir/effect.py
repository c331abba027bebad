"""What is to become of the writes of the call that is being served, where a fault says so.

A context variable for the reason that `call_deadline` is one.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LostEffect:
    """Writes are answered as if they were made, and are not; or only `later` seconds of real time after the answer,
    unless their `project` was reset by then."""

    project: str = ""
    later: float | None = None


call_effect: Final[ContextVar[LostEffect | None]] = ContextVar("call_effect", default=None)
"""None for a call that writes as usual, and for the server's own work."""
