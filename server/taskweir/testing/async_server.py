"""A server in the hands of an asynchronous test, and a project of it."""

from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Self

from taskweir.testing import calls
from taskweir.testing.calls import Within, any_of, full_name
from taskweir.testing.clock import AsyncClock
from taskweir.testing.control import AsyncControl
from taskweir.testing.errors import NotIdle
from taskweir.testing.faults import AsyncFaults
from taskweir.testing.handler import Handler
from taskweir.testing.handlers import Handlers
from taskweir.testing.records import Attempt, Ending, EndingName, FinishedTask, Outcome, OutcomeName
from taskweir.testing.sdk_clients import Addresses, SdkClients
from taskweir.testing.server import LOCATION, Running, environment, new_project, project_scope, queue_request
from taskweir.testing.times import Moment, Span, as_timedelta

__tracebackhide__ = True  # what a test is told of is its own line


class AsyncScoped(SdkClients):
    """As Scoped, for `await`."""

    clock: AsyncClock
    """The server's clock, one for all its projects."""
    faults: AsyncFaults
    """Where calls and attempts are made to go wrong."""

    def __init__(self, control: AsyncControl, scope: str, at: Addresses) -> None:
        super().__init__(at)
        self._control = control
        self._scope = scope
        self.clock = AsyncClock(control)
        self.faults = AsyncFaults(control, scope)

    async def wait_idle(self, within: Within | None = None, timeout: Span = 30) -> None:
        """As Server.wait_idle. Raises NotIdle."""
        left = await self._control.do(calls.wait_idle(self._within(within), timeout))
        if left:
            raise NotIdle(as_timedelta(timeout), left)

    async def attempts(
        self,
        within: Within | None = None,
        *,
        outcome: OutcomeName | Iterable[OutcomeName] | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> list[Attempt]:
        """As Server.attempts."""
        listing = calls.attempts(self._within(within), any_of(outcome, Outcome), since, until)
        return [attempt async for attempt in self._control.every(listing)]

    async def watch_attempts(
        self,
        within: Within | None = None,
        *,
        outcome: OutcomeName | Iterable[OutcomeName] | None = None,
        since: Moment | None = None,
        timeout: Span | None = None,
    ) -> AsyncIterator[Attempt]:
        """As Server.watch_attempts: `async for attempt in await s.watch_attempts()`."""
        call = calls.watch_attempts(self._within(within), any_of(outcome, Outcome), since)
        return await self._control.watch(call, timeout)

    async def finished_tasks(
        self,
        within: Within | None = None,
        *,
        ending: EndingName | Iterable[EndingName] | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> list[FinishedTask]:
        """As Server.finished_tasks."""
        listing = calls.finished_tasks(self._within(within), any_of(ending, Ending), since, until)
        return [task async for task in self._control.every(listing)]

    async def watch_finished_tasks(
        self,
        within: Within | None = None,
        *,
        ending: EndingName | Iterable[EndingName] | None = None,
        since: Moment | None = None,
        timeout: Span | None = None,
    ) -> AsyncIterator[FinishedTask]:
        """As Server.watch_finished_tasks."""
        call = calls.watch_finished_tasks(self._within(within), any_of(ending, Ending), since)
        return await self._control.watch(call, timeout)

    def environment(self) -> dict[str, str]:
        """As Server.environment."""
        return environment(self)

    def _within(self, within: Within | None) -> str:
        return self._scope if within is None else full_name(within)


class AsyncServer(AsyncScoped):
    """A running server, for the loop in which it is first used."""

    def __init__(self, running: Running, handlers: Handlers) -> None:
        control = AsyncControl(running.grpc_address, running.access, running.hint)
        super().__init__(control, "", running)
        self._running = running
        self._handlers = handlers

    def project(self, name: str = "") -> "AsyncProject":
        """A project of this server; without a name, one that nobody else has."""
        return AsyncProject(self, self._control, name or new_project())

    def handler(self) -> Handler:
        """A handler for tasks that records what it gets, in a thread; closed with the server."""
        return self._handlers.add()

    async def reset(self, project: str = "") -> None:
        """As Server.reset."""
        await self._control.do(calls.reset(project_scope(project) if project else ""))

    @property
    def log(self) -> str:
        """As Server.log."""
        return self._running.log()

    async def close(self) -> None:
        """Let go of the server; who started it stops it."""
        self.close_clients()
        await self._control.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class AsyncProject(AsyncScoped):
    """A project of a server. What does not say otherwise is about this project alone; the clock is everyone's."""

    def __init__(self, server: AsyncServer, control: AsyncControl, project: str) -> None:
        super().__init__(control, project_scope(project), server)
        self.server = server
        self.project = self._scope.removeprefix("projects/")
        self.location_name = f"{self._scope}/locations/{LOCATION}"
        """The parent of the project's queues."""

    async def queue(self, queue_id: str, **fields: Any) -> str:  # noqa: ANN401 - as the SDK has them
        """Create a queue with fields of v2's Queue, such as `retry_config={"max_attempts": 3}`. Returns its name."""
        client = self.async_client()
        try:
            request = queue_request(self.location_name, queue_id, fields)
            return (await client.create_queue(request)).name
        finally:
            await client.transport.close()  # type: ignore[no-untyped-call]

    def environment(self) -> dict[str, str]:
        """As that of the server, with the project as gcloud's default."""
        return environment(self, self.project)

    async def reset(self) -> None:
        """As Project.reset."""
        await self._control.do(calls.reset(self._scope))
