"""Tests with a real Cloud Tasks server: start one, move its clock, wait for it, ask what it sent, make it fail.

    import taskweir.testing

    with taskweir.testing.server(queues=["mail"]) as s:
        queue = "projects/local/locations/us-central1/queues/mail"
        handler = s.handler()
        handler.answers(503, 200)
        s.client().create_task(parent=queue, task={"http_request": {"url": handler.url("/welcome")}})
        s.clock.advance(hours=3)
        assert [attempt.status for attempt in s.attempts(queue)] == [503, 200]

pytest users need not even this: the fixtures `taskweir`, `taskweir_client` and `taskweir_handler` are there.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Unpack

from taskweir.testing.answer import Answer, Reply, Request, Scripted
from taskweir.testing.async_server import AsyncProject, AsyncServer
from taskweir.testing.calls import HasName, Within
from taskweir.testing.clock import AsyncClock, Clock
from taskweir.testing.errors import ControlError, NotCalled, NotIdle, ServerError
from taskweir.testing.faults import (
    AsyncFault,
    AsyncFaults,
    AttemptFaults,
    CallFaults,
    CodeName,
    Fault,
    Faults,
    HowOften,
    PendingFault,
)
from taskweir.testing.handler import Handler
from taskweir.testing.handlers import Handlers
from taskweir.testing.headers import Headers
from taskweir.testing.in_process import InThread, start_here
from taskweir.testing.own_process import OwnProcess
from taskweir.testing.records import (
    Attempt,
    ClockState,
    Ending,
    EndingName,
    FinishedTask,
    Outcome,
    OutcomeName,
    QueueLeft,
)
from taskweir.testing.sdk_clients import Transport, Version
from taskweir.testing.server import Elsewhere, Project, Running, Server
from taskweir.testing.server_settings import ServerSettings
from taskweir.testing.times import Moment, Span

__all__ = [
    "Answer",
    "AsyncClock",
    "AsyncFault",
    "AsyncFaults",
    "AsyncProject",
    "AsyncServer",
    "Attempt",
    "AttemptFaults",
    "CallFaults",
    "Clock",
    "ClockState",
    "CodeName",
    "ControlError",
    "Ending",
    "EndingName",
    "Fault",
    "Faults",
    "FinishedTask",
    "Handler",
    "HasName",
    "Headers",
    "HowOften",
    "Moment",
    "NotCalled",
    "NotIdle",
    "Outcome",
    "OutcomeName",
    "PendingFault",
    "Project",
    "QueueLeft",
    "Reply",
    "Request",
    "Scripted",
    "Server",
    "ServerError",
    "ServerSettings",
    "Span",
    "Transport",
    "Version",
    "Within",
    "async_connect",
    "async_server",
    "connect",
    "server",
]


def server(*, in_process: bool = False, **settings: Unpack[ServerSettings]) -> Server:
    """Start a server on free ports, its data in memory and the control API on; `with` stops it at the end.

    In a process of its own, or in this one, in a thread. The first is slower to start, by about half a second, and
    safe with everything. The second must not meet asynchronous gRPC clients: all loops of a process share one gRPC
    queue and wake each other, which shows as errors that gRPC logs.

    Only the settings given here count; those of `TASKWEIR_…` variables do not. Raises ServerError where the server
    does not start.
    """
    running = InThread(settings) if in_process else OwnProcess(settings).wait_until_ready()
    return Server(running)


@asynccontextmanager
async def async_server(
    *, in_process: bool = True, **settings: Unpack[ServerSettings]
) -> AsyncIterator[AsyncServer]:
    """As `server`, for `async with`: on the loop that runs, or in a process of its own.

    On the loop that runs, nothing may block it: call a blocking client in a thread, by `asyncio.to_thread`.
    """
    async with AsyncExitStack() as stack:
        handlers = stack.enter_context(Handlers())
        if in_process:
            here = await start_here(settings)
            stack.push_async_callback(here.stop)
            running: Running = Elsewhere(here.grpc_address, here.http_address)
        else:
            running = child = OwnProcess(settings)
            # Before it is ready: a start that is cancelled must not leave it running.
            stack.push_async_callback(asyncio.to_thread, child.close)
            await asyncio.to_thread(child.wait_until_ready)
        yield await stack.enter_async_context(AsyncServer(running, handlers))


def connect(address: str, http_address: str = "", *, token: str = "", ca_file: str | Path = "") -> Server:
    """Steer a server that runs, found at HOST:PORT of its gRPC port; `with` leaves it running.

    Clients over REST need its HTTP port, too. A server over TLS is found at https://HOST:PORT, with a bearer token if it
    asks for one; `ca_file` (PEM) has the certificates that are trusted, where they are not the usual ones. Raises
    ControlError where there is no server that can be steered, ValueError for a token without TLS, OSError for a
    `ca_file` that cannot be read.
    """
    found = Server(Elsewhere(address, http_address, token, str(ca_file)))
    try:
        found.clock.now()
    except BaseException:
        found.close()
        raise
    return found


@asynccontextmanager
async def async_connect(
    address: str, http_address: str = "", *, token: str = "", ca_file: str | Path = ""
) -> AsyncIterator[AsyncServer]:
    """As `connect`, for `async with`."""
    with Handlers() as handlers:
        elsewhere = Elsewhere(address, http_address, token, str(ca_file))
        async with AsyncServer(elsewhere, handlers) as found:
            await found.clock.now()
            yield found
