"""The deadline of the call that is being served, for the store to drop a write that nobody waits for any more.

A context variable rather than an argument: it crosses every layer and none but the first and the last care.
"""

from contextvars import ContextVar
from typing import Final

call_deadline: Final[ContextVar[float | None]] = ContextVar("call_deadline", default=None)
"""In seconds of `time.monotonic`, which event loops count in too; None for a call without one, and for the server's own work."""
