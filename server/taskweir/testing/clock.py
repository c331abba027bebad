"""The server's clock, in the hands of a test."""

from datetime import datetime, timedelta

from taskweir.testing import calls
from taskweir.testing.control import AsyncControl, Control
from taskweir.testing.records import ClockState
from taskweir.testing.times import Moment, Span, as_timedelta

__tracebackhide__ = True  # what a test is told of is its own line


def _span(by: Span, days: float, hours: float, minutes: float, seconds: float) -> timedelta:
    return as_timedelta(by) + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


class Clock:
    """All that depends on time follows it: schedules, backoff, rates, tombstones, retention.

    Each movement returns the time at which the clock stands then, in UTC, and raises ControlError; with the code
    DEADLINE_EXCEEDED where what runs on the way takes longer than `timeout` of real time, which its message explains.
    """

    def __init__(self, control: Control) -> None:
        self._control = control

    def state(self) -> ClockState:
        """All there is to know of it, at one moment."""
        return self._control.do(calls.clock())

    def now(self) -> datetime:
        """What time the server goes by, in UTC."""
        return self.state().time

    @property
    def is_frozen(self) -> bool:
        """Whether the clock stands still until it is moved."""
        return self.state().is_frozen

    @property
    def next_due(self) -> datetime | None:
        """When a task can next be dispatched, None when none is scheduled; may have passed."""
        return self.state().next_due

    def freeze(self, at: Moment | None = None) -> datetime:
        """Stop the clock: where it stands, or at a time before or after. What is due by then still runs."""
        return self._control.do(calls.freeze(at)).time

    def advance(
        self,
        by: Span = 0,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        timeout: Span = 30,
        leave_in_flight: bool = False,
    ) -> datetime:
        """Move on and stay frozen. What falls due on the way runs at its own time, and its answers are waited for,
        unless `leave_in_flight`. By nothing: only waits until what is due now has run."""
        span = _span(by, days, hours, minutes, seconds)
        return self._control.do(calls.advance(span, timeout, leave_in_flight=leave_in_flight)).time

    def jump(self, *, timeout: Span = 30, leave_in_flight: bool = False) -> datetime:
        """Move on to the next time at which a task can be dispatched, run what is due then, and stay frozen."""
        return self._control.do(calls.jump(timeout, leave_in_flight=leave_in_flight)).time

    def resume(self) -> datetime:
        """Go back to real time."""
        return self._control.do(calls.resume()).time


class AsyncClock:
    """As Clock, for `await`."""

    def __init__(self, control: AsyncControl) -> None:
        self._control = control

    async def state(self) -> ClockState:
        """All there is to know of it, at one moment."""
        return await self._control.do(calls.clock())

    async def now(self) -> datetime:
        """What time the server goes by, in UTC."""
        return (await self.state()).time

    @property
    async def is_frozen(self) -> bool:
        """Whether the clock stands still until it is moved."""
        return (await self.state()).is_frozen

    @property
    async def next_due(self) -> datetime | None:
        """When a task can next be dispatched, None when none is scheduled; may have passed."""
        return (await self.state()).next_due

    async def freeze(self, at: Moment | None = None) -> datetime:
        """As Clock.freeze."""
        return (await self._control.do(calls.freeze(at))).time

    async def advance(
        self,
        by: Span = 0,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        timeout: Span = 30,
        leave_in_flight: bool = False,
    ) -> datetime:
        """As Clock.advance."""
        span = _span(by, days, hours, minutes, seconds)
        return (await self._control.do(calls.advance(span, timeout, leave_in_flight=leave_in_flight))).time

    async def jump(self, *, timeout: Span = 30, leave_in_flight: bool = False) -> datetime:
        """As Clock.jump."""
        return (await self._control.do(calls.jump(timeout, leave_in_flight=leave_in_flight))).time

    async def resume(self) -> datetime:
        """Go back to real time."""
        return (await self._control.do(calls.resume())).time
