"""The clock of taskweir.control.v1, and waiting."""

from collections.abc import Sequence
from typing import Final

from taskweir.api.control.codec_request import duration_within, invalid
from taskweir.api.convert import put_instant
from taskweir.control.idling import QueueLeft
from taskweir.control.steering import ClockState
from taskweir.domain.times import DAY, LATEST, Instant, Micros
from taskweir_pb.control.v1 import control_pb2 as pb

_LONGEST_ADVANCE: Final[Micros] = 36_525 * DAY


def advance_by(request: pb.AdvanceClockRequest, now: Instant) -> Micros:
    """How far to go. Raises InvalidArgument for more than a hundred years, and beyond the year 9999."""
    by = duration_within("duration", request.duration, _LONGEST_ADVANCE, "100 years")
    if now + by > LATEST:
        raise invalid("duration", "it must not lead beyond the year 9999.")
    return by


def clock_message(state: ClockState) -> pb.Clock:
    message = pb.Clock(frozen=state.is_frozen)
    put_instant(message.time, state.time)
    if state.next_due is not None:
        put_instant(message.next_due_time, state.next_due)
    return message


def idle_message(left: Sequence[QueueLeft]) -> pb.WaitIdleResponse:
    return pb.WaitIdleResponse(idle=not left, left=[_left_message(queue) for queue in left])


def _left_message(left: QueueLeft) -> pb.QueueLeft:
    message = pb.QueueLeft(queue=str(left.queue), due=left.due, in_flight=left.in_flight)
    if left.next_due is not None:
        put_instant(message.next_due_time, left.next_due)
    return message
