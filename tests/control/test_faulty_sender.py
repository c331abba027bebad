"""What faults do to attempts."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from tests.eventually import eventually

from taskweir.control import faulty_sender
from taskweir.control.faults import Faults
from taskweir.control.faulty_sender import FaultySender
from taskweir.domain.fault import (
    Action,
    AnswerEarly,
    AttemptMatch,
    CutOff,
    Delay,
    DeliverTwice,
    Fail,
    Fault,
    LoseEffect,
)
from taskweir.domain.names import LocationName
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.scope import Scope
from taskweir.domain.times import HOUR, MILLISECOND, SECOND
from taskweir.push.late_effects import LateEffects
from taskweir.push.sender import Outcome

ANSWERED = Outcome(
    204,
    5_000,
    request_line="POST / HTTP/1.1",
    headers_sent=(("Host", "a"),),
    body_start=b"b",
    retry_after="9",
)
SENT = {"request_line": "POST / HTTP/1.1", "headers_sent": (("Host", "a"),)}


@dataclass
class Target:
    """A sender that keeps the tasks of what it sends, and answers in turn, the last for ever."""

    answers: list[Outcome] = field(default_factory=lambda: [ANSWERED])
    sent: list[str] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def send(self, request: OutgoingRequest) -> Outcome:
        self.sent.append(request.task.id)
        await self.may_answer.wait()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    async def close(self) -> None:
        self.closed = True


@dataclass
class Bench:
    target: Target
    faults: Faults
    sender: FaultySender

    async def send(self, task_id: str = "t", project: str = "p") -> Outcome:
        return await self.sender.send(request(task_id, project))

    def fault(self, action: Action, times: int = 0) -> None:
        self.faults.create(Fault(AttemptMatch(), action, times=times))


def request(task_id: str = "t", project: str = "p") -> OutgoingRequest:
    task = LocationName(project, "l").queue("q").task(task_id)
    return OutgoingRequest(task, "POST", "http://a/", (), b"", 10 * SECOND)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    target, faults = Target(), Faults()
    bench = Bench(target, faults, FaultySender(target, faults))
    yield bench
    await bench.sender.close()


async def test_attempts_go_as_ever_where_no_fault_is_about_them(bench: Bench) -> None:
    """Without a fault, and beside one."""
    assert await bench.send() is ANSWERED
    bench.faults.create(Fault(AttemptMatch(target="elsewhere"), Fail()))
    assert await bench.send() is ANSWERED
    assert bench.target.sent == ["t", "t"]


INJECTED = {"body_start": b"Injected by faults/1."}
RESET = "connection reset (injected by faults/1)"


@pytest.mark.parametrize(
    ("action", "sent", "outcome"),
    [
        (Fail(), 0, Outcome(503, 0, **INJECTED)),
        (Fail(http_status=404), 0, Outcome(404, 0, **INJECTED)),
        (Fail(http_status=429, after_effect=True), 1, Outcome(429, 5_000, **SENT, **INJECTED)),
        (CutOff(), 0, Outcome(None, 0, error=RESET)),
        (CutOff(after_effect=True), 1, Outcome(None, 5_000, error=RESET, **SENT)),
        (LoseEffect(), 0, Outcome(200, 0, **INJECTED)),
        (DeliverTwice(), 2, ANSWERED),
    ],
    ids=str,
)
async def test_what_is_sent_and_what_counts_as_the_answer(
    bench: Bench, action: Action, sent: int, outcome: Outcome
) -> None:
    """What was not sent has no request; where there is room for it, it says which fault it was."""
    bench.fault(action)
    assert await bench.send() == outcome
    assert len(bench.target.sent) == sent


@pytest.mark.parametrize(
    "real",
    [Outcome(None, 7, timed_out=True, error="too slow"), Outcome(500, 7), Outcome(None, 7, error="broken")],
    ids=str,
)
async def test_any_answer_is_replaced(bench: Bench, real: Outcome) -> None:
    """One that failed, too."""
    bench.target.answers = [real]
    bench.fault(Fail(http_status=200, after_effect=True), times=1)
    bench.fault(CutOff(after_effect=True))
    assert await bench.send() == Outcome(200, 7, body_start=b"Injected by faults/1.")
    assert await bench.send() == Outcome(None, 7, error="connection reset (injected by faults/2)")


@pytest.mark.parametrize("action", [Fail(after_effect=True), CutOff(after_effect=True)], ids=str)
async def test_a_request_that_could_not_be_made_has_no_answer_to_replace(
    bench: Bench, action: Action
) -> None:
    """Why it could not is of more use."""
    bench.target.answers = [Outcome(None, 0, unsent=True, error="no such scheme")]
    bench.fault(action)
    assert await bench.send() is bench.target.answers[0]


async def test_the_first_of_two_answers_counts(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """The other is logged."""
    caplog.set_level("INFO", "taskweir.fault")
    bench.target.answers = [Outcome(503, 1), Outcome(201, 1)]
    bench.fault(DeliverTwice())
    assert await bench.send() == Outcome(503, 1)
    assert "faults/1: the second delivery of" in caplog.text
    assert "201" in caplog.text


async def test_two_deliveries_come_one_after_the_other(bench: Bench) -> None:
    """The second only when the first was answered."""
    bench.target.may_answer.clear()
    bench.fault(DeliverTwice())
    sending = asyncio.ensure_future(bench.send())
    await eventually(lambda: bench.target.sent)
    assert len(bench.target.sent) == 1
    bench.target.may_answer.set()
    await sending
    assert len(bench.target.sent) == 2


async def test_a_delay_counts_as_time_the_attempt_took(bench: Bench) -> None:
    """In real time; it is sent all the same."""
    bench.fault(Delay(20 * MILLISECOND))
    outcome = await bench.send()
    assert outcome.latency >= 25 * MILLISECOND
    assert (outcome.http_status, bench.target.sent) == (204, ["t"])


async def test_an_attempt_that_is_dropped_while_it_is_delayed_is_not_sent(bench: Bench) -> None:
    """As when its project is reset."""
    bench.fault(Delay(HOUR))
    sending = asyncio.ensure_future(bench.send())
    await eventually(lambda: bench.faults.all()[0].acted)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert bench.target.sent == []


async def test_what_is_answered_early_is_sent_after(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the target then says."""
    caplog.set_level("INFO", "taskweir.fault")
    bench.target.answers = [Outcome(None, 3, error="nobody there")]
    bench.fault(AnswerEarly())
    assert replace_latency(await bench.send()) == Outcome(200, 0, **INJECTED)
    assert bench.target.sent == []
    await eventually(lambda: "the late delivery" in caplog.text)
    assert bench.target.sent == ["t"]
    assert "nobody there" in caplog.text


def replace_latency(outcome: Outcome) -> Outcome:
    """Without what cannot be known: how long it waited for room."""
    return Outcome(outcome.http_status, 0, body_start=outcome.body_start)


async def test_what_is_answered_early_waits_its_time(bench: Bench) -> None:
    """And survives the attempt."""
    bench.fault(AnswerEarly(HOUR), times=1)
    bench.fault(AnswerEarly(20 * MILLISECOND))
    await bench.send("late")
    await bench.send("soon")
    await eventually(lambda: bench.target.sent)
    assert bench.target.sent == ["soon"]


async def test_what_is_answered_early_is_under_way_until_it_was_answered(bench: Bench) -> None:
    """By its queue; or until it is dropped."""
    late = LateEffects()
    sender = FaultySender(bench.target, bench.faults, late)
    bench.target.may_answer.clear()
    bench.fault(AnswerEarly(), times=1)
    bench.fault(AnswerEarly(HOUR))
    await sender.send(request("soon"))
    await sender.send(request("late"))
    queue = request("soon").task.queue
    await eventually(lambda: bench.target.sent == ["soon"])
    assert late.about(Scope()) == {Scope.of(queue): 2}
    assert not late.about(Scope("p", "us-central1", "other"))
    bench.target.may_answer.set()
    await eventually(lambda: len(late) == 1)
    bench.faults.forget(None)
    await eventually(lambda: not late)


async def test_a_reset_drops_what_its_project_put_off(bench: Bench) -> None:
    """And nothing else."""
    bench.fault(AnswerEarly(HOUR))
    for project in ("p", "other"):
        await bench.send(project=project)
    bench.faults.forget("p")
    await eventually(lambda: len(bench.sender._late) == 1)
    assert [project for project, _ in bench.sender._late.values()] == ["other"]
    bench.faults.forget(None)
    await eventually(lambda: not bench.sender._late)


async def test_closing_drops_what_was_put_off(bench: Bench) -> None:
    """Waiting or on its way; nothing is left running."""
    bench.target.may_answer.clear()
    bench.fault(AnswerEarly(HOUR), times=1)
    bench.fault(AnswerEarly())
    await bench.send("late")
    await bench.send("soon")
    await eventually(lambda: bench.target.sent)
    await bench.sender.close()
    assert bench.target.closed
    assert not bench.sender._late
    assert bench.target.sent == ["soon"]
    assert {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({"late t"})


async def test_there_is_a_limit_to_what_is_put_off(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next attempt waits for room, and is answered then."""
    monkeypatch.setattr(faulty_sender, "_MOST_LATE", 2)
    sender = FaultySender(bench.target, bench.faults)
    bench.target.may_answer.clear()
    bench.fault(AnswerEarly())
    for task_id in ("a", "b"):
        await sender.send(request(task_id))
    third = asyncio.ensure_future(sender.send(request("c")))
    await eventually(lambda: len(bench.target.sent) == 2)
    assert not third.done()
    bench.target.may_answer.set()
    await third
    await eventually(lambda: len(bench.target.sent) == 3)
    await eventually(lambda: not sender._late)


async def test_a_fault_of_ours_in_a_late_delivery_is_logged(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody else would hear of it."""

    async def fail(_: OutgoingRequest) -> Outcome:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.target, "send", fail)
    bench.fault(AnswerEarly())
    await bench.send()
    await eventually(lambda: not bench.sender._late)
    assert "ZeroDivisionError" in caplog.text
