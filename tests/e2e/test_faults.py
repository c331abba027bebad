"""Faults as an official SDK client and a handler meet them: what is survived, and what is not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import grpc.aio
import pytest
from google.api_core import exceptions
from google.api_core.retry import AsyncRetry
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcAsyncIOTransport
from google.iam.v1 import iam_policy_pb2, policy_pb2
from tests.eventually import eventually
from tests.push.raw_target import RawTarget

from taskweir import app
from taskweir.app import Server
from taskweir.clock import SteeredClock
from taskweir.control.faults import Faults
from taskweir.domain.errors import Code
from taskweir.domain.fault import (
    Action,
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
from taskweir.domain.scope import Scope
from taskweir.domain.times import HOUR, MILLISECOND, SECOND
from taskweir.settings import Given, Settings, resolve

PARENT = "projects/p/locations/us-central1"
QUEUE = f"{PARENT}/queues/q"
TASK = f"{QUEUE}/tasks/t"
START = 1_700_000_000 * SECOND
FAR: Final = {"http_request": {"url": "http://127.0.0.1:1/"}, "schedule_time": "2023-11-20T00:00:00Z"}
"""What a task is whose attempts no test waits for."""

Client = tasks_v2.CloudTasksAsyncClient


def settings(data: Path | str = ":memory:") -> Settings:
    wanted = {"data": str(data), "port": "0", "http-port": "0", "queue": QUEUE, "drain-timeout": "0s"}
    return resolve({name: Given(text, "the test") for name, text in wanted.items()})


def client_of(server: Server) -> Client:
    channel = grpc.aio.insecure_channel(server.grpc_address)
    return Client(transport=CloudTasksGrpcAsyncIOTransport(channel=channel))


@pytest.fixture
def clock() -> SteeredClock:
    return SteeredClock(frozen_at=START)


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Those of the server that is started after."""
    faults = Faults()
    monkeypatch.setattr(app, "Faults", lambda: faults)
    return faults


@pytest.fixture
async def client(clock: SteeredClock, faults: Faults) -> AsyncIterator[Client]:
    server = await Server.start(settings(), clock=clock)
    client = client_of(server)
    yield client
    await client.transport.close()
    await server.stop()


@pytest.fixture
async def target() -> AsyncIterator[RawTarget]:
    async with RawTarget.serving() as target:
        yield target


def on_call(faults: Faults, action: Action, method: str = "", times: int = 1) -> int:
    return faults.create(Fault(CallMatch(method), action, times=times)).number


def on_attempts(faults: Faults, action: Action, times: int = 1) -> int:
    match = AttemptMatch(Scope("p", "us-central1", "q"))
    return faults.create(Fault(match, action, times=times)).number


def acted(faults: Faults, number: int) -> int:
    (count,) = [fault.acted for fault in faults.all() if fault.number == number]
    return count


# What each method of the client survives. The first are those that it tries again by itself.

METHODS: dict[str, Callable[[Client, str], Awaitable[Any]]] = {
    "list_queues": lambda client, queue: client.list_queues(parent=PARENT),
    "get_queue": lambda client, queue: client.get_queue(name=queue),
    "get_iam_policy": lambda client, queue: client.get_iam_policy({"resource": queue}),
    "test_iam_permissions": lambda client, queue: client.test_iam_permissions(
        {"resource": queue, "permissions": ["cloudtasks.queues.get"]}
    ),
    "list_tasks": lambda client, queue: client.list_tasks(parent=queue),
    "get_task": lambda client, queue: client.get_task(name=f"{queue}/tasks/t"),
    "delete_task": lambda client, queue: client.delete_task(name=f"{queue}/tasks/t"),
    "delete_queue": lambda client, queue: client.delete_queue(name=queue),
    "create_queue": lambda client, queue: client.create_queue(parent=PARENT, queue={"name": f"{queue}-new"}),
    "update_queue": lambda client, queue: client.update_queue(queue={"name": queue}),
    "pause_queue": lambda client, queue: client.pause_queue(name=queue),
    "resume_queue": lambda client, queue: client.resume_queue(name=queue),
    "purge_queue": lambda client, queue: client.purge_queue(name=queue),
    "set_iam_policy": lambda client, queue: client.set_iam_policy(
        iam_policy_pb2.SetIamPolicyRequest(resource=queue, policy=policy_pb2.Policy(version=1))
    ),
    "create_task": lambda client, queue: client.create_task(
        parent=queue, task={"name": f"{queue}/tasks/new", **FAR}
    ),
    "run_task": lambda client, queue: client.run_task(name=f"{queue}/tasks/t"),
    "batch_create_tasks": lambda client, queue: client.batch_create_tasks(
        parent=queue, requests=[{"parent": queue, "task": FAR}]
    ),
    "batch_delete_tasks": lambda client, queue: client.batch_delete_tasks(
        parent=queue, names=[f"{queue}/tasks/t"]
    ),
    "get_cmek_config": lambda client, queue: client.get_cmek_config(name=f"{PARENT}/cmekConfig"),
    "update_cmek_config": lambda client, queue: client.update_cmek_config(
        cmek_config={"name": f"{PARENT}/cmekConfig"}
    ),
}
TRIED_AGAIN: Final = frozenset(list(METHODS)[:8])

Survival = Mapping[str, type[Exception] | None]
"""What each method raises, None where the call succeeds."""


def survival(again: type[Exception] | None, once: type[Exception] | None, **but: type[Exception]) -> Survival:
    """`again` of the methods that are tried again, `once` of the others."""
    return {method: again if method in TRIED_AGAIN else once for method in METHODS} | but


SURVIVAL: list[tuple[Action, Survival]] = [
    (Fail(), survival(None, exceptions.ServiceUnavailable)),
    (Fail(Code.DEADLINE_EXCEEDED), survival(None, exceptions.DeadlineExceeded)),
    (
        Fail(Code.RESOURCE_EXHAUSTED),
        survival(exceptions.ResourceExhausted, exceptions.ResourceExhausted),
    ),
    (Fail(Code.ABORTED), survival(exceptions.Aborted, exceptions.Aborted)),
    (Fail(Code.INTERNAL), survival(exceptions.InternalServerError, exceptions.InternalServerError)),
    (CutOff(), survival(None, exceptions.ServiceUnavailable)),
    # What was deleted by the first try is not there for the second.
    (
        CutOff(after_effect=True),
        survival(
            None,
            exceptions.ServiceUnavailable,
            delete_task=exceptions.NotFound,
            delete_queue=exceptions.NotFound,
        ),
    ),
    (Delay(MILLISECOND), survival(None, None)),
    (LoseEffect(), survival(None, None)),
    (AnswerEarly(HOUR), survival(None, None)),
    (DeliverTwice(), survival(None, None)),
]


@pytest.mark.parametrize(("action", "survival"), SURVIVAL, ids=[str(action) for action, _ in SURVIVAL])
async def test_what_a_client_with_its_default_retry_survives(
    client: Client, faults: Faults, action: Action, survival: Survival
) -> None:
    """Method by method: UNAVAILABLE, DEADLINE_EXCEEDED and a broken connection where it tries again, and no more."""
    seen = dict(await asyncio.gather(*(outcome(client, faults, method, action) for method in METHODS)))
    assert seen == survival


async def outcome(
    client: Client, faults: Faults, method: str, action: Action
) -> tuple[str, type[Exception] | None]:
    queue = f"{PARENT}/queues/{method.replace('_', '-')}"
    await client.create_queue(parent=PARENT, queue={"name": queue})
    await client.create_task(parent=queue, task={"name": f"{queue}/tasks/t", **FAR})
    rpc = "".join(word.capitalize() for word in method.split("_"))
    is_about_queue = method not in ("list_queues", "create_queue", "get_cmek_config", "update_cmek_config")
    scope = Scope("p", "us-central1", queue.rpartition("/")[2] if is_about_queue else "")
    fault = faults.create(Fault(CallMatch(rpc, scope), action, times=1)).number
    raised = None
    try:
        await METHODS[method](client, queue)
    except exceptions.GoogleAPICallError as error:
        raised = type(error)
    assert acted(faults, fault) == 1
    return method, raised


# What has an effect, and what not.


async def test_a_named_task_is_created_once_however_often_its_creation_is_tried(
    client: Client, faults: Faults
) -> None:
    """The answer is lost, the client's own retry learns that the task is there."""
    on_call(faults, CutOff(after_effect=True), "CreateTask")
    retry = AsyncRetry(predicate=lambda error: isinstance(error, exceptions.ServiceUnavailable), initial=0.01)
    with pytest.raises(exceptions.AlreadyExists):
        await client.create_task(parent=QUEUE, task={"name": TASK, **FAR}, retry=retry)
    assert [task.name async for task in await client.list_tasks(parent=QUEUE)] == [TASK]


async def test_a_cut_off_call_looks_like_a_broken_connection(client: Client, faults: Faults) -> None:
    """And one that fails says which fault it was."""
    on_call(faults, CutOff())
    with pytest.raises(exceptions.ServiceUnavailable, match="Socket closed"):
        await client.pause_queue(name=QUEUE)
    on_call(faults, Fail())
    with pytest.raises(exceptions.ServiceUnavailable, match=r"Injected by faults/2\."):
        await client.pause_queue(name=QUEUE)


async def test_a_task_whose_creation_was_lost_is_not_there(client: Client, faults: Faults) -> None:
    """Though it was answered; its name is free."""
    on_call(faults, LoseEffect(), "CreateTask")
    assert (await client.create_task(parent=QUEUE, task={"name": TASK, **FAR})).name == TASK
    with pytest.raises(exceptions.NotFound):
        await client.get_task(name=TASK)
    await client.create_task(parent=QUEUE, task={"name": TASK, **FAR})


async def test_a_task_without_a_name_is_there_twice_when_it_is_delivered_twice(
    client: Client, faults: Faults
) -> None:
    """Which is why tasks have names; the answer names the first."""
    on_call(faults, DeliverTwice(), "CreateTask")
    made = await client.create_task(parent=QUEUE, task=FAR)
    names = [task.name async for task in await client.list_tasks(parent=QUEUE)]
    assert len(names) == 2
    assert made.name in names


async def test_a_task_that_was_answered_early_is_there_later(client: Client, faults: Faults) -> None:
    """As soon as its time has come."""
    on_call(faults, AnswerEarly(20 * MILLISECOND), "CreateTask")
    await client.create_task(parent=QUEUE, task={"name": TASK, **FAR})
    retry = AsyncRetry(predicate=lambda error: isinstance(error, exceptions.NotFound), initial=0.01)
    assert (await client.get_task(name=TASK, retry=retry)).name == TASK


async def test_what_is_answered_early_is_done_when_the_server_stops(
    clock: SteeredClock, faults: Faults, tmp_path: Path
) -> None:
    """At the latest."""
    server = await Server.start(settings(tmp_path / "d.db"), clock=clock)
    client = client_of(server)
    on_call(faults, AnswerEarly(HOUR), "PauseQueue")
    assert (await client.pause_queue(name=QUEUE)).state == tasks_v2.Queue.State.PAUSED
    assert (await client.get_queue(name=QUEUE)).state == tasks_v2.Queue.State.RUNNING
    await client.transport.close()
    await server.stop()
    server = await Server.start(settings(tmp_path / "d.db"), clock=clock)
    client = client_of(server)
    assert (await client.get_queue(name=QUEUE)).state == tasks_v2.Queue.State.PAUSED
    await client.transport.close()
    await server.stop()


# Attempts.


async def create(client: Client, target: RawTarget) -> None:
    await client.create_task(
        parent=QUEUE, task={"name": TASK, "http_request": {"url": target.url("/w"), "body": b"b"}}
    )


async def attempted(client: Client, times: int) -> tasks_v2.Task:
    """The task as it is when so many of its attempts have ended."""
    while (task := await client.get_task(name=TASK)).dispatch_count < times or not (
        task.last_attempt.response_time
    ):
        await asyncio.sleep(0)
    return task


async def is_gone(client: Client) -> bool:
    try:
        await client.get_task(name=TASK)
    except exceptions.NotFound as error:
        return "no longer exists" in error.message
    return False


async def gone(client: Client) -> None:
    """Wait until the task is done."""
    while not await is_gone(client):
        await asyncio.sleep(0)


async def test_attempts_that_a_fault_fails_are_tried_again_by_the_law(
    client: Client, faults: Faults, clock: SteeredClock, target: RawTarget
) -> None:
    """The handler sees the third alone, and is told of the two before."""
    on_attempts(faults, Fail(http_status=503), times=2)
    await create(client, target)
    for times, after in ((1, 100 * MILLISECOND), (2, 300 * MILLISECOND)):
        task = await attempted(client, times)
        assert task.last_attempt.response_status.message == "UNAVAILABLE(14): HTTP status code 503"
        assert task.response_count == times
        assert round(task.schedule_time.timestamp() * SECOND) == START + after
        assert target.received == []
        clock.freeze(START + after)
    await gone(client)
    (request,) = target.received
    assert b"X-CloudTasks-TaskRetryCount: 2\r\n" in request
    assert b"X-CloudTasks-TaskPreviousResponse: 503\r\n" in request


async def test_an_attempt_that_is_cut_off_after_it_was_sent_is_sent_again(
    client: Client, faults: Faults, clock: SteeredClock, target: RawTarget
) -> None:
    """The handler, which has done its work, sees it twice."""
    on_attempts(faults, CutOff(after_effect=True))
    await create(client, target)
    task = await attempted(client, 1)
    assert task.response_count == 0
    assert len(target.received) == 1
    clock.advance(100 * MILLISECOND)
    await gone(client)
    assert len(target.received) == 2


async def test_an_attempt_that_is_delivered_twice_reaches_the_handler_twice(
    client: Client, faults: Faults, target: RawTarget
) -> None:
    """As the same request: nothing tells one from the other."""
    on_attempts(faults, DeliverTwice())
    await create(client, target)
    await gone(client)
    first, second = target.received
    assert first == second
    assert first.startswith(b"POST /w ")


async def test_an_attempt_that_is_lost_never_reaches_the_handler(
    client: Client, faults: Faults, target: RawTarget
) -> None:
    """The task is done all the same."""
    on_attempts(faults, LoseEffect())
    await create(client, target)
    await gone(client)
    assert target.received == []


async def test_an_attempt_that_is_answered_early_reaches_the_handler_after(
    client: Client, faults: Faults, target: RawTarget
) -> None:
    """When the task is long done."""
    target.may_answer.clear()
    on_attempts(faults, AnswerEarly())
    await create(client, target)
    await gone(client)
    await eventually(lambda: len(target.received) == 1)
    target.may_answer.set()
