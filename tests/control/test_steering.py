"""A moved clock: everything that falls due on the way, each at its own time."""

import asyncio
import itertools
from itertools import accumulate
from typing import Any

import pytest
from tests.control.rig import SOON, Rig
from tests.eventually import eventually
from tests.push.bench import PARENT, START, held

from taskweir.clock import real_now
from taskweir.domain.errors import Aborted, DeadlineExceeded, InvalidArgument, TaskGone, Unavailable
from taskweir.domain.model import RetryConfig
from taskweir.domain.scope import EVERYTHING, Scope
from taskweir.domain.times import DAY, HOUR, LATEST, MILLISECOND, MINUTE, SECOND

Q = f"{PARENT}/queues/q"
RETENTION = 31 * DAY


def seconds(rig: Rig) -> list[tuple[float, str]]:
    """What was sent, with the time since the start."""
    return [((at - START) / SECOND, name) for at, name in rig.bench.sender.sent]


async def test_a_task_goes_through_its_whole_retry_law_in_one_advance(rig: Rig) -> None:
    """A hundred attempts, 0.1 s after each other, then twice that, up to an hour: each at its time."""
    await rig.bench.queue()
    rig.bench.sender.answer = lambda _: 503
    await rig.bench.task("t")
    assert await rig.advance(100 * HOUR) == START + 100 * HOUR
    waits = [min(100 * MILLISECOND * 2**n, HOUR) for n in range(99)]
    assert [at for at, _ in rig.bench.sender.sent] == [START + at for at in accumulate(waits, initial=0)]
    with pytest.raises(TaskGone):
        await rig.bench.store.get_task(rig.bench.sender.requests[0].task, with_body=False)


async def test_a_backlog_goes_at_whole_seconds_where_its_rate_is_one_a_second(rig: Rig) -> None:
    """After its burst of ten."""
    await rig.bench.queue(rate=1.0)
    for n in range(50):
        await rig.bench.task(str(n))
    await rig.advance(60 * SECOND)
    assert seconds(rig) == [(float(max(0, n - 9)), str(n)) for n in range(50)]


async def test_queues_take_turns_by_time(rig: Rig) -> None:
    """Each task in the order of its schedule time, whatever its queue."""
    for name in ("a", "b"):
        await rig.bench.queue(name)
    for n in range(6):
        await rig.bench.task(f"a{n}", "a", after=2 * n * MINUTE)
        await rig.bench.task(f"b{n}", "b", after=(2 * n + 1) * MINUTE)
    await rig.advance(HOUR)
    assert seconds(rig) == [(60.0 * n, f"{'ab'[n % 2]}{n // 2}") for n in range(12)]


async def test_what_a_handler_makes_on_the_way_runs_at_its_time_too(rig: Rig) -> None:
    """Due at once, at the time at which the handler was called."""
    await rig.bench.queue()
    follow_ups = iter(["second", "third"])

    def answer(_: object) -> object:
        name = next(follow_ups, None)
        return 200 if name is None else asyncio.ensure_future(then(name))

    async def then(name: str) -> int:
        await rig.bench.task(name)
        return 200

    rig.bench.sender.answer = answer
    await rig.bench.task("first", after=HOUR)
    await rig.advance(2 * HOUR)
    assert seconds(rig) == [(3_600.0, "first"), (3_600.0, "second"), (3_600.0, "third")]


async def test_an_attempt_that_hangs_holds_the_clock_until_the_time_limit(rig: Rig) -> None:
    """The clock stands where it got to, and goes on from there when the answer has come."""
    await rig.bench.queue()
    answer = held(rig.bench)
    await rig.bench.task("hangs", after=HOUR)
    await rig.bench.task("later", after=2 * HOUR)
    with pytest.raises(
        DeadlineExceeded,
        match=r"at 2023-11-14T23:13:20\.000000Z, and 1 attempt is in flight: "
        r"projects/p/locations/us-central1/queues/q\.$",
    ):
        await rig.advance(3 * HOUR, 20 * MILLISECOND)
    assert rig.bench.clock.now() == START + HOUR
    assert rig.bench.sender.names == ["hangs"]
    rig.bench.sender.answer = lambda _: 200
    answer.set_result(200)
    await rig.advance(2 * HOUR)
    assert seconds(rig) == [(3_600.0, "hangs"), (7_200.0, "later")]


async def test_the_clock_goes_on_without_answers_where_it_may(rig: Rig) -> None:
    """Those that come within a moment count at their time all the same."""
    await rig.bench.queue(retry=RetryConfig(3, 0, MINUTE, MINUTE, 0))
    never: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def soon() -> int:
        await asyncio.sleep(0)
        return 500

    def answer(request: Any) -> object:
        return never if request.url.endswith("hangs") else asyncio.ensure_future(soon())

    rig.bench.sender.answer = answer
    await rig.bench.task("hangs")
    await rig.bench.task("fails")
    await rig.advance(HOUR, leave_in_flight=True)
    assert seconds(rig) == [(0.0, "hangs"), (0.0, "fails"), (60.0, "fails"), (120.0, "fails")]
    assert rig.bench.worker.in_flight == 1
    never.set_result(200)
    await rig.advance(0)
    assert rig.bench.worker.in_flight == 0


async def test_attempts_that_fill_the_concurrency_do_not_hold_the_clock_where_it_may_go_on(rig: Rig) -> None:
    """What waits for them goes when they end."""
    await rig.bench.queue(concurrent=1)
    answer = held(rig.bench)
    await rig.bench.task("first")
    await rig.bench.task("second")
    await rig.advance(HOUR, leave_in_flight=True)
    assert rig.bench.sender.names == ["first"]
    answer.set_result(200)
    await rig.advance(0)
    assert seconds(rig) == [(0.0, "first"), (3_600.0, "second")]


@pytest.mark.parametrize("leave_in_flight", [False, True])
async def test_traffic_that_never_ends_does_not_hold_the_clock(rig: Rig, leave_in_flight: bool) -> None:
    """A caller in another project makes a task every hundredth of a second, each of which takes twice as long."""
    elsewhere = "projects/other/locations/us-central1"
    await rig.bench.queue("traffic", parent=elsewhere)
    await rig.bench.queue()
    numbers = itertools.count()
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Future[Any]] = []

    def more() -> None:
        name = f"traffic{next(numbers)}"
        tasks.append(asyncio.ensure_future(rig.bench.task(name, "traffic", parent=elsewhere)))
        timers[0] = loop.call_later(0.01, more)

    def answer(request: Any) -> object:
        if "traffic" not in request.url:
            return 200
        answered = loop.create_future()
        loop.call_later(0.02, answered.set_result, 200)
        return answered

    rig.bench.sender.answer = answer
    for n in range(5):
        await rig.bench.task(f"mine{n}", after=n * MINUTE)
    timers = [loop.call_soon(more)]
    await eventually(lambda: rig.bench.worker.in_flight == 2)
    assert await rig.advance(HOUR, 3 * SECOND, leave_in_flight=leave_in_flight) == START + HOUR
    timers[0].cancel()
    await asyncio.gather(*tasks)
    await rig.advance(0)
    assert [at for at in seconds(rig) if "mine" in at[1]] == [(60.0 * n, f"mine{n}") for n in range(5)]


@pytest.mark.parametrize("leave_in_flight", [False, True])
async def test_what_waits_for_attempts_that_end_is_waited_for(rig: Rig, leave_in_flight: bool) -> None:
    """However long it takes in all: the queue has one attempt at a time."""
    await rig.bench.queue(concurrent=1)
    loop = asyncio.get_running_loop()

    def answer(_: object) -> object:
        answered = loop.create_future()
        loop.call_later(0.005, answered.set_result, 200)
        return answered

    rig.bench.sender.answer = answer
    for n in range(40):
        await rig.bench.task(str(n))
    await rig.advance(HOUR, leave_in_flight=leave_in_flight)
    assert seconds(rig) == [(0.0, str(n)) for n in range(40)]


async def test_queues_that_wait_for_a_slot_are_waited_for(rig: Rig) -> None:
    """However long it takes in all: there is one slot for them."""
    rig.bench.capacity.take(99, 0)
    loop = asyncio.get_running_loop()

    def answer(_: object) -> object:
        answered = loop.create_future()
        loop.call_later(0.005, answered.set_result, 200)
        return answered

    rig.bench.sender.answer = answer
    for n in range(20):
        await rig.bench.queue(f"q{n}")
        await rig.bench.task(str(n), f"q{n}")
    await rig.advance(HOUR, SECOND)
    assert seconds(rig) == [(0.0, str(n)) for n in range(20)]
    rig.bench.capacity.give_back(99, 0)


async def test_a_run_that_waits_for_a_slot_holds_the_clock(rig: Rig) -> None:
    """Until it is over; not where attempts may be left in flight."""
    rig.bench.capacity.take(100, 0)
    await rig.bench.queue()
    await rig.bench.task("t", after=DAY)
    await rig.bench.tasks.run(f"{Q}/tasks/t", full=False)
    assert await rig.advance(HOUR, leave_in_flight=True) == START + HOUR
    moving = asyncio.create_task(rig.advance(HOUR))
    await eventually(lambda: rig.steering._movements)
    rig.bench.capacity.give_back(100, 0)
    await rig.bench.queue("wakes")
    await rig.bench.task("wakes", "wakes")
    assert await moving == START + 2 * HOUR
    assert sorted(seconds(rig)) == [(3_600.0, "t"), (3_600.0, "wakes")]


async def test_attempts_that_hang_for_long_do_not_slow_the_clock(rig: Rig) -> None:
    """They had their moment when they began; a hundred stops take no time."""
    await rig.bench.queue()
    never: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    rig.bench.sender.answer = lambda request: never if request.url.endswith("hangs") else 200
    await rig.bench.task("hangs")
    for n in range(1, 101):
        await rig.bench.task(str(n), after=n * MINUTE)
    began = asyncio.get_running_loop().time()
    await rig.advance(DAY, leave_in_flight=True)
    assert asyncio.get_running_loop().time() - began < 3
    assert seconds(rig)[1:] == [(60.0 * n, str(n)) for n in range(1, 101)]
    never.set_result(200)


async def test_a_clock_that_is_about_to_move_moves_whatever_comes(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller makes a task that is due each time the next stop is made ready."""
    await rig.bench.queue()
    expire, numbers = rig.sweeper.expire, itertools.count()

    async def meanwhile(by: int) -> None:
        await expire(by)
        await rig.bench.task(str(next(numbers)))

    monkeypatch.setattr(rig.sweeper, "expire", meanwhile)
    assert await rig.advance(HOUR) == START + HOUR
    assert seconds(rig) == [(0.0, "0")]


async def test_an_attempt_that_follows_another_is_waited_for_even_when_it_is_slow(rig: Rig) -> None:
    """The handler of the first makes the second; the time for such turnover is a hundredth of a second here."""
    await rig.bench.queue(retry=RetryConfig(3, 0, MINUTE, MINUTE, 0))
    loop = asyncio.get_running_loop()

    async def make_second() -> int:
        await rig.bench.task("second")
        return 200

    def answer(request: Any) -> object:
        if request.url.endswith("first"):
            return asyncio.ensure_future(make_second())
        answered = loop.create_future()
        loop.call_later(0.05, answered.set_result, 500)
        return answered

    rig.bench.sender.answer = answer
    await rig.bench.task("first")
    await rig.advance(HOUR, SECOND)
    assert rig.bench.worker.is_calm
    assert seconds(rig) == [(0.0, "first"), (0.0, "second"), (60.0, "second"), (120.0, "second")]


async def test_what_kept_the_clock_is_named(rig: Rig) -> None:
    """The queues with the most attempts in flight, three at most."""
    answer = held(rig.bench)
    for n in range(1, 6):
        await rig.bench.queue(f"q{n}")
        for task in range(n):
            await rig.bench.task(f"{n}-{task}", f"q{n}")
    with pytest.raises(DeadlineExceeded) as refused:
        await rig.advance(HOUR, 20 * MILLISECOND)
    assert refused.value.message.endswith(
        f"15 attempts are in flight: {PARENT}/queues/q5, {PARENT}/queues/q4, {PARENT}/queues/q3, 2 more."
    )
    answer.set_result(200)


@pytest.mark.parametrize("leave_in_flight", [False, True])
async def test_an_effect_that_was_put_off_holds_the_clock(rig: Rig, leave_in_flight: bool) -> None:
    """As an attempt does; not where those may be left in flight."""
    over = rig.bench.worker.late.begin(Scope("p"))
    if leave_in_flight:
        assert await rig.advance(HOUR, leave_in_flight=True) == START + HOUR
        return
    with pytest.raises(DeadlineExceeded, match=r"what faults have put off is still to come \(1\)\.$"):
        await rig.advance(HOUR, 20 * MILLISECOND)
    assert rig.bench.clock.now() == START
    asyncio.get_running_loop().call_soon(over)
    assert await rig.advance(HOUR) == START + HOUR


async def test_many_attempts_that_hang_do_not_use_the_time_up(rig: Rig) -> None:
    """The clock waits for each of them for a moment, and less when there is less time left."""
    await rig.bench.queue()
    never = held(rig.bench)
    for n in range(40):
        await rig.bench.task(str(n), after=n * SECOND)
    await rig.advance(HOUR, SECOND, leave_in_flight=True)
    assert seconds(rig) == [(float(n), str(n)) for n in range(40)]
    never.set_result(200)


async def test_a_task_is_dropped_at_its_age_and_not_a_microsecond_later(rig: Rig) -> None:
    """The queue was paused all the time; when it goes on, there is nothing left."""
    await rig.bench.queue()
    await rig.bench.queues.pause(Q)
    await rig.bench.task("old", after=DAY)
    await rig.advance(HOUR)
    task = await rig.bench.task("young")
    await rig.advance(RETENTION - HOUR - 1)
    assert await rig.bench.store.task_counts() == {task.queue_uid: 2}
    await rig.advance(1)
    assert await rig.bench.store.task_counts() == {task.queue_uid: 1}
    await rig.bench.queues.resume(Q)
    await rig.advance(0)
    assert rig.bench.sender.names == ["young"]


@pytest.mark.parametrize("how", ["advance", "freeze"])
async def test_a_task_that_reaches_its_age_is_not_dispatched_any_more(rig: Rig, how: str) -> None:
    """Not even when the clock gets there in one go."""
    await rig.bench.queue(concurrent=1)
    answer = held(rig.bench)
    await rig.bench.task("first")
    await rig.bench.task("waits", after=DAY)
    await rig.advance(DAY - SECOND, leave_in_flight=True)
    if how == "advance":
        await rig.advance(RETENTION, leave_in_flight=True)
    else:
        await rig.steering.freeze(START + RETENTION)
    answer.set_result(200)
    await rig.advance(0)
    assert rig.bench.sender.names == ["first"]


async def test_a_paused_queue_is_no_stop(rig: Rig) -> None:
    """Nothing of it is due, however long."""
    await rig.bench.queue()
    await rig.bench.queues.pause(Q)
    await rig.bench.task("t", after=MINUTE)
    assert (await rig.steering.state()).next_due is None
    await rig.advance(HOUR)
    assert rig.bench.sender.sent == []
    assert (await rig.steering.jump(SOON, leave_in_flight=False)).time == START + HOUR


async def test_what_comes_while_the_next_stop_is_made_ready_is_not_passed_over(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another caller makes a task that is due before it."""
    await rig.bench.queue()
    await rig.bench.task("planned", after=HOUR)
    expire = rig.sweeper.expire

    async def meanwhile(by: int) -> None:
        await expire(by)
        monkeypatch.undo()
        await rig.bench.task("sooner", after=MINUTE)

    monkeypatch.setattr(rig.sweeper, "expire", meanwhile)
    await rig.advance(DAY)
    assert seconds(rig) == [(60.0, "sooner"), (3_600.0, "planned")]


async def test_movements_come_one_after_the_other(rig: Rig) -> None:
    """Each goes as far as it was told from where the one before stopped."""
    await rig.bench.queue()
    answer = held(rig.bench)
    await rig.bench.task("t", after=MINUTE)
    first = asyncio.create_task(rig.advance(HOUR))
    await eventually(lambda: rig.bench.sender.sent)
    second = asyncio.create_task(rig.advance(HOUR))
    with pytest.raises(DeadlineExceeded, match="another movement of it is under way"):
        await rig.advance(HOUR, 10 * MILLISECOND)
    answer.set_result(200)
    assert await first == START + HOUR
    assert await second == START + 2 * HOUR


@pytest.mark.parametrize("how", ["frozen", "resumed"])
async def test_setting_the_clock_ends_its_movements(rig: Rig, how: str) -> None:
    """The one that waits for an attempt, and those that wait for it; the next begins where the clock was set."""
    await rig.bench.queue()
    answer = held(rig.bench)
    await rig.bench.task("t", after=MINUTE)
    moving = [asyncio.create_task(rig.advance(HOUR)) for _ in range(3)]
    await eventually(lambda: rig.bench.sender.sent)
    state = await (rig.steering.freeze(START - DAY) if how == "frozen" else rig.steering.resume())
    for movement in moving:
        with pytest.raises(
            Aborted, match=rf"^The clock was {how} meanwhile\. It stood at 2023-11-14T22:14:20\.000000Z\.$"
        ):
            await movement
    assert state.is_frozen == (how == "frozen")
    assert abs(state.time - (START - DAY if how == "frozen" else real_now())) < SECOND
    answer.set_result(200)
    assert await rig.advance(MINUTE) >= state.time + MINUTE


async def test_a_movement_whose_time_is_over_is_not_ended_twice(rig: Rig) -> None:
    """The clock is set in the moment in which it gives up."""
    await rig.bench.queue()
    answer = held(rig.bench)
    await rig.bench.task("t")
    moving = asyncio.create_task(rig.advance(HOUR))
    await eventually(lambda: rig.bench.sender.sent)
    (movement,) = rig.steering._movements
    loop = asyncio.get_running_loop()
    movement.limit.reschedule(loop.time())
    # After the limit has cancelled it, and before it could see that.
    loop.call_soon(rig.steering.end_movements, "The clock was frozen")
    with pytest.raises(DeadlineExceeded):
        await moving
    answer.set_result(200)


async def test_a_caller_that_leaves_ends_its_movement(rig: Rig) -> None:
    """The clock stays where it got to, and can be moved again."""
    await rig.bench.queue()
    answer = held(rig.bench)
    await rig.bench.task("t", after=MINUTE)
    moving = asyncio.create_task(rig.advance(HOUR))
    await eventually(lambda: rig.bench.sender.sent)
    moving.cancel()
    await asyncio.gather(moving, return_exceptions=True)
    assert rig.bench.clock.now() == START + MINUTE
    answer.set_result(200)
    assert await rig.advance(MINUTE) == START + 2 * MINUTE


async def test_a_jump_goes_to_what_is_due_next_and_runs_it(rig: Rig) -> None:
    """And no further; where nothing is scheduled, the time stays."""
    await rig.bench.queue()
    await rig.bench.task("a", after=HOUR)
    await rig.bench.task("b", after=2 * HOUR)
    states = [await rig.steering.jump(SOON, leave_in_flight=False) for _ in range(3)]
    assert [(state.time, state.next_due) for state in states] == [
        (START + HOUR, START + 2 * HOUR),
        (START + 2 * HOUR, None),
        (START + 2 * HOUR, None),
    ]
    assert seconds(rig) == [(3_600.0, "a"), (7_200.0, "b")]


async def test_a_jump_does_not_stop_for_what_is_gone(rig: Rig) -> None:
    """Tasks that were deleted, or run before their time."""
    await rig.bench.queue()
    for n, task_id in enumerate(("deleted", "run", "there")):
        await rig.bench.task(task_id, after=(n + 1) * HOUR)
    await rig.bench.tasks.run(f"{Q}/tasks/run", full=False)
    await rig.bench.tasks.delete(f"{Q}/tasks/deleted")
    await rig.advance(0)
    assert (await rig.steering.state()).next_due == START + 3 * HOUR
    assert (await rig.steering.jump(SOON, leave_in_flight=False)).time == START + 3 * HOUR
    assert seconds(rig) == [(0.0, "run"), (10_800.0, "there")]


@pytest.mark.parametrize("rate", [1.0, 100.0])
async def test_what_waits_for_a_token_and_is_deleted_is_not_due_any_more(rig: Rig, rate: float) -> None:
    """Whether it was claimed ahead or not."""
    await rig.bench.queue(rate=rate)
    burst = 10 if rate == 1.0 else 20
    for n in range(burst + 2):
        await rig.bench.task(str(n))
    await rig.advance(0)
    assert (await rig.steering.state()).next_due == START + int(SECOND / rate)
    for n in range(burst, burst + 2):
        await rig.bench.tasks.delete(f"{Q}/tasks/{n}")
    assert (await rig.steering.state()).next_due is None
    await rig.bench.task("more")
    await rig.advance(SECOND)
    assert seconds(rig)[burst:] == [(1 / rate, "more")]


async def test_a_frozen_clock_can_be_set_anywhere(rig: Rig) -> None:
    """What is due by then runs by itself, with no way in between; going back takes nothing back."""
    await rig.bench.queue()
    await rig.bench.task("a", after=HOUR)
    await rig.bench.task("b", after=2 * HOUR)
    await rig.steering.freeze(START + DAY)
    await rig.bench.settle()
    assert seconds(rig) == [(86_400.0, "a"), (86_400.0, "b")]
    assert (await rig.steering.freeze(START - DAY)).time == START - DAY
    await rig.bench.task("c", after=MINUTE)
    await rig.advance(MINUTE)
    assert seconds(rig)[2:] == [(60.0 - 86_400, "c")]


async def test_what_was_claimed_ahead_is_not_sent_before_its_time_when_the_clock_is_set_back(
    rig: Rig,
) -> None:
    """A task of the queue that is due sooner goes first."""
    await rig.bench.queue(rate=100.0)
    for n in range(25):
        await rig.bench.task(f"late{n}", after=HOUR)
    await rig.advance(HOUR + 10 * MILLISECOND)
    assert len(rig.bench.sender.sent) == 21
    await rig.steering.freeze(START)
    await rig.bench.task("soon")
    await rig.advance(MINUTE)
    assert seconds(rig)[21:] == [(0.01, "soon")]
    await rig.advance(HOUR)
    assert {at for at, _ in seconds(rig)[22:]} == {3_600.0}
    assert len(rig.bench.sender.sent) == 26


async def test_a_clock_that_goes_with_real_time_stands_still_to_be_moved(rig: Rig) -> None:
    """And goes back to real time when it is told to; tasks go by whatever time it is."""
    await rig.bench.queue()
    before = real_now()
    state = await rig.steering.resume()
    assert not state.is_frozen
    assert before <= state.time <= real_now()
    moved = await rig.advance(HOUR)
    assert before + HOUR <= moved <= real_now() + HOUR
    assert (await rig.steering.state()).is_frozen
    await rig.bench.task("t")
    await rig.advance(0)
    await rig.steering.resume()
    await rig.bench.task("now")
    await eventually(lambda: rig.bench.sender.names == ["t", "now"])


async def test_retries_planned_by_a_clock_ahead_wait_for_their_time_after_it_went_back(rig: Rig) -> None:
    """Their schedule times stand, and new tasks go at once."""
    await rig.bench.queue(retry=RetryConfig(-1, 0, MINUTE, MINUTE, 0))
    rig.bench.sender.answer = lambda _: 500
    await rig.steering.resume()
    await rig.advance(HOUR)
    await rig.bench.task("fails")
    await rig.advance(0)
    at = (await rig.bench.tasks.get(f"{Q}/tasks/fails", full=False)).schedule_time
    rig.bench.sender.answer = lambda _: 200
    assert (await rig.steering.resume()).next_due == at
    await rig.bench.task("new")
    await eventually(lambda: rig.bench.sender.names == ["fails", "new"])
    await rig.steering.jump(SOON, leave_in_flight=False)
    assert rig.bench.sender.sent[2] == (at, "fails")


async def test_the_clock_does_not_pass_the_last_year_there_is(rig: Rig) -> None:
    """Times past it could not be shown; what would be due then, never is."""
    with pytest.raises(InvalidArgument, match="9999"):
        await rig.advance(LATEST - START + 1)
    assert rig.bench.clock.now() == START
    await rig.bench.queue(rate=1.0)
    await rig.steering.freeze(LATEST - SECOND // 2)
    for n in range(12):
        await rig.bench.task(str(n))
    assert (await rig.steering.jump(SOON, leave_in_flight=False)).next_due is None
    assert await rig.advance(SECOND // 2) == LATEST
    assert (await rig.steering.jump(SOON, leave_in_flight=False)).time == LATEST
    (queue,) = await rig.idling.wait(EVERYTHING, 0)
    assert (queue.due, queue.next_due) == (2, None)
    await rig.steering.freeze(START)
    await rig.advance(SECOND)
    assert len(rig.bench.sender.sent) == 10


async def test_a_server_that_stops_ends_movements(rig: Rig) -> None:
    """Nothing would come of waiting."""
    await rig.bench.queue()
    held(rig.bench)
    await rig.bench.task("t")
    moving = asyncio.create_task(rig.advance(HOUR))
    await eventually(lambda: rig.bench.sender.sent)
    stopping = asyncio.create_task(rig.bench.worker.stop(SOON))
    with pytest.raises(Unavailable):
        await moving
    stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)


async def test_the_same_calls_give_the_same_attempts(rig: Rig) -> None:
    """Over queues with tasks at the same times, failing and not."""
    for queue in ("a", "b", "c"):
        await rig.bench.queue(queue, rate=2.0, concurrent=3)
    rig.bench.sender.answer = lambda request: 500 if request.url.endswith("0") else 200

    async def round_(label: str) -> list[tuple[float, str]]:
        for n in range(12):
            for queue in ("a", "b", "c"):
                await rig.bench.task(f"{label}{queue}{n}", queue, after=(1 + n // 4) * SECOND)
        start, first = rig.bench.clock.now(), len(rig.bench.sender.sent)
        await rig.advance(100 * HOUR)
        return [((at - start) / SECOND, name[1:]) for at, name in rig.bench.sender.sent[first:]]

    rounds = [await round_(label) for label in "xyz"]
    assert len(rounds[0]) == 3 * (2 * 100 + 10)
    assert len({at for at, _ in rounds[0]}) > 100
    assert rounds[0] == rounds[1] == rounds[2]
