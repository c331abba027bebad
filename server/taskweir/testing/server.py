"""A server in the hands of a test, and a project of it."""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final, Protocol, Self

from taskweir.sdk import Access
from taskweir.testing import calls
from taskweir.testing.calls import Within, any_of, full_name
from taskweir.testing.clock import Clock
from taskweir.testing.control import Control
from taskweir.testing.errors import NotIdle
from taskweir.testing.faults import Faults
from taskweir.testing.handler import Handler
from taskweir.testing.handlers import Handlers
from taskweir.testing.records import Attempt, Ending, EndingName, FinishedTask, Outcome, OutcomeName
from taskweir.testing.sdk_clients import Addresses, SdkClients
from taskweir.testing.times import Moment, Span, as_timedelta

__tracebackhide__ = True  # what a test is told of is its own line

LOCATION: Final = "us-central1"


class Running(Addresses, Protocol):
    """A server that runs somewhere."""

    def hint(self) -> str: ...

    def log(self) -> str: ...

    def close(self) -> None: ...


class Elsewhere:
    """A server that somebody else has started, and will stop."""

    def __init__(self, address: str, http_address: str = "", token: str = "", ca_file: str = "") -> None:
        """By HOST:PORT, or https://HOST:PORT. Raises ValueError for a token that others could read on the way."""
        scheme, _, self.grpc_address = address.rstrip("/").rpartition("://")
        self.http_address = http_address.rstrip("/").rpartition("://")[2]
        self.access = Access(ca_file, token, is_secure=scheme == "https")
        if token and not self.access.is_secure:
            raise ValueError(f"a token is for a server over TLS: connect('https://{self.grpc_address}', …)")

    def hint(self) -> str:
        return ""

    def log(self) -> str:
        return ""

    def close(self) -> None:
        """It goes on."""


class Scoped(SdkClients):
    """What can be asked of a whole server or of a part of it. Control calls raise ControlError."""

    clock: Clock
    """The server's clock, one for all its projects."""
    faults: Faults
    """Where calls and attempts are made to go wrong."""

    def __init__(self, control: Control, scope: str, at: Addresses) -> None:
        super().__init__(at)
        self._control = control
        self._scope = scope
        self.clock = Clock(control)
        self.faults = Faults(control, scope)

    def wait_idle(self, within: Within | None = None, timeout: Span = 30) -> None:
        """Return when nothing is due and nothing in flight. Raises NotIdle, which says what is left after `timeout` of
        real time; 0 looks without waiting. A paused queue has nothing due, nor has a task whose time has not come."""
        left = self._control.do(calls.wait_idle(self._within(within), timeout))
        if left:
            raise NotIdle(as_timedelta(timeout), left)

    def attempts(
        self,
        within: Within | None = None,
        *,
        outcome: OutcomeName | Iterable[OutcomeName] | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> list[Attempt]:
        """Attempts that have ended, in the order in which they ended: of a project, location, queue or task; with an
        outcome, or one of several; dispatched from `since` on and before `until`."""
        listing = calls.attempts(self._within(within), any_of(outcome, Outcome), since, until)
        return list(self._control.every(listing))

    def watch_attempts(
        self,
        within: Within | None = None,
        *,
        outcome: OutcomeName | Iterable[OutcomeName] | None = None,
        since: Moment | None = None,
        timeout: Span | None = None,
    ) -> Iterator[Attempt]:
        """Attempts as they end, until `timeout` of real time is over, which raises ControlError with the code
        DEADLINE_EXCEEDED; without it, without end. From now on, or first those kept that were dispatched from `since` on."""
        call = calls.watch_attempts(self._within(within), any_of(outcome, Outcome), since)
        return self._control.watch(call, timeout)

    def finished_tasks(
        self,
        within: Within | None = None,
        *,
        ending: EndingName | Iterable[EndingName] | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> list[FinishedTask]:
        """Tasks that are gone, in the order in which they went, from `since` on and before `until`."""
        listing = calls.finished_tasks(self._within(within), any_of(ending, Ending), since, until)
        return list(self._control.every(listing))

    def watch_finished_tasks(
        self,
        within: Within | None = None,
        *,
        ending: EndingName | Iterable[EndingName] | None = None,
        since: Moment | None = None,
        timeout: Span | None = None,
    ) -> Iterator[FinishedTask]:
        """As `watch_attempts`, tasks as they go: from now on, or first those kept that went from `since` on."""
        call = calls.watch_finished_tasks(self._within(within), any_of(ending, Ending), since)
        return self._control.watch(call, timeout)

    def environment(self) -> dict[str, str]:
        """Variables by which programs that a test starts find the server, to be set on top of those there are."""
        return environment(self)

    def _within(self, within: Within | None) -> str:
        return self._scope if within is None else full_name(within)


class Server(Scoped):
    """A running server. As a context manager, it is stopped at the end, with the clients and handlers it gave."""

    def __init__(self, running: Running) -> None:
        super().__init__(Control(running.grpc_address, running.access, running.hint), "", running)
        self.running = running
        self._handlers = Handlers()

    def project(self, name: str = "") -> "Project":
        """A project of this server; without a name, one that nobody else has."""
        return Project(self, self._control, name or new_project())

    def handler(self) -> Handler:
        """A handler for tasks that records what it gets, closed with the server."""
        return self._handlers.add()

    def reset(self, project: str = "") -> None:
        """Make a project, or everything, as it was at the start: no tasks, no history, no faults, names free again;
        and, with everything, real time. Attempts in flight are cut off and leave no trace."""
        self._control.do(calls.reset(project_scope(project) if project else ""))

    @property
    def log(self) -> str:
        """What a server in a process of its own has logged; it logs warnings, unless `log_level` says otherwise."""
        return self.running.log()

    def close(self) -> None:
        """Stop the server, if it was started here."""
        with ExitStack() as last_first:
            # After the server, which would see its connections break.
            last_first.callback(self._handlers.close)
            last_first.callback(self.running.close)
            last_first.callback(self._control.close)
            last_first.callback(self.close_clients)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Project(Scoped):
    """A project of a server. What does not say otherwise is about this project alone; the clock is everyone's."""

    def __init__(self, server: Server, control: Control, project: str) -> None:
        super().__init__(control, project_scope(project), server)
        self.server = server
        self.project = self._scope.removeprefix("projects/")
        self.location_name = f"{self._scope}/locations/{LOCATION}"
        """The parent of the project's queues."""

    def queue(self, queue_id: str, **fields: Any) -> str:  # noqa: ANN401 - as the SDK has them
        """Create a queue with fields of v2's Queue, such as `retry_config={"max_attempts": 3}`. Returns its name."""
        request = queue_request(self.location_name, queue_id, fields)
        with self.client() as client:
            return client.create_queue(request).name

    def environment(self) -> dict[str, str]:
        """As that of the server, with the project as gcloud's default."""
        return environment(self, self.project)

    def reset(self) -> None:
        """Make the project as it was at the start: no tasks, no history, no faults, names free again."""
        self._control.do(calls.reset(self._scope))


def new_project() -> str:
    return f"t-{secrets.token_hex(5)}"


def project_scope(project: str) -> str:
    return f"projects/{project.removeprefix('projects/')}"


def queue_request(parent: str, queue_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    """That of CreateQueue."""
    return {"parent": parent, "queue": {"name": f"{parent}/queues/{queue_id}", **fields}}


def environment(at: Addresses, project: str = "") -> dict[str, str]:
    from taskweir.command.environment import client_environment  # noqa: PLC0415 - for who asks

    found = client_environment(at.http_address or at.grpc_address, None, os.environ, at.access)
    # The test's project, whatever the developer's is.
    return {**found, "CLOUDSDK_CORE_PROJECT": project} if project else found
