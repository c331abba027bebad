"""Requests of the control API as its use-cases get them, and what they answer as messages."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from taskweir.api.control.codec_fault import fault_message, fault_of
from taskweir.api.control.control import Control, control_service
from taskweir.api.grpc.server import GrpcServer
from taskweir.api.methods import Calls
from taskweir.control.idling import QueueLeft
from taskweir.control.steering import ClockState
from taskweir.domain.errors import Code, NotFound
from taskweir.domain.fault import (
    AnswerEarly,
    AttemptMatch,
    CallMatch,
    CutOff,
    Delay,
    DeliverTwice,
    Fail,
    Fault,
    LoseEffect,
)
from taskweir.domain.history import AttemptFilter, AttemptRecord, FinishedFilter, FinishedTask, Outcome
from taskweir.domain.lifecycle import Ending
from taskweir.domain.names import LocationName
from taskweir.domain.scope import EVERYTHING, Scope
from taskweir.domain.times import DAY, HOUR, LATEST, SECOND
from taskweir.service.page import Page
from taskweir_pb.control.v1 import control_pb2 as pb
from taskweir_pb.control.v1.control_pb2_grpc import ControlStub

CREATE_TASK = "google.cloud.tasks.v2.CloudTasks/CreateTask"
NOW = 1_795_348_800 * SECOND
QUEUE = LocationName("p", "l").queue("q")
TASK = QUEUE.task("t")

ATTEMPT = AttemptRecord(
    task=TASK,
    number=2,
    forced=True,
    schedule_time=1 * SECOND,
    dispatch_time=2 * SECOND,
    response_time=3 * SECOND + 5,
    outcome=Outcome.FAILED,
    request_line="POST /x HTTP/1.1",
    headers=(("A", "1"), ("A", "2")),
    http_status=503,
    latency=1_500,
    body_start=b"\xff",
    error="",
    retry_at=4 * SECOND,
    id=7,
)
ATTEMPT_MESSAGE = pb.Attempt(
    task=str(TASK),
    number=2,
    forced=True,
    schedule_time=Timestamp(seconds=1),
    dispatch_time=Timestamp(seconds=2),
    response_time=Timestamp(seconds=3, nanos=5_000),
    outcome=pb.FAILED,
    request_line="POST /x HTTP/1.1",
    headers=[pb.Header(name="A", value="1"), pb.Header(name="A", value="2")],
    http_status=503,
    latency=Duration(nanos=1_500_000),
    body_start=b"\xff",
    retry_time=Timestamp(seconds=4),
)
LAST_ATTEMPT = AttemptRecord(
    TASK, 1, False, 0, 0, 0, Outcome.NO_ANSWER, "", (), None, 0, b"", "reset", Ending.OUT_OF_ATTEMPTS
)
LAST_ATTEMPT_MESSAGE = pb.Attempt(
    task=str(TASK),
    number=1,
    schedule_time=Timestamp(),
    dispatch_time=Timestamp(),
    response_time=Timestamp(),
    outcome=pb.NO_ANSWER,
    latency=Duration(),
    error="reset",
    ending=pb.OUT_OF_ATTEMPTS,
)
FINISHED = FinishedTask(TASK, Ending.PURGED, finish_time=2 * SECOND, create_time=SECOND, dispatch_count=3)
FINISHED_MESSAGE = pb.FinishedTask(
    name=str(TASK),
    ending=pb.PURGED,
    finish_time=Timestamp(seconds=2),
    create_time=Timestamp(seconds=1),
    dispatch_count=3,
)


@dataclass
class UseCases:
    """Stand for all that control does: they keep what they are asked, and do nothing."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    left: list[QueueLeft] = field(default_factory=list)
    clock: ClockState = field(default_factory=lambda: ClockState(NOW, is_frozen=True, next_due=None))

    async def state(self) -> ClockState:
        return self.clock

    async def freeze(self, at: int | None) -> ClockState:
        self.asked.append(("freeze", at))
        return self.clock

    async def advance(self, by: int, timeout: int, *, leave_in_flight: bool) -> ClockState:
        self.asked.append(("advance", by, timeout, leave_in_flight))
        return self.clock

    async def jump(self, timeout: int, *, leave_in_flight: bool) -> ClockState:
        self.asked.append(("jump", timeout, leave_in_flight))
        return self.clock

    async def resume(self) -> ClockState:
        self.asked.append(("resume",))
        return self.clock

    async def wait(self, scope: Scope, timeout: int) -> list[QueueLeft]:
        self.asked.append(("wait", scope, timeout))
        return self.left

    async def reset(self, project: str | None) -> None:
        self.asked.append(("reset", project))

    async def attempts(self, filter: AttemptFilter, size: int, token: str) -> Page[AttemptRecord]:
        self.asked.append(("attempts", filter, size, token))
        return Page([ATTEMPT, LAST_ATTEMPT], "next")

    async def finished_tasks(self, filter: FinishedFilter, size: int, token: str) -> Page[FinishedTask]:
        self.asked.append(("finished tasks", filter, size, token))
        return Page([FINISHED], "")

    def watching(self) -> contextlib.nullcontext[None]:
        return contextlib.nullcontext()

    async def latest_attempt(self) -> int:
        return 7

    async def latest_finished_task(self) -> int:
        return 8

    async def watch_attempts(self, filter: AttemptFilter, after: int) -> AsyncIterator[AttemptRecord]:
        self.asked.append(("watch attempts", filter, after))
        yield ATTEMPT

    async def watch_finished_tasks(self, filter: FinishedFilter, after: int) -> AsyncIterator[FinishedTask]:
        self.asked.append(("watch finished tasks", filter, after))
        yield FINISHED

    def create(self, fault: Fault) -> Fault:
        self.asked.append(("create", fault))
        return fault

    def all(self) -> list[Fault]:
        return [Fault(CallMatch(), CutOff(), number=5, matched=3, acted=2)]

    def delete(self, number: int) -> None:
        self.asked.append(("delete", number))
        if number != 5:
            raise NotFound


@pytest.fixture
def cases() -> UseCases:
    return UseCases()


@pytest.fixture
async def stub(cases: UseCases) -> AsyncIterator[ControlStub]:
    """The control API over gRPC."""
    every: Any = cases
    control = Control(every, every, every, every, every, frozenset({CREATE_TASK}))
    server = GrpcServer([(control_service(control), Calls())])
    port = server.bind("127.0.0.1", 0)
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield ControlStub(channel)
    finally:
        await server.stop(0)


def seconds(number: int, nanos: int = 0) -> Duration:
    return Duration(seconds=number, nanos=nanos)


def at(number: int) -> Timestamp:
    return Timestamp(seconds=number)


@pytest.mark.parametrize(
    ("rpc", "request_", "asked"),
    [
        ("FreezeClock", pb.FreezeClockRequest(), ("freeze", None)),
        ("FreezeClock", pb.FreezeClockRequest(time=at(5)), ("freeze", 5 * SECOND)),
        ("FreezeClock", pb.FreezeClockRequest(time=at(0)), ("freeze", 0)),
        ("AdvanceClock", pb.AdvanceClockRequest(), ("advance", 0, 30 * SECOND, False)),
        (
            "AdvanceClock",
            pb.AdvanceClockRequest(duration=seconds(3), timeout=seconds(0), leave_in_flight=True),
            ("advance", 3 * SECOND, 0, True),
        ),
        (
            "AdvanceClock",
            pb.AdvanceClockRequest(duration=seconds(36_525 * 86_400), timeout=seconds(3_600)),
            ("advance", 36_525 * DAY, HOUR, False),
        ),
        ("JumpToNext", pb.JumpToNextRequest(), ("jump", 30 * SECOND, False)),
        (
            "JumpToNext",
            pb.JumpToNextRequest(timeout=seconds(1), leave_in_flight=True),
            ("jump", SECOND, True),
        ),
        ("ResumeClock", pb.ResumeClockRequest(), ("resume",)),
        ("WaitIdle", pb.WaitIdleRequest(), ("wait", EVERYTHING, 30 * SECOND)),
        (
            "WaitIdle",
            pb.WaitIdleRequest(parent=str(QUEUE), timeout=seconds(0)),
            ("wait", Scope("p", "l", "q"), 0),
        ),
        ("Reset", pb.ResetRequest(), ("reset", None)),
        ("Reset", pb.ResetRequest(parent="projects/p"), ("reset", "p")),
        (
            "ListAttempts",
            pb.ListAttemptsRequest(
                parent=str(TASK),
                outcomes=[pb.FAILED, pb.FAILED, pb.NOT_SENT],
                start_time=at(1),
                end_time=at(2),
                page_size=3,
                page_token="t",
            ),
            (
                "attempts",
                AttemptFilter(
                    Scope("p", "l", "q", "t"),
                    frozenset({Outcome.FAILED, Outcome.NOT_SENT}),
                    SECOND,
                    2 * SECOND,
                ),
                3,
                "t",
            ),
        ),
        (
            "ListFinishedTasks",
            pb.ListFinishedTasksRequest(
                parent="projects/p/locations/l", endings=[pb.DONE, pb.EXPIRED], end_time=at(0)
            ),
            (
                "finished tasks",
                FinishedFilter(Scope("p", "l"), frozenset({Ending.DONE, Ending.EXPIRED}), end=0),
                0,
                "",
            ),
        ),
        ("WatchAttempts", pb.WatchAttemptsRequest(), ("watch attempts", AttemptFilter(), 7)),
        (
            "WatchAttempts",
            pb.WatchAttemptsRequest(parent="projects/p", outcomes=[pb.TIMED_OUT], start_time=at(0)),
            (
                "watch attempts",
                AttemptFilter(Scope("p"), frozenset({Outcome.TIMED_OUT}), start=0),
                0,
            ),
        ),
        (
            "WatchFinishedTasks",
            pb.WatchFinishedTasksRequest(parent=str(TASK), endings=[pb.DELETED], start_time=at(3)),
            (
                "watch finished tasks",
                FinishedFilter(Scope("p", "l", "q", "t"), frozenset({Ending.DELETED}), start=3 * SECOND),
                0,
            ),
        ),
        ("DeleteFault", pb.DeleteFaultRequest(name="faults/5"), ("delete", 5)),
    ],
)
async def test_a_request_is_read(
    stub: ControlStub, cases: UseCases, rpc: str, request_: Any, asked: tuple[Any, ...]
) -> None:
    """With what is unset as documented."""
    call = getattr(stub, rpc)(request_)
    if rpc.startswith("Watch"):
        assert await call.read() == (ATTEMPT_MESSAGE if rpc == "WatchAttempts" else FINISHED_MESSAGE)
    else:
        await call
    assert cases.asked == [asked]


LONG = seconds(3_600, 1_000)
CALL = {"call": pb.CallMatch()}
ATTEMPTS = {"attempt": pb.AttemptMatch()}
CUT = {"cut_off": pb.CutOff()}


def fault(**parts: Any) -> pb.CreateFaultRequest:
    return pb.CreateFaultRequest(fault=pb.Fault(**parts))


@pytest.mark.parametrize(
    ("rpc", "request_", "told"),
    [
        ("FreezeClock", pb.FreezeClockRequest(time=at(253_402_300_800)), "'time'"),
        ("FreezeClock", pb.FreezeClockRequest(time=Timestamp(nanos=-1)), "'time'"),
        ("AdvanceClock", pb.AdvanceClockRequest(duration=seconds(-1)), "'duration'"),
        ("AdvanceClock", pb.AdvanceClockRequest(duration=seconds(0, -1)), "'duration'"),
        ("AdvanceClock", pb.AdvanceClockRequest(duration=seconds(1, -1)), "'duration'"),
        ("AdvanceClock", pb.AdvanceClockRequest(duration=seconds(36_525 * 86_400 + 1)), "'duration'"),
        ("AdvanceClock", pb.AdvanceClockRequest(timeout=LONG), "'timeout'"),
        ("AdvanceClock", pb.AdvanceClockRequest(timeout=seconds(-1)), "'timeout'"),
        ("JumpToNext", pb.JumpToNextRequest(timeout=LONG), "'timeout'"),
        ("WaitIdle", pb.WaitIdleRequest(timeout=LONG), "'timeout'"),
        ("WaitIdle", pb.WaitIdleRequest(timeout=seconds(0, -1)), "'timeout'"),
        ("WaitIdle", pb.WaitIdleRequest(parent="q"), "'parent'"),
        ("WaitIdle", pb.WaitIdleRequest(parent="projects/p/"), "'parent'"),
        ("WaitIdle", pb.WaitIdleRequest(parent=str(TASK)), "'parent'"),
        ("Reset", pb.ResetRequest(parent="projects/p/locations/l"), "'parent'"),
        ("Reset", pb.ResetRequest(parent="p"), "'parent'"),
        ("Reset", pb.ResetRequest(parent="projects/a b"), "'parent'"),
        ("ListAttempts", pb.ListAttemptsRequest(parent="nobody"), "'parent'"),
        ("ListAttempts", pb.ListAttemptsRequest(outcomes=[0]), "'outcomes'"),
        ("ListAttempts", pb.ListAttemptsRequest(outcomes=[6]), "'outcomes'"),
        ("ListAttempts", pb.ListAttemptsRequest(start_time=Timestamp(nanos=-1)), "'start_time'"),
        ("ListAttempts", pb.ListAttemptsRequest(end_time=Timestamp(nanos=-1)), "'end_time'"),
        ("ListFinishedTasks", pb.ListFinishedTasksRequest(parent=f"{TASK}/x"), "'parent'"),
        ("ListFinishedTasks", pb.ListFinishedTasksRequest(endings=[-1]), "'endings'"),
        ("WatchAttempts", pb.WatchAttemptsRequest(parent="x"), "'parent'"),
        ("WatchAttempts", pb.WatchAttemptsRequest(outcomes=[6]), "'outcomes'"),
        ("WatchFinishedTasks", pb.WatchFinishedTasksRequest(endings=[6]), "'endings'"),
        ("CreateFault", pb.CreateFaultRequest(), "'fault'"),
        ("CreateFault", fault(), "'call' and 'attempt'"),
        ("CreateFault", fault(**CUT), "'call' and 'attempt'"),
        ("CreateFault", fault(**CALL), "'lose_effect'"),
        ("CreateFault", fault(call=pb.CallMatch(method="createTask"), **CUT), "'fault.call.method'"),
        ("CreateFault", fault(call=pb.CallMatch(method="x/CreateTask"), **CUT), "'fault.call.method'"),
        ("CreateFault", fault(call=pb.CallMatch(method="GetClock"), **CUT), "'fault.call.method'"),
        ("CreateFault", fault(call=pb.CallMatch(parent="p"), **CUT), "'fault.call.parent'"),
        ("CreateFault", fault(attempt=pb.AttemptMatch(parent="p"), **CUT), "'fault.attempt.parent'"),
        ("CreateFault", fault(**CALL, **CUT, times=-1), "'fault.times'"),
        ("CreateFault", fault(**CALL, **CUT, percent=0), "'fault.percent'"),
        ("CreateFault", fault(**CALL, **CUT, percent=100.1), "'fault.percent'"),
        ("CreateFault", fault(**CALL, **CUT, percent=float("nan")), "'fault.percent'"),
        ("CreateFault", fault(**CALL, fail=pb.Fail(http_status=503)), "'fault.fail.http_status'"),
        ("CreateFault", fault(**CALL, fail=pb.Fail(code=17)), "'fault.fail.code'"),
        ("CreateFault", fault(**CALL, fail=pb.Fail(code=-1)), "'fault.fail.code'"),
        ("CreateFault", fault(**ATTEMPTS, fail=pb.Fail(code=5)), "'fault.fail.code'"),
        ("CreateFault", fault(**ATTEMPTS, fail=pb.Fail(message="x")), "'fault.fail.message'"),
        ("CreateFault", fault(**ATTEMPTS, fail=pb.Fail(http_status=99)), "'fault.fail.http_status'"),
        ("CreateFault", fault(**ATTEMPTS, fail=pb.Fail(http_status=600)), "'fault.fail.http_status'"),
        ("CreateFault", fault(**CALL, delay=pb.Delay()), "'fault.delay.duration'"),
        ("CreateFault", fault(**CALL, delay=pb.Delay(duration=LONG)), "'fault.delay.duration'"),
        ("CreateFault", fault(**CALL, answer_early=pb.AnswerEarly(delay=LONG)), "'fault.answer_early.delay'"),
        (
            "CreateFault",
            fault(**CALL, answer_early=pb.AnswerEarly(delay=seconds(-1))),
            "'fault.answer_early.delay'",
        ),
    ],
)
async def test_what_does_not_fit_is_refused(
    stub: ControlStub, cases: UseCases, rpc: str, request_: Any, told: str
) -> None:
    """With the field's name, and nothing is changed."""
    call = getattr(stub, rpc)(request_)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await (call.read() if rpc.startswith("Watch") else call)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert told in (refused.value.details() or "")
    assert cases.asked == []


async def test_the_clock_goes_no_further_than_the_year_9999(stub: ControlStub, cases: UseCases) -> None:
    """To its last microsecond, and not beyond."""
    cases.clock = ClockState(LATEST - SECOND, is_frozen=True, next_due=None)
    await stub.AdvanceClock(pb.AdvanceClockRequest(duration=seconds(1)))
    with pytest.raises(grpc.aio.AioRpcError, match="9999"):
        await stub.AdvanceClock(pb.AdvanceClockRequest(duration=seconds(1, 1_000)))
    assert [asked[1] for asked in cases.asked] == [SECOND]


@pytest.mark.parametrize(
    "name", ["faults/6", "faults/0", "faults/x", "faults/", "x", "", "faults/5/", "faults/\u0665"]
)
async def test_an_unknown_fault_is_not_found(stub: ControlStub, name: str) -> None:
    """Also one that no fault could be named."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.DeleteFault(pb.DeleteFaultRequest(name=name))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_the_clock_is_told(stub: ControlStub, cases: UseCases) -> None:
    """What is due next only where something is, though it be at the epoch."""
    assert await stub.GetClock(pb.GetClockRequest()) == pb.Clock(time=at(NOW // SECOND), frozen=True)
    cases.clock = ClockState(1, is_frozen=False, next_due=0)
    assert await stub.GetClock(pb.GetClockRequest()) == pb.Clock(
        time=Timestamp(nanos=1_000), next_due_time=at(0)
    )


async def test_what_is_left_is_told(stub: ControlStub, cases: UseCases) -> None:
    """Queue by queue; idle is when none is left."""
    assert await stub.WaitIdle(pb.WaitIdleRequest()) == pb.WaitIdleResponse(idle=True)
    cases.left = [QueueLeft(QUEUE, due=3, in_flight=0, next_due=SECOND), QueueLeft(QUEUE, 0, 1, None)]
    assert await stub.WaitIdle(pb.WaitIdleRequest()) == pb.WaitIdleResponse(
        left=[
            pb.QueueLeft(queue=str(QUEUE), due=3, next_due_time=at(1)),
            pb.QueueLeft(queue=str(QUEUE), in_flight=1),
        ]
    )


async def test_history_is_told(stub: ControlStub) -> None:
    """Every field of every record, and where the listing goes on."""
    assert await stub.ListAttempts(pb.ListAttemptsRequest()) == pb.ListAttemptsResponse(
        attempts=[ATTEMPT_MESSAGE, LAST_ATTEMPT_MESSAGE], next_page_token="next"
    )
    assert await stub.ListFinishedTasks(pb.ListFinishedTasksRequest()) == pb.ListFinishedTasksResponse(
        finished_tasks=[FINISHED_MESSAGE]
    )


@pytest.mark.parametrize(
    ("message", "value"),
    [
        (
            pb.Fault(call=pb.CallMatch(method="CreateTask", parent=str(QUEUE)), fail=pb.Fail(code=14)),
            Fault(CallMatch("CreateTask", Scope("p", "l", "q")), Fail(Code.UNAVAILABLE)),
        ),
        (
            pb.Fault(
                call=pb.CallMatch(method=CREATE_TASK),
                fail=pb.Fail(code=5, message="gone", after_effect=True),
                times=3,
                percent=0.5,
                seed=-7,
            ),
            Fault(
                CallMatch(CREATE_TASK),
                Fail(Code.NOT_FOUND, "gone", after_effect=True),
                times=3,
                percent=0.5,
                seed=-7,
            ),
        ),
        (
            pb.Fault(
                attempt=pb.AttemptMatch(parent=str(TASK), target="localhost:8080"),
                fail=pb.Fail(http_status=404),
            ),
            Fault(AttemptMatch(Scope("p", "l", "q", "t"), "localhost:8080"), Fail(http_status=404)),
        ),
        (
            pb.Fault(call=pb.CallMatch(), delay=pb.Delay(duration=seconds(3_600)), percent=100),
            Fault(CallMatch(), Delay(HOUR), percent=100),
        ),
        (
            pb.Fault(attempt=pb.AttemptMatch(), cut_off=pb.CutOff(after_effect=True)),
            Fault(AttemptMatch(), CutOff(after_effect=True)),
        ),
        (
            pb.Fault(call=pb.CallMatch(), lose_effect=pb.LoseEffect()),
            Fault(CallMatch(), LoseEffect()),
        ),
        (
            pb.Fault(call=pb.CallMatch(), answer_early=pb.AnswerEarly(delay=seconds(0))),
            Fault(CallMatch(), AnswerEarly(0)),
        ),
        (
            pb.Fault(attempt=pb.AttemptMatch(), deliver_twice=pb.DeliverTwice()),
            Fault(AttemptMatch(), DeliverTwice()),
        ),
    ],
)
def test_a_fault_goes_both_ways(message: pb.Fault, value: Fault) -> None:
    """What is read is what is told."""
    assert fault_of(message, {CREATE_TASK}) == value
    told = fault_message(value)
    assert told.name == "faults/0"
    told.ClearField("name")
    assert told == message


def test_what_a_fault_leaves_open_has_its_default() -> None:
    """And is told then."""
    call = fault_of(pb.Fault(call=pb.CallMatch(), fail=pb.Fail()), ())
    attempt = fault_of(pb.Fault(attempt=pb.AttemptMatch(), fail=pb.Fail()), ())

    assert (call.action, attempt.action) == (Fail(Code.UNAVAILABLE), Fail(http_status=503))
    assert fault_message(call).fail.code == 14
    assert fault_message(attempt).fail == pb.Fail(http_status=503)


async def test_output_only_parts_of_a_fault_are_passed_over(stub: ControlStub, cases: UseCases) -> None:
    """Its name, and what it met."""
    await stub.CreateFault(fault(**CALL, **CUT, name="faults/9", matched_count=5, acted_count=4))
    assert cases.asked == [("create", Fault(CallMatch(), CutOff()))]


async def test_faults_are_listed_with_what_they_met(stub: ControlStub) -> None:
    """Under the names by which they can be deleted."""
    answer = await stub.ListFaults(pb.ListFaultsRequest())
    assert answer == pb.ListFaultsResponse(
        faults=[pb.Fault(name="faults/5", **CALL, **CUT, matched_count=3, acted_count=2)]
    )
