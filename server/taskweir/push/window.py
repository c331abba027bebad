"""What the worker knows of one queue: its settings, its token bucket, what is claimed, and what is in flight."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Self

from taskweir.domain.congestion import Congestion
from taskweir.domain.lifecycle import AttemptResult
from taskweir.domain.limits import MAX_TASK_SIZE
from taskweir.domain.model import Queue, QueueState, QueueType, Task
from taskweir.domain.rate import TokenBucket
from taskweir.domain.times import Instant
from taskweir.push.capacity import Capacity
from taskweir.store.base import Claim, ClaimRequest

_PREFETCH_SECONDS: Final = 0.1
"""A throttled queue has this much of its rate claimed ahead, so that not each token costs a claim of its own."""

_MOST_BYTES_PER_CLAIM: Final = 8 << 20
"""The JSON form of a claim costs several times its bodies, and stops the event loop while it is read."""
_FEWEST_BYTES_PER_CLAIM: Final = 128 << 10
"""What a queue asks for first, and then twice what it got, so that many queues of small tasks fit one store call."""


def most_bytes(request: ClaimRequest) -> int:
    """What the claim may bring at the worst: the task that reaches `max_bytes` comes whole."""
    return request.max_bytes + MAX_TASK_SIZE


@dataclass(slots=True, eq=False)
class QueueWindow:
    """One queue's share of the worker's memory: bounded by its rate, whatever its backlog.

    `claimed` tasks are held and wait for a token; `next_due` is when the store has more. `bytes_held` are of bodies
    claimed and in flight, and those asked for while a claim is under way (`is_asking`). `begun` counts its attempts.
    One that `is_gone` is kept while attempts of the queue are in flight.
    """

    queue: Queue
    bucket: TokenBucket
    next_due: Instant | None
    claimed: deque[Task] = field(default_factory=deque)
    in_flight: int = 0
    begun: int = 0
    is_gone: bool = False
    is_asking: bool = False
    bytes_held: int = 0
    bytes_per_claim: int = _FEWEST_BYTES_PER_CLAIM
    congestion: Congestion = field(default_factory=Congestion)

    @classmethod
    def of(cls, queue: Queue, now: Instant) -> Self:
        """Of a queue that was not known before: its bucket is full, and it is not slowed down."""
        return cls(queue, TokenBucket.full(queue.rate_limits, now), next_due=None)

    @property
    def runs(self) -> bool:
        is_running = self.queue.state is QueueState.RUNNING and not self.is_gone
        return is_running and self.queue.type is QueueType.PUSH

    def was_in(self, project: str | None) -> bool:
        """Whether the queue is gone, and was one of this project's, or (None) of any's."""
        return self.is_gone and project in (None, self.queue.name.project)

    def may_have_due(self, now: Instant) -> bool:
        """Whether a task may be due that is not in flight; it may have been deleted since."""
        if not self.runs:
            return False
        return bool(self.claimed) or self.is_asking or (self.next_due is not None and self.next_due <= now)

    def note_due(self, at: Instant) -> None:
        """The store has a task due at this time."""
        if self.next_due is None or at < self.next_due:
            self.next_due = at

    def change(self, queue: Queue, now: Instant) -> list[Task]:
        """Take over changed settings. What was claimed is given up, to be claimed again as far as it still may."""
        if queue.rate_limits != self.queue.rate_limits:
            self.bucket = self.bucket.resized(queue.rate_limits, now)
        self.queue = queue
        self.next_due = now
        return self.give_up_claimed()

    def give_up_claimed(self) -> list[Task]:
        """Empty the window; the tasks are to be released."""
        given_up = list(self.claimed)
        self.claimed.clear()
        return given_up

    def clock_went_back(self, now: Instant) -> list[Task]:
        """What was claimed may not be due any more: the tasks are to be released, and the store is asked anew."""
        if self.next_due is not None:
            self.note_due(now)
        return self.give_up_claimed()

    def request(self, capacity: Capacity, now: Instant) -> ClaimRequest | None:
        """What to claim now, if anything. Until it is answered, the caller reserves `limit` slots and `most_bytes`."""
        if not self.runs or self.next_due is None or self.next_due > now:
            return None
        prefetch = self._prefetch(now)
        if len(self.claimed) > prefetch // 2:
            return None
        wanted = max(self._tokens(now), prefetch) - len(self.claimed)
        limit = min(wanted, self._room(capacity))
        max_bytes = min(capacity.bytes_for(self.bytes_held) - MAX_TASK_SIZE, self.bytes_per_claim)
        if limit <= 0 or max_bytes < 0:
            return None
        self.next_due = None
        self.is_asking = True
        return ClaimRequest(self.queue.uid, limit, max_bytes)

    def accept(self, claim: Claim) -> None:
        """Put claimed tasks in the window. What `note_due` said since the request was made stays noted."""
        self.claimed.extend(claim.tasks)
        twice = 2 * sum(task.body_size for task in claim.tasks)
        self.bytes_per_claim = max(_FEWEST_BYTES_PER_CLAIM, min(twice, _MOST_BYTES_PER_CLAIM - MAX_TASK_SIZE))
        if claim.next_due is not None:
            self.note_due(claim.next_due)

    def dispatchable(self, capacity: Capacity, now: Instant) -> list[Task]:
        """Take the tasks out of the window that may be sent now, and a token for each."""
        if not self.runs or not self.claimed:
            return []
        count = min(len(self.claimed), self._tokens(now), self._room(capacity))
        if count <= 0:
            return []
        self.bucket = self.bucket.take(count, now)
        return [self.claimed.popleft() for _ in range(count)]

    def reserve(self, capacity: Capacity, size: int) -> None:
        """Take memory for bodies."""
        self.bytes_held += size
        capacity.take(0, size)

    def free(self, capacity: Capacity, size: int) -> None:
        self.bytes_held -= size
        capacity.give_back(0, size)

    def heard(self, result: AttemptResult, now: Instant) -> None:
        """An attempt of the queue ended just now, RunTask's too: slow it down, or less so, as the target bids."""
        self.bucket = self.bucket.rebased(now)
        signal, begun = result.answer.signal, result.attempt.dispatch_time
        slowdown = self.congestion.heard(signal, begun, now, self.bucket.slowdown)
        if slowdown is not None:
            self.bucket = self.bucket.slowed(slowdown, now)

    def rate_factor(self, now: Instant) -> float:
        """The part of the configured rate that the queue may go at."""
        return self.bucket.factor_at(now)

    def return_token(self) -> None:
        """An attempt did not take place after all."""
        self.bucket = self.bucket.put_back()

    def next_look(self, now: Instant) -> Instant | None:
        """When something can be done for this queue if nothing else happens; None to wait for an event."""
        if not self.runs or self.in_flight >= self.queue.rate_limits.max_concurrent_dispatches:
            return None
        self.bucket = self.bucket.rebased(now)
        token_at = self.bucket.next_token_at(now)
        if self.claimed or token_at is None:
            return token_at
        return None if self.next_due is None else max(self.next_due, token_at)

    def is_blocked(self, now: Instant) -> bool:
        """Whether a task may be due that waits for neither its time nor a token, but for what others hold."""
        return self.may_have_due(now) and self._tokens(now) > 0

    def lacks_bytes(self, capacity: Capacity) -> bool:
        """Whether the queue has to wait until others hold less. What is claimed has its bytes already."""
        return not self.claimed and capacity.bytes_for(self.bytes_held) < MAX_TASK_SIZE

    def _tokens(self, now: Instant) -> int:
        self.bucket = self.bucket.rebased(now)
        return self.bucket.available(now)

    def _room(self, capacity: Capacity) -> int:
        free = self.queue.rate_limits.max_concurrent_dispatches - self.in_flight
        return min(free, capacity.slots_for(self.in_flight))

    def _prefetch(self, now: Instant) -> int:
        rate = self.queue.rate_limits.max_dispatches_per_second * self.rate_factor(now)
        return int(rate * _PREFETCH_SECONDS)
