"""What is going on in one queue."""

from dataclasses import dataclass

from taskweir.domain.names import QueueName
from taskweir.domain.times import Instant


@dataclass(frozen=True, slots=True)
class QueueActivity:
    """`in_flight` takes in runs that wait for a slot; `begun` counts attempts since the start. Whether a task is due is
    known for sure only by the store. `next_due` is when one can next be dispatched, None when only attempts that end
    can tell."""

    name: QueueName
    uid: int
    in_flight: int
    begun: int
    may_have_due: bool
    next_due: Instant | None
