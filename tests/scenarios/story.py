"""What a scenario did and what was recorded of it, and the promises that must hold between the two."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from google.protobuf.timestamp_pb2 import Timestamp
from tests.scenarios.law import Bucket, Heard, Retry, slowed

from taskweir_pb.control.v1 import control_pb2

_ROUNDING = 3
"""Microseconds: a token's time is rounded up."""


@dataclass
class TaskStory:
    """A task as the test made it; times in microseconds."""

    name: str
    created: int
    schedule_time: int
    runs: list[int] = field(default_factory=list)
    deleted: int | None = None
    purged: int | None = None

    @property
    def gone(self) -> int | None:
        """When the test removed it, whichever way."""
        return self.deleted if self.deleted is not None else self.purged


@dataclass
class QueueStory:
    """A queue as the test made it and used it."""

    name: str
    made_at: int
    rate: float
    burst: int
    concurrent: int
    retry: Retry
    pauses: list[list[int]] = field(default_factory=list)
    """Each from when until when."""
    tasks: dict[str, TaskStory] = field(default_factory=dict)
    has_faults: bool = False


@dataclass(frozen=True)
class Delivery:
    """A request that reached the target."""

    task: str
    retry_count: int
    at: int
    status: int | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as the history has it, in numbers."""

    task: str
    number: int
    forced: bool
    due: int
    begun: int
    ended: int
    succeeded: bool
    status: int | None
    ending: int
    retry: int | None

    @classmethod
    def of(cls, message: control_pb2.Attempt) -> "Attempt":
        return cls(
            message.task,
            message.number,
            message.forced,
            micros(message.schedule_time),
            micros(message.dispatch_time),
            micros(message.response_time),
            message.outcome == control_pb2.SUCCEEDED,
            message.http_status or None,
            message.ending,
            micros(message.retry_time) if message.HasField("retry_time") else None,
        )


def micros(timestamp: Timestamp) -> int:
    return timestamp.seconds * 1_000_000 + timestamp.nanos // 1_000


class Promises:
    """Checks one queue's story. Each method is a promise; a broken one is an AssertionError that says which."""

    def __init__(
        self,
        queue: QueueStory,
        attempts: Sequence[control_pb2.Attempt],
        finished: Sequence[control_pb2.FinishedTask],
        deliveries: Sequence[Delivery],
    ) -> None:
        self.queue = queue
        self.attempts = [Attempt.of(message) for message in attempts]
        self.by_task: dict[str, list[Attempt]] = {name: [] for name in queue.tasks}
        for attempt in self.attempts:
            self.by_task[attempt.task].append(attempt)
        self.endings = {task.name: task for task in finished}
        assert len(self.endings) == len(finished), "a task finished twice"
        self.deliveries = deliveries
        lines = slowed([Heard(a.ended, a.begun, a.status) for a in self.attempts], queue.rate)
        self.most_tokens, self.fewest_tokens = (
            Bucket(queue.rate, queue.burst, queue.made_at, self._sent(), lines, taken_first=first)
            for first in (True, False)
        )

    def check(self) -> None:
        for task in self.queue.tasks.values():
            self.retries_go_by_the_law(task)
            self.every_task_ends_as_it_must(task)
        self.the_rate_is_kept()
        self.the_concurrency_is_kept()
        self.nothing_waits_without_reason()
        self.what_was_sent_is_what_is_recorded()

    def retries_go_by_the_law(self, task: TaskStory) -> None:
        """Nothing before its time, each attempt planned to the microsecond, and none after the last."""
        due: int | None = max(task.created, task.schedule_time)
        runs = list(task.runs)
        first = 0
        for number, attempt in enumerate(sorted(self.by_task[task.name], key=lambda a: a.number), start=1):
            begun, ended = attempt.begun, attempt.ended
            first = first or begun
            assert due is not None, f"{task.name}: an attempt after the end"
            assert attempt.number == number, f"{task.name}: attempt {attempt.number}, expected {number}"
            if attempt.forced:
                assert begun == runs.pop(0), f"{task.name}: run at another time"
            else:
                assert attempt.due == due, f"{task.name}: {number} planned for another time"
                assert begun >= due, f"{task.name}: attempt {number} before its time"
            assert task.gone is None or begun <= task.gone, f"{task.name}: an attempt after it was removed"
            due = self._next(task, attempt, begun if attempt.forced else ended, ended - first)
        assert not runs, f"{task.name}: RunTask without an attempt"

    def _next(self, task: TaskStory, attempt: Attempt, since: int, elapsed: int) -> int | None:
        """When the law has the next attempt, and whether the record says the same."""
        ended = attempt.ended
        if task.gone is not None and task.gone <= ended and not attempt.ending:
            if attempt.retry is None:
                return None
            assert task.gone == ended, f"{task.name}: tried again, though it was gone"
        if attempt.succeeded:
            assert attempt.ending == control_pb2.DONE
            return None
        if self.queue.retry.gives_up(attempt.number, elapsed):
            assert attempt.ending == control_pb2.OUT_OF_ATTEMPTS, f"{task.name} should have been given up"
            return None
        due = max(ended, since + self.queue.retry.wait(attempt.number))
        assert attempt.ending == 0
        assert attempt.retry == due, (
            f"{task.name}: {attempt.number} is tried again at another time than {due}: {attempt}"
        )
        return due

    def every_task_ends_as_it_must(self, task: TaskStory) -> None:
        """At least once, unless it was deleted: the end is known, once, and for the right reason."""
        ending = self.endings[task.name].ending
        last = max(self.by_task[task.name], key=lambda a: a.number, default=None)
        if last is not None and last.ending:
            assert ending == last.ending
            assert micros(self.endings[task.name].finish_time) == last.ended
        elif task.deleted is not None:
            assert ending == control_pb2.DELETED
        else:
            assert task.purged is not None, f"{task.name}: neither done nor removed"
            assert ending == control_pb2.PURGED
        if ending == control_pb2.DONE:
            answers = [sent.status for sent in self.deliveries if sent.task == task.name]
            assert 200 in answers, f"{task.name}: done, and never delivered"
        assert self.endings[task.name].dispatch_count == len(self.by_task[task.name])

    def the_rate_is_kept(self) -> None:
        """In no span of time more than a full bucket and what flows into it; less while the queue is slowed down."""
        times = self._sent()
        assert self.most_tokens.least > -1e-5, f"{self.queue.name}: above its slowed rate"
        for first, begin in enumerate(times):
            for last in range(first, len(times)):
                room = self.queue.burst + (times[last] - begin) * self.queue.rate / 1e6
                assert last - first + 1 <= room + 1e-6, f"{self.queue.name}: above its rate"

    def _sent(self) -> list[int]:
        """When tokens were taken; RunTask takes none."""
        return sorted(a.begun for a in self.attempts if not a.forced)

    def the_concurrency_is_kept(self) -> None:
        """At no moment more attempts in flight than may be, RunTask's aside."""
        for attempt in self.attempts:
            if not attempt.forced:
                assert self._in_flight(attempt.begun, forced=False) <= self.queue.concurrent

    def _in_flight(self, at: int, *, forced: bool) -> int:
        return sum(a.begun <= at < a.ended for a in self.attempts if forced or not a.forced)

    def nothing_waits_without_reason(self) -> None:
        """An attempt later than planned had no token, no free place, or a paused queue all the time before."""
        for attempt in self.attempts:
            due, begun = attempt.due, attempt.begun
            if attempt.forced or begun == due:
                continue
            for moment in self._moments(due, begun):
                assert self._has_reason_to_wait(moment), (
                    f"{attempt.task}: {attempt.number} was due at {due}, could go at {moment}, went at {begun}"
                )

    def _moments(self, begin: int, end: int) -> Iterator[int]:
        """The last moment before each change between two times: tokens only grow from one change to the next."""
        changes = {begin + _ROUNDING, end}
        for attempt in self.attempts:
            changes |= {attempt.begun, attempt.ended}
        for pause in self.queue.pauses:
            changes |= set(pause)
        for change in changes:
            if begin < change - _ROUNDING and change <= end:
                yield change - _ROUNDING

    def _has_reason_to_wait(self, moment: int) -> bool:
        if any(begin <= moment < end for begin, end in self.queue.pauses):
            return True
        if self._in_flight(moment, forced=True) >= self.queue.concurrent:
            return True
        return self.fewest_tokens.level(moment) < 1

    def what_was_sent_is_what_is_recorded(self) -> None:
        """Every request belongs to an attempt in the history, once; with faults perhaps twice, or not sent at all."""
        recorded = {(a.task, a.number - 1) for a in self.attempts}
        sent = Counter((delivery.task, delivery.retry_count) for delivery in self.deliveries)
        assert sent.keys() <= recorded
        if not self.queue.has_faults:
            assert sent == Counter(recorded)
            answers = {(a.task, a.number - 1): a.status for a in self.attempts}
            for delivery in self.deliveries:
                assert answers[delivery.task, delivery.retry_count] == delivery.status
