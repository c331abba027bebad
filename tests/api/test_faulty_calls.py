"""What faults do to calls."""

import asyncio
import inspect
from dataclasses import dataclass, field, replace

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from tests.eventually import eventually

from taskweir.api.call import Call
from taskweir.api.faulty_calls import CallCutOff, FaultyCalls
from taskweir.api.methods import Method, Service
from taskweir.control.faults import Faults
from taskweir.domain.errors import Code, NotFound, Refusal, TaskExists
from taskweir.domain.fault import (
    Action,
    AnswerEarly,
    CallMatch,
    CutOff,
    Delay,
    DeliverTwice,
    Fail,
    Fault,
    LoseEffect,
)
from taskweir.domain.scope import EVERYTHING, Scope
from taskweir.domain.times import HOUR, MILLISECOND
from taskweir.effect import LostEffect, call_effect
from taskweir_pb.v2 import cloudtasks_pb2, cloudtasks_pb2_grpc, queue_pb2, task_pb2

PARENT = "projects/p/locations/l"
QUEUE = f"{PARENT}/queues/q"
SERVICE = "google.cloud.tasks.v2.CloudTasks"
REQUEST = cloudtasks_pb2.CreateTaskRequest(parent=QUEUE)


@dataclass
class Servicer(cloudtasks_pb2_grpc.CloudTasksServicer):
    """Keeps what effect each call was to have, and answers in turn, the last for ever."""

    answers: list[Exception | None] = field(default_factory=lambda: [None])
    effects: list[LostEffect | None] = field(default_factory=list)

    async def _serve(self, request: Message, call: Call) -> Message:
        self.effects.append(call_effect.get())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is not None:
            raise answer
        return task_pb2.Task(name=str(len(self.effects)))

    CreateTask = CreateQueue = UpdateQueue = GetTask = _serve


class Bench:
    def __init__(self) -> None:
        self.servicer = Servicer()
        self.faults = Faults()
        self.faulty_calls = FaultyCalls(self.faults)
        descriptor = cloudtasks_pb2.DESCRIPTOR.services_by_name["CloudTasks"]
        self.methods = {
            method.name: method
            for method in Service(SERVICE, descriptor, self.servicer).methods()
            if isinstance(method, Method)
        }

    def method(self, name: str = "CreateTask") -> Method:
        return self.methods[name]

    def fault(self, action: Action, match: CallMatch = CallMatch(), times: int = 0) -> None:  # noqa: B008
        self.faults.create(Fault(match, action, times=times))

    async def call(self, name: str = "CreateTask", request: Message = REQUEST) -> Message:
        method = self.method(name)
        return await self.faulty_calls(method, request, Call(method.rpc, (), None))

    async def refusal(self) -> tuple[Code, str]:
        with pytest.raises(Refusal) as refused:
            await self.call()
        return refused.value.code, refused.value.message


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_calls_are_served_as_ever_where_no_fault_is_about_them(bench: Bench) -> None:
    """Without a fault, and beside one."""
    assert await bench.call() == task_pb2.Task(name="1")
    bench.fault(Fail(), CallMatch("GetTask"))
    assert await bench.call() == task_pb2.Task(name="2")
    assert bench.servicer.effects == [None, None]


async def test_without_faults_the_method_itself_is_awaited(bench: Bench) -> None:
    """No call pays for faults that are not there."""
    method = bench.method()
    awaited = bench.faulty_calls(method, REQUEST, Call(method.rpc, (), None))
    assert inspect.iscoroutine(awaited)
    assert awaited.cr_code is Servicer._serve.__code__
    await awaited


@pytest.mark.parametrize(
    ("action", "served", "refusal"),
    [
        (Fail(), 0, (Code.UNAVAILABLE, "Injected by faults/1.")),
        (Fail(Code.ABORTED, "Try again."), 0, (Code.ABORTED, "Try again.")),
        (Fail(Code.DATA_LOSS, after_effect=True), 1, (Code.DATA_LOSS, "Injected by faults/1.")),
        (CutOff(), 0, (Code.UNAVAILABLE, "Socket closed")),
        (CutOff(after_effect=True), 1, (Code.UNAVAILABLE, "Socket closed")),
    ],
    ids=str,
)
async def test_calls_that_fail(bench: Bench, action: Action, served: int, refusal: tuple[Code, str]) -> None:
    """Before they are carried out, or after."""
    bench.fault(action)
    assert await bench.refusal() == refusal
    assert len(bench.servicer.effects) == served


@pytest.mark.parametrize("code", [code for code in Code if code is not Code.OK])
async def test_calls_fail_with_any_code(bench: Bench, code: Code) -> None:
    """Also those that the server itself has no use for."""
    bench.fault(Fail(code))
    assert (await bench.refusal())[0] is code


async def test_a_surface_can_tell_a_call_that_is_cut_off(bench: Bench) -> None:
    """From one that fails: it may be able to end the connection."""
    bench.fault(CutOff())
    with pytest.raises(CallCutOff):
        await bench.call()
    bench.faults.forget(None)
    bench.fault(Fail())
    with pytest.raises(Refusal) as refused:
        await bench.call()
    assert not isinstance(refused.value, CallCutOff)


@pytest.mark.parametrize("action", [Fail(after_effect=True), CutOff(after_effect=True)], ids=str)
async def test_a_refusal_is_an_answer_that_is_replaced_too(
    bench: Bench, action: Action, caplog: pytest.LogCaptureFixture
) -> None:
    """What it said is logged; a bug is none."""
    caplog.set_level("INFO", "taskweir.fault")
    bench.fault(action)
    bench.servicer.answers = [NotFound("not there"), ZeroDivisionError()]
    assert (await bench.refusal())[0] is Code.UNAVAILABLE
    assert "not there" in caplog.text
    with pytest.raises(ZeroDivisionError):
        await bench.call()


async def test_a_delayed_call_is_served_after_a_while(bench: Bench) -> None:
    """In real time, and as usual."""
    bench.fault(Delay(20 * MILLISECOND))
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await bench.call() == task_pb2.Task(name="1")
    assert loop.time() - began >= 0.02
    assert bench.servicer.effects == [None]


async def test_a_delayed_call_whose_client_goes_away_is_not_served(bench: Bench) -> None:
    """It is cancelled, as any other."""
    bench.fault(Delay(HOUR))
    calling = asyncio.ensure_future(bench.call())
    await eventually(lambda: bench.faults.all()[0].acted)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert bench.servicer.effects == []


@pytest.mark.parametrize(
    ("action", "effect"),
    [
        (LoseEffect(), LostEffect("p")),
        (AnswerEarly(), LostEffect("p", 0.0)),
        (AnswerEarly(1_500 * MILLISECOND), LostEffect("p", 1.5)),
    ],
    ids=str,
)
async def test_calls_that_lose_their_effect(bench: Bench, action: Action, effect: LostEffect) -> None:
    """The store is told; the next call in the same context is as ever, also after a refusal."""
    bench.servicer.answers = [None, NotFound(), None]
    bench.fault(action, times=2)
    await bench.call()
    with pytest.raises(NotFound):
        await bench.call()
    await bench.call()
    assert bench.servicer.effects == [effect, effect, None]


@pytest.mark.parametrize("first_is_refused", [False, True])
async def test_calls_that_are_delivered_twice(
    bench: Bench, caplog: pytest.LogCaptureFixture, first_is_refused: bool
) -> None:
    """The first answer counts, and what the second is refused with is logged."""
    caplog.set_level("INFO", "taskweir.fault")
    bench.fault(DeliverTwice())
    second = TaskExists("it is there")
    bench.servicer.answers = [NotFound("nowhere") if first_is_refused else None, second]
    if first_is_refused:
        assert await bench.refusal() == (Code.NOT_FOUND, "nowhere")
    else:
        assert await bench.call() == task_pb2.Task(name="1")
    assert "the second delivery was refused: it is there" in caplog.text
    assert len(bench.servicer.effects) == 2


async def test_a_bug_ends_a_call_that_is_delivered_twice(bench: Bench) -> None:
    """Whichever delivery it comes with."""
    bench.fault(DeliverTwice())
    bench.servicer.answers = [ZeroDivisionError(), None, ZeroDivisionError()]
    for served in (1, 3):
        with pytest.raises(ZeroDivisionError):
            await bench.call()
        assert len(bench.servicer.effects) == served


ABOUT: list[tuple[str, Message, Scope]] = [
    ("CreateTask", REQUEST, Scope("p", "l", "q")),
    ("CreateTask", cloudtasks_pb2.CreateTaskRequest(), EVERYTHING),
    ("CreateTask", cloudtasks_pb2.CreateTaskRequest(parent="projects/p/queues/q"), EVERYTHING),
    ("CreateQueue", cloudtasks_pb2.CreateQueueRequest(parent=PARENT), Scope("p", "l")),
    (
        "UpdateQueue",
        cloudtasks_pb2.UpdateQueueRequest(queue=queue_pb2.Queue(name=QUEUE)),
        Scope("p", "l", "q"),
    ),
    ("UpdateQueue", cloudtasks_pb2.UpdateQueueRequest(), EVERYTHING),
    ("GetTask", cloudtasks_pb2.GetTaskRequest(name=f"{QUEUE}/tasks/t"), Scope("p", "l", "q", "t")),
    ("GetTask", cloudtasks_pb2.GetTaskRequest(name=f"{PARENT}/operations/o"), Scope("p", "l")),
    ("GetTask", cloudtasks_pb2.GetTaskRequest(name=f"{PARENT}/cmekConfig"), Scope("p", "l")),
    ("GetTask", cloudtasks_pb2.GetTaskRequest(name="projects/p"), Scope("p")),
]


@pytest.mark.parametrize(("name", "request_", "about"), ABOUT, ids=str)
async def test_a_call_is_about_what_it_is_routed_by(
    bench: Bench, name: str, request_: Message, about: Scope
) -> None:
    """As near as a scope comes to it; what cannot be read is about no part of the server."""
    seen = []

    def for_call(rpc: str, about: Scope) -> None:
        seen.append((rpc, about))

    bench.fault(Fail())
    bench.faults.for_call = for_call  # type: ignore[method-assign,assignment]
    await bench.call(name, request_)
    assert seen == [(f"{SERVICE}/{name}", about)]


async def test_a_method_that_is_not_routed_is_about_everything(bench: Bench) -> None:
    """A fault without a parent is about it all the same."""
    bench.fault(Fail(), CallMatch("", Scope("p")))
    bench.fault(CutOff(), CallMatch("Anything"))

    async def serve(request: Message, call: Call) -> Message:
        raise AssertionError

    method = replace(
        bench.method(), rpc="service/Anything", routing_field="", request=Empty, implementation=serve
    )
    with pytest.raises(CallCutOff):
        await bench.faulty_calls(method, Empty(), Call(method.rpc, (), None))
