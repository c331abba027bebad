"""What is asked of the control API, and what is made of its answers, blocking and asynchronous."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import get_args

import grpc
import pytest
from google.protobuf import empty_pb2
from tests.testing.fake_control import Fake, Refused, fake_control

from taskweir import testing
from taskweir.testing import (
    CodeName,
    ControlError,
    Ending,
    EndingName,
    NotIdle,
    Outcome,
    OutcomeName,
    Server,
)
from taskweir.testing.times import duration, timestamp
from taskweir_pb.control.v1 import control_pb2 as pb

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CLOCK = pb.Clock(time=timestamp(NOON), frozen=True)


@pytest.fixture
def fake() -> Iterator[Fake]:
    """A control API made of answers."""
    with fake_control() as fake:
        for method in ("GetClock", "FreezeClock", "AdvanceClock", "JumpToNext", "ResumeClock"):
            fake.answers[method] = CLOCK
        fake.answers["WaitIdle"] = pb.WaitIdleResponse(idle=True)
        fake.answers["Reset"] = fake.answers["DeleteFault"] = empty_pb2.Empty()
        fake.answers["CreateFault"] = pb.Fault(name="faults/7")
        yield fake


@pytest.fixture
def server(fake: Fake) -> Iterator[Server]:
    """What steers it."""
    with testing.connect(fake.address) as server:
        fake.requests.clear()
        yield server


def test_the_clock_is_asked_and_moved(fake: Fake, server: Server) -> None:
    """By each of the calls, with times and spans as they are given."""
    clock = server.clock
    assert clock.now() == clock.jump() == clock.resume() == NOON
    assert clock.is_frozen
    assert clock.next_due is None
    fake.requests.clear()
    clock.freeze()
    clock.freeze("2026-01-01T12:00:00Z")
    clock.advance(timedelta(minutes=5), hours=1, seconds=0.5, timeout=2, leave_in_flight=True)
    clock.advance(60)
    clock.jump(timeout=timedelta(seconds=3))
    assert fake.requests == [
        pb.FreezeClockRequest(),
        pb.FreezeClockRequest(time=timestamp(NOON)),
        pb.AdvanceClockRequest(duration=duration(3_900.5), timeout=duration(2), leave_in_flight=True),
        pb.AdvanceClockRequest(duration=duration(60), timeout=duration(30)),
        pb.JumpToNextRequest(timeout=duration(3)),
    ]


QUEUE = "projects/p/locations/l/queues/q"


def test_calls_are_about_what_is_named(fake: Fake, server: Server) -> None:
    """By its full name, or by the SDK's object that has it; and about the project, where a project is asked."""
    fake.answers["ListAttempts"] = pb.ListAttemptsResponse()
    fake.answers["ListFinishedTasks"] = pb.ListFinishedTasksResponse()
    server.attempts(SimpleNamespace(name=QUEUE), outcome=Outcome.FAILED, since=NOON)
    server.finished_tasks(ending=["DONE", Ending.PURGED], until=NOON)
    project = server.project("p")
    project.attempts()
    project.wait_idle(timeout=0)
    project.reset()
    server.reset("p")
    server.reset()
    assert fake.requests == [
        pb.ListAttemptsRequest(
            parent=QUEUE, outcomes=["FAILED"], start_time=timestamp(NOON), page_size=1_000
        ),
        pb.ListFinishedTasksRequest(endings=["DONE", "PURGED"], end_time=timestamp(NOON), page_size=1_000),
        pb.ListAttemptsRequest(parent="projects/p", page_size=1_000),
        pb.WaitIdleRequest(parent="projects/p", timeout=duration(0)),
        pb.ResetRequest(parent="projects/p"),
        pb.ResetRequest(parent="projects/p"),
        pb.ResetRequest(),
    ]


ATTEMPT = pb.Attempt(
    task=f"{QUEUE}/tasks/t",
    number=2,
    forced=True,
    schedule_time=timestamp(NOON),
    dispatch_time=timestamp(NOON),
    response_time=timestamp(NOON),
    outcome=pb.SUCCEEDED,
    request_line="POST / HTTP/1.1",
    headers=[pb.Header(name="Host", value="h")],
    http_status=204,
    latency=duration(0.25),
    body_start=b"ok",
    ending=pb.DONE,
)


def test_an_attempt_is_read_whole(fake: Fake, server: Server) -> None:
    """As plain values; what is not there is None."""
    broken = pb.Attempt(outcome=pb.NO_ANSWER, error="refused", retry_time=timestamp(NOON))
    fake.answers["ListAttempts"] = pb.ListAttemptsResponse(attempts=[ATTEMPT, broken])
    attempt, second = server.attempts()
    assert (attempt.task, attempt.queue, attempt.task_id) == (f"{QUEUE}/tasks/t", QUEUE, "t")
    assert (attempt.number, attempt.forced, attempt.succeeded) == (2, True, True)
    assert (attempt.schedule_time, attempt.dispatch_time, attempt.response_time) == (NOON, NOON, NOON)
    assert (attempt.outcome, attempt.status, attempt.ending) == ("SUCCEEDED", 204, Ending.DONE)
    assert (attempt.request_line, attempt.headers["host"]) == ("POST / HTTP/1.1", "h")
    assert (attempt.latency, attempt.body_start) == (timedelta(milliseconds=250), b"ok")
    assert (attempt.error, attempt.retry_time) == ("", None)
    assert (second.outcome, second.status, second.error) == (Outcome.NO_ANSWER, None, "refused")
    assert (second.succeeded, second.ending, second.retry_time) == (False, None, NOON)


def test_words_are_those_of_the_protocol() -> None:
    """Each outcome and each ending can be read."""
    assert {f"{outcome}" for outcome in Outcome} == set(pb.Outcome.keys()) - {"OUTCOME_UNSPECIFIED"}
    assert {f"{ending}" for ending in Ending} == set(pb.Ending.keys()) - {"ENDING_UNSPECIFIED"}


async def test_words_are_taken_in_any_case_and_others_are_refused(fake: Fake, server: Server) -> None:
    """With those that there are."""
    fake.answers["ListAttempts"] = pb.ListAttemptsResponse()
    server.attempts(outcome=["failed", Outcome.NO_ANSWER])  # type: ignore[list-item]
    assert fake.requests == [pb.ListAttemptsRequest(outcomes=["FAILED", "NO_ANSWER"], page_size=1_000)]
    server.faults.calls().fail("aborted")  # type: ignore[arg-type]
    assert fake.requests[-1].fault.fail == pb.Fail(code="ABORTED")
    with pytest.raises(
        ValueError, match=r"there is no outcome 'typo': it is one of SUCCEEDED, FAILED, .*NOT_SENT"
    ):
        server.attempts(outcome="typo")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there is no ending 'typo': it is one of DONE"):
        server.finished_tasks(ending=["DONE", "typo"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="there is no error code 'OK': it is one of CANCELLED"):
        server.faults.calls().fail("OK")  # type: ignore[arg-type]
    async with testing.async_connect(fake.address) as s:
        with pytest.raises(ValueError, match="there is no outcome 'typo'"):
            await s.watch_attempts(outcome="typo")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="there is no ending 'typo'"):
            await s.watch_finished_tasks(ending="typo")  # type: ignore[arg-type]


def test_the_codes_are_those_of_grpc() -> None:
    """All but that of no error."""
    assert set(get_args(CodeName)) == {code.name for code in grpc.StatusCode} - {"OK"}
    assert {*get_args(get_args(OutcomeName)[1])} == {*Outcome}
    assert {*get_args(get_args(EndingName)[1])} == {*Ending}


def pages(request: pb.ListAttemptsRequest) -> pb.ListAttemptsResponse:
    """Three pages, of one attempt, none, and one."""
    page = int(request.page_token or 0)
    attempts = [] if page == 1 else [pb.Attempt(number=page, outcome=pb.FAILED)]
    return pb.ListAttemptsResponse(attempts=attempts, next_page_token=str(page + 1) if page < 2 else "")


async def test_lists_are_read_to_their_end(fake: Fake, server: Server) -> None:
    """All pages, each by the same request."""
    fake.answers["ListAttempts"] = pages
    assert [attempt.number for attempt in server.attempts(QUEUE)] == [0, 2]
    async with testing.async_connect(fake.address) as s:
        assert [attempt.number for attempt in await s.attempts(QUEUE)] == [0, 2]
    lists = [request for request in fake.requests if isinstance(request, pb.ListAttemptsRequest)]
    assert [request.parent for request in lists] == [QUEUE] * 6


async def test_what_is_left_is_an_assertion_that_fails(fake: Fake, server: Server) -> None:
    """It names the queues, and what they still have to do."""
    left = pb.QueueLeft(queue=QUEUE, due=3, in_flight=1, next_due_time=timestamp(NOON))
    fake.answers["WaitIdle"] = pb.WaitIdleResponse(left=[left, pb.QueueLeft(queue="r", in_flight=1)])
    expected = (
        "not idle after 2.5 s\n"
        f"  {QUEUE}: 3 due, 1 in flight, next at 2026-01-01T12:00:00+00:00\n"
        "  r: 0 due, 1 in flight"
    )
    with pytest.raises(NotIdle) as caught:
        server.wait_idle(timeout=2.5)
    assert str(caught.value) == expected
    assert [queue.due for queue in caught.value.left] == [3, 0]
    assert isinstance(caught.value, AssertionError)
    async with testing.async_connect(fake.address) as s:
        with pytest.raises(NotIdle) as caught:
            await s.wait_idle(timeout=2.5)
    assert str(caught.value) == expected


async def test_errors_have_the_servers_words(fake: Fake, server: Server) -> None:
    """And gRPC's code, by its name."""

    def late(_request: object) -> pb.Clock:
        raise Refused(grpc.StatusCode.DEADLINE_EXCEEDED, "3 attempts are in flight")

    fake.answers["AdvanceClock"] = late
    with pytest.raises(ControlError, match=r"^DEADLINE_EXCEEDED: 3 attempts are in flight$") as caught:
        server.clock.advance(hours=1)
    assert (caught.value.code, caught.value.message) == ("DEADLINE_EXCEEDED", "3 attempts are in flight")
    async with testing.async_connect(fake.address) as s:
        with pytest.raises(ControlError, match=r"^DEADLINE_EXCEEDED: 3 attempts are in flight$"):
            await s.clock.advance(hours=1)


def test_a_server_without_control_says_what_to_do(fake: Fake) -> None:
    """Rather than that a method is not implemented."""

    def unimplemented(_request: object) -> pb.Clock:
        raise Refused(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")

    fake.answers["GetClock"] = unimplemented
    with pytest.raises(ControlError, match="start it with --control on"):
        testing.connect(fake.address)


async def test_no_server_is_an_error_at_once() -> None:
    """Rather than at the first call of the test."""
    with pytest.raises(ControlError, match="UNAVAILABLE"):
        testing.connect("127.0.0.1:1")
    with pytest.raises(ControlError, match="UNAVAILABLE"):
        async with testing.async_connect("127.0.0.1:1"):
            pass


async def test_watching_goes_on_until_it_is_left(fake: Fake, server: Server) -> None:
    """The server watches as soon as it is asked to, and something else was read after that."""
    fake.answers["ListAttempts"] = pb.ListAttemptsResponse()
    for name, answer in (("WatchAttempts", ATTEMPT), ("WatchFinishedTasks", pb.FinishedTask(ending=pb.DONE))):
        fake.answers[name] = lambda _request, answer=answer: iter([answer, answer])
    watching = server.watch_attempts(QUEUE, outcome="SUCCEEDED")
    assert pb.WatchAttemptsRequest(parent=QUEUE, outcomes=["SUCCEEDED"]) in fake.requests
    assert [attempt.number for attempt in watching] == [2, 2]
    assert [task.ending for task in server.watch_finished_tasks(ending="DONE")] == ["DONE"] * 2
    async with testing.async_connect(fake.address) as s:
        assert [attempt.number async for attempt in await s.watch_attempts(since=NOON)] == [2, 2]
        assert [task.ending async for task in await s.watch_finished_tasks()] == ["DONE"] * 2


def test_faults_are_asked_for_as_they_are_said(fake: Fake, server: Server) -> None:
    """What they match, what they do, and how often."""
    project = server.project("p")
    on_calls, on_attempts = project.faults.calls("CreateTask"), server.faults.attempts(QUEUE, target="h:80")
    on_calls.fail("ABORTED", "no", after_effect=True, times=2)
    on_calls.delay(1.5, percent=50, seed=7)
    on_calls.cut_off()
    on_attempts.fail(500)
    on_attempts.lose_effect()
    on_attempts.answer_early(timedelta(seconds=2))
    on_attempts.deliver_twice(times=1)
    call = pb.CallMatch(method="CreateTask", parent="projects/p")
    attempt = pb.AttemptMatch(parent=QUEUE, target="h:80")
    assert [request.fault for request in fake.requests] == [
        pb.Fault(call=call, fail=pb.Fail(code="ABORTED", message="no", after_effect=True), times=2),
        pb.Fault(call=call, delay=pb.Delay(duration=duration(1.5)), percent=50, seed=7),
        pb.Fault(call=call, cut_off=pb.CutOff()),
        pb.Fault(attempt=attempt, fail=pb.Fail(http_status=500)),
        pb.Fault(attempt=attempt, lose_effect=pb.LoseEffect()),
        pb.Fault(attempt=attempt, answer_early=pb.AnswerEarly(delay=duration(2))),
        pb.Fault(attempt=attempt, deliver_twice=pb.DeliverTwice(), times=1),
    ]
    with pytest.raises(ValueError, match="NO_SUCH_CODE"):
        on_calls.fail("NO_SUCH_CODE")


async def test_a_fault_is_counted_and_taken_back(fake: Fake, server: Server) -> None:
    """At the end of `with` at the latest; one that is gone cannot be counted."""
    counted = pb.Fault(name="faults/7", matched_count=5, acted_count=2)
    fake.answers["ListFaults"] = pb.ListFaultsResponse(faults=[pb.Fault(name="faults/1"), counted])
    with server.faults.calls().cut_off() as fault:
        assert (fault.name, fault.matched, fault.acted) == ("faults/7", 5, 2)
    assert fake.requests[-1] == pb.DeleteFaultRequest(name="faults/7")
    async with testing.async_connect(fake.address) as s:
        made = await s.faults.attempts().fail()
        assert (await made.matched, await made.acted) == (5, 2)
        async with s.faults.attempts().fail() as fault:
            pass
        assert fake.requests[-1] == pb.DeleteFaultRequest(name=fault.name)
        fake.answers["ListFaults"] = pb.ListFaultsResponse()
        with pytest.raises(ControlError, match="faults/7 was deleted"):
            await made.acted


async def test_a_fault_may_be_gone_when_it_is_taken_back(fake: Fake, server: Server) -> None:
    """A reset has done it; other errors are told."""

    def refused(code: grpc.StatusCode) -> None:
        def answer(_request: object) -> empty_pb2.Empty:
            raise Refused(code, "it cannot be")

        fake.answers["DeleteFault"] = answer

    fault = server.faults.calls().cut_off()
    async with testing.async_connect(fake.address) as s:
        same = await s.faults.calls().cut_off()
        refused(grpc.StatusCode.NOT_FOUND)
        fault.delete()
        await same.delete()
        refused(grpc.StatusCode.INTERNAL)
        with pytest.raises(ControlError, match="INTERNAL"):
            fault.delete()
        with pytest.raises(ControlError, match="INTERNAL"):
            await same.delete()


async def test_the_asynchronous_clock_is_the_same_for_await(fake: Fake) -> None:
    """Each of its calls."""
    async with testing.async_connect(fake.address) as s:
        project = s.project("p")
        assert await project.clock.is_frozen
        assert await project.clock.next_due is None
        fake.requests.clear()
        moved = [
            await project.clock.freeze(NOON),
            await project.clock.advance(minutes=1),
            await project.clock.jump(),
            await project.clock.resume(),
        ]
        await project.reset()
        await s.reset("p")
    assert moved == [NOON] * 4
    assert fake.requests == [
        pb.FreezeClockRequest(time=timestamp(NOON)),
        pb.AdvanceClockRequest(duration=duration(60), timeout=duration(30)),
        pb.JumpToNextRequest(timeout=duration(30)),
        pb.ResumeClockRequest(),
        pb.ResetRequest(parent="projects/p"),
        pb.ResetRequest(parent="projects/p"),
    ]
