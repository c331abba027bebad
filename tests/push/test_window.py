"""What a queue asks for, and when it can go on."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.push.windows import START, tasks, window

from taskweir.domain.answer import answer_of
from taskweir.domain.lifecycle import AttemptResult
from taskweir.domain.limits import MAX_TASK_SIZE
from taskweir.domain.model import Attempt, HttpRequest, QueueState, RateLimits
from taskweir.domain.times import HOUR, SECOND, Instant
from taskweir.push.capacity import Capacity
from taskweir.push.window import QueueWindow, most_bytes
from taskweir.store.base import Claim

MIB = 1 << 20
PLENTY = 256 * MIB


def asked(queue: QueueWindow, capacity: Capacity) -> int:
    """The most that the queue's next claim may bring."""
    queue.note_due(START)
    request = queue.request(capacity, START)
    assert request is not None
    return most_bytes(request)


def test_a_queue_asks_for_little_first_and_then_for_twice_what_it_got() -> None:
    """Up to 8 MiB, whatever there is, and down again when bodies are small."""
    queue, capacity = window(), Capacity(10_000, PLENTY)
    asks = [asked(queue, capacity)]
    for size in (MIB // 2, MIB, 4 * MIB, 8 * MIB, 10):
        queue.accept(Claim(1, tasks(1, size), START))
        queue.give_up_claimed()
        asks.append(asked(queue, capacity))
    least = (128 << 10) + MAX_TASK_SIZE
    assert asks == [least, MIB + MAX_TASK_SIZE, 2 * MIB + MAX_TASK_SIZE, 8 * MIB, 8 * MIB, least]


@pytest.mark.parametrize("free", [2 * MAX_TASK_SIZE, 2 * MAX_TASK_SIZE + 1_000, PLENTY])
def test_no_claim_can_bring_more_than_the_queue_may_hold(free: int) -> None:
    """The largest task that may come last is reckoned with."""
    capacity = Capacity(100, free)
    assert asked(window(), capacity) <= capacity.bytes_for(0)


def test_a_queue_asks_for_nothing_when_a_large_task_would_not_fit() -> None:
    """It waits for bytes then; what is claimed has its own."""
    queue, capacity = window(), Capacity(100, 2 * MAX_TASK_SIZE - 1)
    assert queue.request(capacity, START) is None
    assert queue.lacks_bytes(capacity)
    queue.accept(Claim(1, tasks(1), None))
    assert not queue.lacks_bytes(capacity)


def test_a_queue_goes_on_at_its_rate_when_the_clock_went_back() -> None:
    """Its next token is a second away, not an hour, and the one after that a second later."""
    queue, capacity = window(rate=1.0, burst=1), Capacity(100, PLENTY)
    queue.accept(Claim(1, tasks(3), None))
    assert len(queue.dispatchable(capacity, START)) == 1
    back = START - HOUR
    assert queue.next_look(back) == back + SECOND
    assert queue.dispatchable(capacity, back + SECOND - 1) == []
    assert len(queue.dispatchable(capacity, back + SECOND)) == 1
    assert queue.next_look(back + SECOND) == back + 2 * SECOND


def test_a_clock_that_goes_back_between_looks_gives_no_token() -> None:
    """However often it does."""
    queue, capacity = window(rate=1.0, burst=1), Capacity(100, PLENTY)
    queue.accept(Claim(1, tasks(3), None))
    queue.dispatchable(capacity, START)
    for n in range(10):
        assert queue.dispatchable(capacity, START - n * HOUR) == []


def test_what_was_claimed_is_given_up_when_the_clock_goes_back() -> None:
    """It may not be due any more; and what was planned is asked for anew."""
    queue, capacity = window(), Capacity(100, PLENTY)
    claimed = tasks(3)
    queue.accept(Claim(1, claimed, START + HOUR))
    assert queue.clock_went_back(START - HOUR) == claimed
    assert queue.dispatchable(capacity, START - HOUR) == []
    assert queue.request(capacity, START - HOUR) is not None


@pytest.mark.parametrize(
    ("change", "may_have"),
    [
        (lambda queue: None, True),
        (lambda queue: queue.request(Capacity(100, PLENTY), START), True),
        (lambda queue: setattr(queue, "next_due", None), False),
        (lambda queue: setattr(queue, "next_due", START + 1), False),
        (lambda queue: (setattr(queue, "next_due", None), queue.accept(Claim(1, tasks(1), None))), True),
        (lambda queue: queue.change(replace(queue.queue, state=QueueState.PAUSED), START), False),
    ],
)
def test_a_window_knows_whether_a_task_may_be_due(
    change: Callable[[QueueWindow], object], may_have: bool
) -> None:
    """One that is claimed, asked for, or noted; never in a queue that does not run."""
    queue = window()
    change(queue)
    assert queue.may_have_due(START) == may_have


def test_a_token_that_comes_back_is_not_one_more() -> None:
    """The attempt that did not take place gives back its own."""
    queue, capacity = window(rate=1.0, burst=2), Capacity(100, PLENTY)
    queue.accept(Claim(1, tasks(5), None))
    assert len(queue.dispatchable(capacity, START)) == 2
    queue.return_token()
    assert len(queue.dispatchable(capacity, START)) == 1


def result(status: int, begun: Instant = START, *, forced: bool = False) -> AttemptResult:
    """Of an attempt that began at this time."""
    answer = answer_of(HttpRequest("http://target/"), status)
    return AttemptResult(1, 1, 1, Attempt(START, begun), answer, forced=forced)


def overloaded(queue: QueueWindow, at: Instant = START) -> None:
    """By as many answers as halve the rate."""
    for _ in range(5):
        queue.heard(result(429, at), at)


def test_a_slowed_queue_waits_for_its_token_to_the_microsecond() -> None:
    """The next look is computed by the law; one microsecond before it there is nothing to do."""
    queue, capacity = window(rate=10.0, burst=10), Capacity(100, PLENTY)
    queue.accept(Claim(1, tasks(20), None))
    assert len(queue.dispatchable(capacity, START)) == 10
    overloaded(queue)
    at = queue.next_look(START)
    assert at is not None
    assert at == pytest.approx(START + SECOND / 5, abs=2_000)
    assert queue.dispatchable(capacity, at - 1) == []
    assert len(queue.dispatchable(capacity, at)) == 1


def test_a_slowed_queue_claims_less_ahead() -> None:
    """As much less as it goes slower."""
    queue, capacity = window(rate=500.0, burst=1), Capacity(10_000, PLENTY)
    queue.bucket = queue.bucket.take(1, START)
    overloaded(queue)
    request = queue.request(capacity, START)
    assert request is not None
    assert request.limit == 25


def test_answers_of_runs_count_too() -> None:
    """They come from the same target."""
    queue = window()
    queue.heard(result(503, forced=True), START)
    assert queue.rate_factor(START) == pytest.approx(0.9)


def test_a_queue_stays_slowed_down_when_its_settings_change() -> None:
    """A new rate or a pause does not make the target well."""
    queue = window(rate=100.0)
    overloaded(queue)
    queue.change(replace(queue.queue, rate_limits=RateLimits(300.0, 60, 10)), START)
    assert (queue.bucket.rate, queue.rate_factor(START)) == (300.0, 0.5)
    queue.change(replace(queue.queue, state=QueueState.PAUSED), START)
    assert queue.rate_factor(START) == 0.5


def test_a_slowed_queue_recovers_also_when_the_clock_goes_back() -> None:
    """From there on, not from where the clock was."""
    queue = window(rate=10.0)
    overloaded(queue)
    back = START - HOUR
    queue.clock_went_back(back)
    queue.next_look(back)
    assert queue.rate_factor(back) == 0.5
    assert queue.rate_factor(back + 10 * SECOND) == 1
    overloaded(queue, back + SECOND)
    assert queue.rate_factor(back + SECOND) < 0.3


def test_an_answer_is_set_against_the_factor_that_the_queue_had_when_the_clock_went_back() -> None:
    """Not against the one that it was slowed down to before it began to recover."""
    queue, capacity = window(rate=10.0), Capacity(100, PLENTY)
    queue.accept(Claim(1, tasks(3), None))
    overloaded(queue)
    queue.dispatchable(capacity, START + 5 * SECOND)
    overloaded(queue, START - HOUR)
    assert queue.rate_factor(START - HOUR) == pytest.approx(0.5 * 2**0.5 / 2)
