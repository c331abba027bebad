"""The methods of taskweir.control.v1.Control: each reads its request, calls a use-case, writes the reply."""
# ruff: noqa: N802 - methods are named and called as the protocol has it

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from google.protobuf.empty_pb2 import Empty

from taskweir.api.call import Call
from taskweir.api.control.codec_clock import advance_by, clock_message, idle_message
from taskweir.api.control.codec_fault import fault_message, fault_number, fault_of
from taskweir.api.control.codec_history import (
    attempt_filter,
    attempt_message,
    finished_filter,
    finished_message,
)
from taskweir.api.control.codec_request import invalid, project, scope, timeout
from taskweir.api.control.shared import Shared
from taskweir.api.convert import instant
from taskweir.api.methods import Service
from taskweir.control.faults import Faults
from taskweir.control.history import History
from taskweir.control.idling import Idling
from taskweir.control.resetting import Resetting
from taskweir.control.steering import Steering
from taskweir.domain.history import AttemptRecord, FinishedTask
from taskweir_pb.control.v1 import control_pb2 as pb
from taskweir_pb.control.v1 import control_pb2_grpc

NAME: Final = "taskweir.control.v1.Control"


@dataclass(frozen=True, slots=True)
class Control(control_pb2_grpc.ControlServicer):
    """`rpcs` are the full paths of the methods that faults can be about."""

    steering: Steering
    idling: Idling
    resetting: Resetting
    history: History
    faults: Faults
    rpcs: frozenset[str]
    attempt_messages: Shared[AttemptRecord, pb.Attempt] = field(
        default_factory=lambda: Shared(attempt_message), init=False
    )
    finished_messages: Shared[FinishedTask, pb.FinishedTask] = field(
        default_factory=lambda: Shared(finished_message), init=False
    )

    # the clock

    async def GetClock(self, request: pb.GetClockRequest, call: Call) -> pb.Clock:
        return clock_message(await self.steering.state())

    async def FreezeClock(self, request: pb.FreezeClockRequest, call: Call) -> pb.Clock:
        at = instant("time", request.time) if request.HasField("time") else None
        return clock_message(await self.steering.freeze(at))

    async def AdvanceClock(self, request: pb.AdvanceClockRequest, call: Call) -> pb.Clock:
        by = advance_by(request, (await self.steering.state()).time)
        patience = timeout("timeout", request.timeout, given=request.HasField("timeout"))
        leave = request.leave_in_flight
        return clock_message(await self.steering.advance(by, patience, leave_in_flight=leave))

    async def JumpToNext(self, request: pb.JumpToNextRequest, call: Call) -> pb.Clock:
        patience = timeout("timeout", request.timeout, given=request.HasField("timeout"))
        leave = request.leave_in_flight
        return clock_message(await self.steering.jump(patience, leave_in_flight=leave))

    async def ResumeClock(self, request: pb.ResumeClockRequest, call: Call) -> pb.Clock:
        return clock_message(await self.steering.resume())

    # waiting, and beginning anew

    async def WaitIdle(self, request: pb.WaitIdleRequest, call: Call) -> pb.WaitIdleResponse:
        about = scope("parent", request.parent)
        patience = timeout("timeout", request.timeout, given=request.HasField("timeout"))
        return idle_message(await self.idling.wait(about, patience))

    async def Reset(self, request: pb.ResetRequest, call: Call) -> Empty:
        await self.resetting.reset(project("parent", request.parent))
        return Empty()

    # history

    async def ListAttempts(self, request: pb.ListAttemptsRequest, call: Call) -> pb.ListAttemptsResponse:
        wanted = attempt_filter(request)
        page = await self.history.attempts(wanted, request.page_size, request.page_token)
        return pb.ListAttemptsResponse(
            attempts=map(attempt_message, page.items), next_page_token=page.next_page_token
        )

    async def WatchAttempts(
        self, request: pb.WatchAttemptsRequest, call: Call
    ) -> AsyncGenerator[pb.Attempt, None]:
        wanted = attempt_filter(request)
        with self.history.watching():
            after = 0 if request.HasField("start_time") else await self.history.latest_attempt()
            await call.begin()
            async with aclosing(self.history.watch_attempts(wanted, after)) as records:
                async for record in records:
                    yield self.attempt_messages(record)

    async def ListFinishedTasks(
        self, request: pb.ListFinishedTasksRequest, call: Call
    ) -> pb.ListFinishedTasksResponse:
        wanted = finished_filter(request)
        page = await self.history.finished_tasks(wanted, request.page_size, request.page_token)
        return pb.ListFinishedTasksResponse(
            finished_tasks=map(finished_message, page.items), next_page_token=page.next_page_token
        )

    async def WatchFinishedTasks(
        self, request: pb.WatchFinishedTasksRequest, call: Call
    ) -> AsyncGenerator[pb.FinishedTask, None]:
        wanted = finished_filter(request)
        with self.history.watching():
            after = 0 if request.HasField("start_time") else await self.history.latest_finished_task()
            await call.begin()
            async with aclosing(self.history.watch_finished_tasks(wanted, after)) as finished:
                async for task in finished:
                    yield self.finished_messages(task)

    # faults

    async def CreateFault(self, request: pb.CreateFaultRequest, call: Call) -> pb.Fault:
        if not request.HasField("fault"):
            raise invalid("fault", "it is required.")
        return fault_message(self.faults.create(fault_of(request.fault, self.rpcs)))

    async def ListFaults(self, request: pb.ListFaultsRequest, call: Call) -> pb.ListFaultsResponse:
        return pb.ListFaultsResponse(faults=map(fault_message, self.faults.all()))

    async def DeleteFault(self, request: pb.DeleteFaultRequest, call: Call) -> Empty:
        self.faults.delete(fault_number(request.name))
        return Empty()


def control_service(control: Control) -> Service:
    return Service(NAME, pb.DESCRIPTOR.services_by_name["Control"], control)
