"""The law of congestion control."""

import heapq
from collections import deque
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskweir.domain.congestion import WINDOW, Congestion, Signal, least_factor
from taskweir.domain.model import RateLimits
from taskweir.domain.rate import TokenBucket, burst_for_rate
from taskweir.domain.times import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Instant, Micros

START = 1_700_000_000 * SECOND
NONE, FINE, FAILING, OVERLOADED = Signal
DEFAULT_MIN_BACKOFF = 100 * MILLISECOND


class Flow:
    """A queue's bucket, and what is heard of its target."""

    def __init__(self, rate: float = 500.0) -> None:
        self.bucket = TokenBucket.full(RateLimits(rate, burst_for_rate(rate), 1_000), START)
        self.congestion = Congestion()

    def heard(self, signal: Signal, now: Instant, begun: Instant | None = None) -> None:
        self.bucket = self.bucket.rebased(now)
        slowdown = self.congestion.heard(signal, now if begun is None else begun, now, self.bucket.slowdown)
        if slowdown is not None:
            self.bucket = self.bucket.slowed(slowdown, now)

    def factor_after(self, signals: Sequence[Signal], at: Instant = START) -> float:
        for signal in signals:
            self.heard(signal, at)
        return self.bucket.factor_at(at)


@pytest.mark.parametrize(
    ("signals", "factor"),
    [
        ([], 1),
        ([OVERLOADED], 0.9),
        ([OVERLOADED] * 2, 0.8),
        ([OVERLOADED] * 5, 0.5),
        ([OVERLOADED] * 500, 0.5),
        ([FINE] * 15 + [OVERLOADED] * 5, 0.875),
        ([OVERLOADED] * 5 + [FINE] * 15, 0.875),
        ([OVERLOADED] + [FINE] * 99, 0.995),
        ([FINE] * 1_000, 1),
        ([FAILING] * 9, 1),
        ([FAILING] * 10, 0.5),
        ([FAILING] * 6 + [FINE] * 6, 1),
        ([FINE] * 5 + [FAILING] * 15, 0.75),
        ([FAILING] * 10 + [FINE] * 10, 1),
        ([FAILING] * 4 + [OVERLOADED] * 4 + [FINE] * 2, 0.7),
        ([NONE] * 100, 1),
        ([NONE] * 100 + [OVERLOADED], 0.9),
    ],
)
def test_a_window_slows_by_half_the_part_of_it_that_asks_for_that(
    signals: Sequence[Signal], factor: float
) -> None:
    """Of overload answers against five at least; of failures by how far they are more than half of ten at least."""
    assert Flow().factor_after(signals) == pytest.approx(factor)


def test_each_window_halves_once_at_most() -> None:
    """A second by the clock, however many answers come in it; meanwhile the factor grows back."""
    flow = Flow()
    for n in range(100):
        flow.heard(OVERLOADED, START + n * WINDOW // 100)
    assert flow.bucket.factor_at(START + WINDOW) == pytest.approx(0.5 * 2**0.1)
    assert flow.factor_after([OVERLOADED] * 100, START + WINDOW) == pytest.approx(0.25 * 2**0.1)


def test_answers_to_what_was_in_flight_count_once() -> None:
    """However late they come: only what was sent after the slow-down tells of the rate that it left. But the queue does
    not recover while they are bad."""
    flow = Flow()
    flow.factor_after([OVERLOADED] * 10)
    for seconds in range(1, 60):
        at = START + seconds * SECOND
        flow.heard(OVERLOADED, at, begun=START - SECOND)
        assert flow.bucket.factor_at(at) == 0.5
    flow.heard(FINE, at + SECOND, begun=START - SECOND)
    assert flow.bucket.factor_at(at + SECOND) == pytest.approx(0.5 * 2**0.1)
    flow.heard(OVERLOADED, at + 3 * SECOND, begun=START)
    assert flow.bucket.factor_at(at + 3 * SECOND) == pytest.approx(0.5 * 2**0.3 * 0.9)


@pytest.mark.parametrize("seconds", [0.1, 5, 15, 60])
@pytest.mark.parametrize(("signal", "left"), [(OVERLOADED, 0.1), (FAILING, 0.3)])
def test_a_target_that_is_slow_to_fail_is_spared_too(signal: Signal, left: float, seconds: float) -> None:
    """Each latency's worth of attempts slows the queue once more, but fewer than ten failures a second say nothing."""
    flow = Flow(100.0)
    step, latency = SECOND // 10, int(seconds * SECOND)
    sent: deque[tuple[Instant, int]] = deque()
    for now in range(START, START + 10 * latency + 20 * SECOND, step):
        while sent and sent[0][0] + latency <= now:
            begun, count = sent.popleft()
            for _ in range(count):
                flow.heard(signal, now, begun=begun)
        count = flow.bucket.available(now)
        flow.bucket = flow.bucket.take(count, now)
        sent.append((now, count))
    assert flow.bucket.factor_at(now) < left


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.3, 1.0, 5.0, 100.0, 500.0])
def test_one_overload_answer_costs_a_queue_less_than_the_least_backoff(rate: float) -> None:
    """A backlog behind it goes at its rate, less than 0.1 s late."""
    flow = Flow(rate)
    flow.bucket = flow.bucket.take(flow.bucket.burst, START)
    undisturbed = flow.bucket
    flow.heard(OVERLOADED, START)
    now = then = START
    for _ in range(20):
        now, then = _next(flow.bucket, now), _next(undisturbed, then)
        assert then <= now <= then + DEFAULT_MIN_BACKOFF
        flow.bucket, undisturbed = flow.bucket.take(1, now), undisturbed.take(1, then)


def _next(bucket: TokenBucket, now: Instant) -> Instant:
    at = bucket.next_token_at(now)
    assert at is not None
    return at


@pytest.mark.parametrize(
    ("rate", "least"), [(500.0, 0.01), (10.0, 0.01), (1.0, 0.1), (0.1, 1.0), (0.05, 1.0), (5e-324, 1.0)]
)
def test_no_queue_is_slowed_below_its_floor(rate: float, least: float) -> None:
    """A hundredth, or one in ten seconds; a queue that goes no faster is not slowed at all."""
    assert least_factor(rate) == least
    flow = Flow(rate)
    for n in range(30):
        flow.factor_after([OVERLOADED] * 5, START + n * WINDOW)
    now = START + 29 * WINDOW
    assert flow.bucket.factor_at(now) == pytest.approx(least)
    assert (flow.bucket.slowdown is None) == (least == 1)


def test_from_the_floor_it_takes_66_seconds_to_the_full_rate() -> None:
    """log2(100) times ten seconds; then the queue is as one that never was slowed down."""
    flow = Flow()
    for n in range(30):
        flow.factor_after([OVERLOADED] * 5, START + n * WINDOW)
    end = START + 29 * WINDOW
    assert flow.bucket.factor_at(end + 66 * SECOND) < 1
    assert flow.bucket.factor_at(end + 67 * SECOND) == 1
    after = end + 5 * MINUTE
    assert flow.bucket.take(100, after) == TokenBucket(500.0, 100, 0.0, after)


def test_a_clock_that_jumps_ahead_finds_the_queue_recovered() -> None:
    """The next window begins at 1."""
    flow = Flow()
    flow.factor_after([OVERLOADED] * 5)
    assert flow.bucket.factor_at(START + HOUR) == 1
    assert flow.factor_after([OVERLOADED], START + HOUR) == pytest.approx(0.9)


def test_a_clock_that_was_set_back_neither_freezes_the_slow_down_nor_stops_the_counting() -> None:
    """Recovery goes on from where the clock is now, and answers count as before."""
    flow = Flow()
    flow.factor_after([OVERLOADED] * 5)
    back = START - DAY
    flow.bucket = flow.bucket.rebased(back)
    assert flow.bucket.factor_at(back) == 0.5
    assert flow.bucket.factor_at(back + 10 * SECOND) == 1
    assert flow.factor_after([OVERLOADED] * 5, back + 5 * SECOND) == pytest.approx(0.5 * 2**0.5 / 2)
    assert flow.factor_after([OVERLOADED] * 5, back + 6 * SECOND) < 0.25


EVENTS = st.lists(
    st.tuples(st.integers(0, 3 * SECOND), st.sampled_from([FINE, FAILING, OVERLOADED, None])), max_size=60
)


@given(st.sampled_from([0.3, 1.0, 20.0, 500.0]), EVENTS)
def test_in_no_stretch_of_time_are_there_more_tokens_than_burst_and_rate(
    rate: float, events: Sequence[tuple[Micros, Signal | None]]
) -> None:
    """Whatever is heard in between; and the factor stays within its bounds."""
    flow, now, taken = Flow(rate), START, list[Instant]()
    for wait, signal in events:
        now += wait
        if signal is None:
            count = flow.bucket.available(now)
            flow.bucket = flow.bucket.take(count, now)
            taken += [now] * count
        else:
            flow.heard(signal, now)
        assert least_factor(rate) <= flow.bucket.factor_at(now) <= 1
    burst = burst_for_rate(rate)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken), 7):
            assert last - first + 1 <= burst + (taken[last] - begin) * rate / SECOND + 1e-6


@given(st.sampled_from([0.3, 1.0, 20.0, 500.0]), EVENTS)
def test_a_token_is_there_at_the_microsecond_it_is_promised_for(
    rate: float, events: Sequence[tuple[Micros, Signal | None]]
) -> None:
    """And not one earlier: whoever waits for it wakes up once."""
    flow, now = Flow(rate), START
    for wait, signal in events:
        if signal is None:
            flow.bucket = flow.bucket.take(flow.bucket.available(now), now)
            at = _next(flow.bucket, now)
            assert flow.bucket.available(at) == 1
            assert flow.bucket.available(at - 1) == 0
            now = at
        else:
            now += wait
            flow.heard(signal, now)


@given(EVENTS, st.integers(0, MINUTE), st.integers(1, 20))
def test_tokens_do_not_depend_on_who_looked_when(
    events: Sequence[tuple[Micros, Signal | None]], length: Micros, looks: int
) -> None:
    """A bucket that is looked at in between has as many as one that is not."""
    flow, now = Flow(), START
    for wait, signal in events:
        now += wait
        flow.heard(signal or OVERLOADED, now)
    looked = emptied = flow.bucket.take(flow.bucket.available(now), now)
    for n in range(1, looks):
        looked = looked.take(0, now + n * length // looks)
    end = now + length
    assert looked.take(0, end).tokens == pytest.approx(emptied.take(0, end).tokens, abs=1e-7)


def sent_by_second(
    flow: Flow, capacity: float, latency: Micros, seconds: int, refusal: Signal = OVERLOADED
) -> list[int]:
    """How many attempts of an endless backlog begin in each second, at a target that takes `capacity` a second."""
    answers: list[tuple[Instant, int, Instant, Signal]] = []
    sent = [0] * seconds
    room, since, now = 1.0, START, START
    while True:
        at = _next(flow.bucket, now)
        if answers and answers[0][0] <= at:
            now, _, begun, signal = heapq.heappop(answers)
            flow.heard(signal, now, begun)
            continue
        now = at
        if now >= START + seconds * SECOND:
            return sent
        flow.bucket = flow.bucket.take(1, now)
        room, since = min(max(1.0, capacity / 10), room + (now - since) * capacity / SECOND), now
        signal = FINE if room >= 1 else refusal
        room -= signal is FINE
        sent[(now - START) // SECOND] += 1
        heapq.heappush(answers, (now + latency, sum(sent), now, signal))


@settings(max_examples=10, deadline=None)
@given(st.sampled_from([40.0, 100.0, 300.0]), st.integers(MILLISECOND, 500 * MILLISECOND))
def test_an_overloaded_target_is_soon_sent_little_more_than_it_takes(
    capacity: float, latency: Micros
) -> None:
    """Never less, so that it is kept busy; a sixth more at most, so that it learns of room."""
    sent = sent_by_second(Flow(), capacity, latency, 40)
    settled = sent[25:]
    assert capacity * 0.97 <= min(settled)
    assert max(settled) <= capacity * 1.2


def test_a_target_that_answers_late_is_slowed_once_a_round_trip() -> None:
    """Three seconds late: it is sent more than one that answers at once, and does not starve in between."""
    settled = sent_by_second(Flow(), 100.0, 3 * SECOND, 80)[60:]
    assert min(settled) >= 100
    assert max(settled) <= 200


def test_a_target_that_refuses_everything_is_still_tried() -> None:
    """At a hundredth of 500 a second, and at about one in one and a half seconds where the rate is small."""
    assert set(sent_by_second(Flow(), 0.0, MILLISECOND, 40)[20:]) <= {5, 6}
    assert 10 <= sum(sent_by_second(Flow(10.0), 0.0, MILLISECOND, 40)[20:]) <= 16


def test_a_high_error_rate_slows_until_half_succeed_or_few_are_left() -> None:
    """Errors alone are weaker evidence than a target that says what is wrong."""
    settled = sent_by_second(Flow(), 100.0, MILLISECOND, 40, FAILING)[25:]
    assert 200 <= min(settled) <= max(settled) <= 250
    assert 5 <= max(sent_by_second(Flow(), 0.0, MILLISECOND, 40, FAILING)[25:]) <= 12
