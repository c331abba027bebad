"""What is counted of attempts for the stats of queues."""

from dataclasses import replace

import pytest
from tests.push.windows import START, tasks

from taskweir.clock import SteeredClock
from taskweir.domain.history import Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import Task
from taskweir.domain.times import SECOND, Instant, Micros
from taskweir.push.executions import Executions


class Told:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def attempt_begun(self, task: Task, *, forced: bool) -> None:
        self.calls.append(f"begun {forced}")

    def attempt_recorded(
        self, task: Task, outcome: Outcome, latency: Micros, ending: Ending | Instant | None
    ) -> None:
        self.calls.append(f"recorded {outcome.name} {latency} {ending}")

    def attempt_over(self, task: Task) -> None:
        self.calls.append("over")


class Bench:
    def __init__(self) -> None:
        self.clock = SteeredClock(frozen_at=START)
        self.told = Told()
        self.executions = Executions(self.clock, self.told)

    def attempt(self, outcome: Outcome = Outcome.SUCCEEDED, queue_uid: int = 1) -> None:
        task = replace(tasks(1)[0], queue_uid=queue_uid)
        self.executions.attempt_begun(task, forced=False)
        self.executions.attempt_recorded(task, outcome, 5, Ending.DONE)
        self.executions.attempt_over(task)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        (Outcome.SUCCEEDED, 1),
        (Outcome.FAILED, 1),
        (Outcome.TIMED_OUT, 0),
        (Outcome.NO_ANSWER, 0),
        (Outcome.NOT_SENT, 0),
    ],
)
def test_attempts_that_were_answered_are_counted(bench: Bench, outcome: Outcome, counted: int) -> None:
    """Whatever the answer; of each queue for itself."""
    bench.attempt(outcome)
    assert bench.executions.answered_lately(1) == counted
    assert bench.executions.answered_lately(2) == 0


def test_an_answer_counts_for_a_minute(bench: Bench) -> None:
    """By the server's clock, to the second."""
    bench.attempt()
    bench.clock.freeze(START + 30 * SECOND)
    bench.attempt()
    bench.clock.freeze(START + 60 * SECOND - 1)
    assert bench.executions.answered_lately(1) == 2
    bench.clock.freeze(START + 60 * SECOND)
    assert bench.executions.answered_lately(1) == 1
    bench.clock.freeze(START + 90 * SECOND)
    assert bench.executions.answered_lately(1) == 0


def test_a_clock_that_was_set_back_forgets_what_is_ahead_of_it(bench: Bench) -> None:
    """Otherwise it would count for longer than a minute."""
    bench.attempt()
    bench.clock.freeze(START - 3_600 * SECOND)
    bench.attempt()
    assert bench.executions.answered_lately(1) == 1


def test_attempts_in_flight_are_those_begun_and_not_over(bench: Bench) -> None:
    """Also those that were cut off before they were recorded."""
    task = replace(tasks(1)[0], queue_uid=7)
    bench.executions.attempt_begun(task, forced=True)
    bench.executions.attempt_begun(task, forced=False)
    assert bench.executions.in_flight(7) == 2
    bench.executions.attempt_over(task)
    bench.executions.attempt_over(task)
    assert bench.executions.in_flight(7) == 0


def test_the_other_observer_is_told_too(bench: Bench) -> None:
    """Of everything."""
    bench.attempt(Outcome.FAILED)
    assert bench.told.calls == ["begun False", f"recorded FAILED 5 {Ending.DONE}", "over"]
