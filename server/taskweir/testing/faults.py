"""Making calls and attempts go wrong.

server.faults.calls("CreateTask").fail("UNAVAILABLE", times=2)
server.faults.attempts(queue, target="mailer.internal").fail(503, times=1)
with server.faults.attempts(queue).delay(2):
    ...
"""

from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypedDict, TypeVar, Unpack, get_args

from taskweir.testing import calls
from taskweir.testing.calls import Within, full_name, word_of
from taskweir.testing.control import AsyncControl, Control
from taskweir.testing.errors import ControlError
from taskweir.testing.records import FaultCounts
from taskweir.testing.times import Span, duration
from taskweir_pb.control.v1 import control_pb2 as pb

__tracebackhide__ = True  # what a test is told of is its own line

F = TypeVar("F")

CodeName = Literal[
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
]
"""An error's code of gRPC, in upper or lower case."""


class HowOften(TypedDict, total=False):
    """On which of those that match a fault acts: all, unless this says otherwise."""

    times: int
    """How many times in all; 0 for no end."""
    percent: float
    """How likely, above 0 and up to 100."""
    seed: int
    """Of the random numbers behind `percent`: the same seed hits the same of the same."""


class _Faults(Generic[F]):
    """What can be made of what matches. Spans are real time, whatever the clock."""

    def __init__(self, make: Callable[[pb.Fault], F]) -> None:
        self._make = make

    def delay(self, by: Span, **often: Unpack[HowOften]) -> F:
        """As usual, but only after a while: above zero, at most an hour."""
        return self._make(pb.Fault(delay=pb.Delay(duration=duration(by)), **often))

    def cut_off(self, *, after_effect: bool = False, **often: Unpack[HowOften]) -> F:
        """No answer comes: the connection ends. `after_effect`: once it has been carried out, or sent."""
        return self._make(pb.Fault(cut_off=pb.CutOff(after_effect=after_effect), **often))

    def lose_effect(self, **often: Unpack[HowOften]) -> F:
        """Answered as if all were well, but a call changes nothing, and a request is not sent."""
        return self._make(pb.Fault(lose_effect=pb.LoseEffect(), **often))

    def answer_early(self, delay: Span = 0, **often: Unpack[HowOften]) -> F:
        """Answered as if all were well; the effect comes after the answer, `delay` later."""
        return self._make(pb.Fault(answer_early=pb.AnswerEarly(delay=duration(delay)), **often))

    def deliver_twice(self, **often: Unpack[HowOften]) -> F:
        """Carried out, or sent, twice, one after the other. The first answer counts."""
        return self._make(pb.Fault(deliver_twice=pb.DeliverTwice(), **often))


class CallFaults(_Faults[F]):
    """Faults of calls. Each method makes one, which acts from then on."""

    def fail(
        self,
        code: CodeName = "UNAVAILABLE",
        message: str = "",
        *,
        after_effect: bool = False,
        **often: Unpack[HowOften],
    ) -> F:
        """Fail with a code of gRPC, by its name. `after_effect`: once the call has been carried out.

        Raises ValueError for no such code.
        """
        name = word_of(code, get_args(CodeName), "error code")
        fail = pb.Fail(code=name, message=message, after_effect=after_effect)
        return self._make(pb.Fault(fail=fail, **often))


class AttemptFaults(_Faults[F]):
    """Faults of attempts. Each method makes one, which acts from then on."""

    def fail(self, status: int = 503, *, after_effect: bool = False, **often: Unpack[HowOften]) -> F:
        """Answer with a status. `after_effect`: once the request was sent, whose own answer is replaced."""
        fail = pb.Fail(http_status=status, after_effect=after_effect)
        return self._make(pb.Fault(fail=fail, **often))


class _Matching(Generic[F]):
    """`scope` is what faults are about where a call does not say."""

    def __init__(self, scope: str, make: Callable[[pb.Fault], F]) -> None:
        self._scope = scope
        self._make = make

    def calls(self, method: str = "", within: Within | None = None) -> CallFaults[F]:
        """Faults of calls of a method, such as `CreateTask` (empty: any), about a resource: a project, location,
        queue or task. Never of the control API's own calls."""
        match = pb.CallMatch(method=method, parent=self._parent(within))
        return CallFaults(lambda fault: self._make(pb.Fault(**_fields(fault), call=match)))

    def attempts(self, within: Within | None = None, *, target: str = "") -> AttemptFaults[F]:
        """Faults of attempts of a project's, location's or queue's tasks, or of one task; at a target: how its URL
        begins, or its host alone, with or without a port (empty: any)."""
        match = pb.AttemptMatch(parent=self._parent(within), target=target)
        return AttemptFaults(lambda fault: self._make(pb.Fault(**_fields(fault), attempt=match)))

    def _parent(self, within: Within | None) -> str:
        return self._scope if within is None else full_name(within)


def _fields(fault: pb.Fault) -> dict[str, Any]:
    return {field.name: value for field, value in fault.ListFields()}


def _counts(found: FaultCounts | None, name: str) -> FaultCounts:
    if found is None:
        raise ControlError("NOT_FOUND", f"{name} was deleted, by a reset perhaps")
    return found


class Fault:
    """A fault that acts from now on. As a context manager, it is taken back at the end."""

    def __init__(self, control: Control, name: str) -> None:
        self._control = control
        self.name = name

    @property
    def matched(self) -> int:
        """How many calls or attempts it was matched with so far."""
        return _counts(self._control.do(calls.fault_counts(self.name)), self.name).matched

    @property
    def acted(self) -> int:
        """How many of them it acted on so far."""
        return _counts(self._control.do(calls.fault_counts(self.name)), self.name).acted

    def delete(self) -> None:
        """Take it back. Nothing if it is gone, as after a reset."""
        try:
            self._control.do(calls.delete_fault(self.name))
        except ControlError as error:
            if error.code != "NOT_FOUND":
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.delete()


class AsyncFault:
    """As Fault, for `await`."""

    def __init__(self, control: AsyncControl, name: str) -> None:
        self._control = control
        self.name = name

    @property
    async def matched(self) -> int:
        """How many calls or attempts it was matched with so far."""
        return _counts(await self._control.do(calls.fault_counts(self.name)), self.name).matched

    @property
    async def acted(self) -> int:
        """How many of them it acted on so far."""
        return _counts(await self._control.do(calls.fault_counts(self.name)), self.name).acted

    async def delete(self) -> None:
        """Take it back. Nothing if it is gone, as after a reset."""
        try:
            await self._control.do(calls.delete_fault(self.name))
        except ControlError as error:
            if error.code != "NOT_FOUND":
                raise


class PendingFault:
    """A fault about to be made: `fault = await …`, or `async with … as fault`, which takes it back at the end."""

    def __init__(self, control: AsyncControl, request: pb.Fault) -> None:
        self._control = control
        self._request = request
        self._made: AsyncFault | None = None

    def __await__(self) -> Generator[Any, None, AsyncFault]:
        return self._create().__await__()

    async def __aenter__(self) -> AsyncFault:
        self._made = await self._create()
        return self._made

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._made is not None
        await self._made.delete()

    async def _create(self) -> AsyncFault:
        return AsyncFault(self._control, await self._control.do(calls.create_fault(self._request)))


class Faults(_Matching[Fault]):
    """Where faults are made."""

    def __init__(self, control: Control, scope: str) -> None:
        def make(request: pb.Fault) -> Fault:
            return Fault(control, control.do(calls.create_fault(request)))

        super().__init__(scope, make)


class AsyncFaults(_Matching[PendingFault]):
    """Where faults are made. Each is awaited, or entered by `async with`."""

    def __init__(self, control: AsyncControl, scope: str) -> None:
        super().__init__(scope, lambda request: PendingFault(control, request))
