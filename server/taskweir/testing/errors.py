"""What goes wrong, as tests see it."""

from collections.abc import Sequence
from datetime import timedelta

from taskweir.testing.records import QueueLeft


class ServerError(Exception):
    """A server did not start. The text says why, with what it logged."""


class ControlError(Exception):
    """A call of the control API failed. `code` is gRPC's, such as `DEADLINE_EXCEEDED`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class NotIdle(AssertionError):
    """The time was over before everything had run. `left` is what there is still to do, by queue."""

    def __init__(self, timeout: timedelta, left: Sequence[QueueLeft]) -> None:
        lines = [f"not idle after {timeout.total_seconds():g} s", *(f"  {queue}" for queue in left)]
        super().__init__("\n".join(lines))
        self.left = tuple(left)


class NotCalled(AssertionError):
    """A handler did not get the requests that were waited for."""
