"""Servers that tests start, and what can be asked of them."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any, Literal

import pytest
from google.cloud import tasks_v2, tasks_v2beta2, tasks_v2beta3
from tests.command.process import is_alive, wait_until
from tests.eventually import eventually

from taskweir import testing
from taskweir.testing import Answer, ControlError, Ending, NotIdle, Server, ServerError
from taskweir.testing.own_process import OwnProcess

PARENT = "projects/local/locations/us-central1"
QUEUE = f"{PARENT}/queues/mail"


@pytest.fixture(scope="module", params=["own process", "this process"])
def started(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server of either kind."""
    with testing.server(in_process=request.param == "this process", queues=["mail"]) as server:
        yield server


@pytest.fixture
def server(started: Server) -> Iterator[Server]:
    """As it was at its start."""
    yield started
    started.reset()


@pytest.fixture
def client(server: Server) -> tasks_v2.CloudTasksClient:
    """The official client."""
    return server.client()


def task(url: str) -> dict[str, Any]:
    return {"http_request": {"url": url}}


def test_a_task_is_followed_from_its_creation_to_its_end(
    server: Server, client: tasks_v2.CloudTasksClient
) -> None:
    """Its attempts, and that it is gone; asked of the task, of its queue, and of the server."""
    handler = server.handler()
    handler.answers(503, 200)
    server.clock.freeze()
    made = client.create_task(parent=QUEUE, task=task(handler.url("/welcome?to=ada")))
    server.clock.advance(minutes=5)
    first, second = server.attempts(made)
    assert (first.task, first.number, first.status, first.succeeded) == (made.name, 1, 503, False)
    assert (second.number, second.status, second.ending) == (2, 200, Ending.DONE)
    assert first.retry_time == second.schedule_time == second.dispatch_time
    assert second.request_line == "POST /welcome?to=ada HTTP/1.1"
    assert second.headers["x-cloudtasks-taskretrycount"] == "1"
    assert server.attempts(QUEUE) == server.attempts() == [first, second]
    assert server.attempts(outcome="FAILED") == server.attempts(until=second.dispatch_time) == [first]
    assert server.attempts(since=second.dispatch_time) == [second]
    (finished,) = server.finished_tasks(made, ending=Ending.DONE)
    assert (finished.name, finished.dispatch_count) == (made.name, 2)
    assert [request.retry_count for request in handler.requests] == [0, 1]


def test_the_clock_is_steered(server: Server, client: tasks_v2.CloudTasksClient) -> None:
    """Frozen, moved, moved to what comes next, and let go."""
    start = server.clock.freeze("2030-01-01T12:00:00Z")
    assert server.clock.is_frozen
    assert server.clock.now() == start
    assert server.clock.next_due is None
    later = start + timedelta(hours=3)
    handler = server.handler()
    client.create_task(parent=QUEUE, task={**task(handler.url()), "schedule_time": later})
    assert server.clock.next_due == later
    assert server.clock.advance(hours=1) == start + timedelta(hours=1)
    assert handler.requests == []
    assert server.clock.jump() == later
    assert len(handler.requests) == 1
    server.clock.resume()
    assert not server.clock.is_frozen


def test_what_is_not_idle_is_named(server: Server, client: tasks_v2.CloudTasksClient) -> None:
    """And waiting ends when it is."""
    handler = server.handler()
    handler.answers(Answer(hang=True))
    client.create_task(parent=QUEUE, task=task(handler.url()))
    handler.wait_for(1)
    with pytest.raises(NotIdle, match=rf"{QUEUE}: \d due, 1 in flight"):
        server.wait_idle(timeout=0)
    handler.release()
    server.wait_idle()
    assert [attempt.status for attempt in server.attempts()] == [200]


def test_attempts_and_ends_are_watched(server: Server, client: tasks_v2.CloudTasksClient) -> None:
    """As they come."""
    handler = server.handler()
    attempts = server.watch_attempts(QUEUE)
    finished = server.watch_finished_tasks(QUEUE)
    made = client.create_task(parent=QUEUE, task=task(handler.url()))
    assert next(attempts).task == made.name
    assert next(finished).name == made.name


async def test_watching_can_have_an_end(server: Server) -> None:
    """Where what is watched for does not come."""
    for watching in (server.watch_attempts(timeout=0.2), server.watch_finished_tasks(timeout=0.2)):
        with pytest.raises(ControlError, match="DEADLINE_EXCEEDED"):
            next(watching)
    async with testing.async_connect(server.grpc_address) as s:
        for later in (await s.watch_attempts(timeout=0.2), await s.watch_finished_tasks(timeout=0.2)):
            with pytest.raises(ControlError, match="DEADLINE_EXCEEDED"):
                await anext(later)


def test_a_project_sees_its_own_alone(server: Server) -> None:
    """Two of them have names of their own, and one is reset without the other."""
    one, two = server.project(), server.project()
    assert one.project != two.project
    handler = server.handler()
    for project in (one, two):
        queue = project.queue("mail", rate_limits={"max_concurrent_dispatches": 2})
        assert queue == f"projects/{project.project}/locations/us-central1/queues/mail"
        client = project.client()
        assert client.get_queue(name=queue).rate_limits.max_concurrent_dispatches == 2
        client.create_task(parent=queue, task=task(handler.url()))
        project.wait_idle()
        assert [attempt.queue for attempt in project.attempts()] == [queue]
        assert [done.ending for done in project.finished_tasks()] == ["DONE"]
    one.reset()
    assert one.attempts() == []
    assert len(two.attempts()) == 1
    assert one.queue("mail")
    assert one.environment()["CLOUDSDK_CORE_PROJECT"] == one.project
    two.close_clients()


def test_faults_act_and_are_counted(server: Server, client: tasks_v2.CloudTasksClient) -> None:
    """On calls and on attempts, for as long as they are wanted."""
    handler = server.handler()
    with server.faults.calls("CreateQueue").fail("ABORTED", "on purpose") as fault:
        with pytest.raises(Exception, match="on purpose"):
            client.create_queue(parent=PARENT, queue={"name": f"{PARENT}/queues/other"})
        assert (fault.matched, fault.acted) == (1, 1)
    client.create_queue(parent=PARENT, queue={"name": f"{PARENT}/queues/other"})
    server.clock.freeze()
    failing = server.faults.attempts(QUEUE, target=handler.url()).fail(418, times=1)
    client.create_task(parent=QUEUE, task=task(handler.url()))
    server.clock.advance(minutes=1)
    assert [attempt.status for attempt in server.attempts()] == [418, 200]
    assert (len(handler.requests), failing.acted) == (1, 1)


def test_a_reset_frees_names_and_goes_back_to_real_time(
    server: Server, client: tasks_v2.CloudTasksClient
) -> None:
    """And start-up queues are there again."""
    server.clock.freeze("2030-01-01T00:00:00Z")
    client.delete_queue(name=QUEUE)
    server.reset()
    assert not server.clock.is_frozen
    assert [queue.name for queue in client.list_queues(parent=PARENT)] == [QUEUE]


def test_programs_find_the_server_by_the_environment(started: Server) -> None:
    """An SDK client without any argument."""
    program = (
        "from google.cloud import tasks_v2\n"
        f"print([queue.name for queue in tasks_v2.CloudTasksClient().list_queues(parent={PARENT!r})])"
    )
    environ = {**os.environ, **started.environment()}
    ran = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True)
    assert ran.stdout == f"['{QUEUE}']\n", ran.stderr


def test_a_project_is_gclouds_default_whatever_the_developers_is(
    started: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The developer's would be found in no test's project."""
    monkeypatch.setenv("CLOUDSDK_CORE_PROJECT", "developers")
    assert started.project("mine").environment()["CLOUDSDK_CORE_PROJECT"] == "mine"
    assert "CLOUDSDK_CORE_PROJECT" not in started.environment()


def test_settings_are_only_those_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of a server that a developer uses do not count."""
    monkeypatch.setenv("TASKWEIR_QUEUE", "developers")
    monkeypatch.setenv("INITIAL_QUEUES", "developers")
    for in_process in (False, True):
        with testing.server(in_process=in_process, queues=["mine"]) as server:
            names = [queue.name for queue in server.client().list_queues(parent=PARENT)]
        assert names == [f"{PARENT}/queues/mine"]


@pytest.mark.parametrize("in_process", [False, True])
def test_a_server_that_does_not_start_says_why(*, in_process: bool) -> None:
    """With its own words."""
    with pytest.raises(ServerError, match=r"--queue: queue id 'no_queue' must be"):
        testing.server(in_process=in_process, queues=["no_queue"])


def test_a_wrong_setting_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found before a file for the log is made."""
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: pytest.fail("a file was made"))
    with pytest.raises(TypeError, match="there is no setting 'nope'"):
        testing.server(nope=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("in_process", [False, True])
async def test_closing_twice_does_nothing(*, in_process: bool) -> None:
    """To servers of every kind, and to what is connected to them."""
    server = testing.server(in_process=in_process)
    found = testing.connect(server.grpc_address)
    server.handler()
    for either in (found, found, server, server):
        either.close()
    async with testing.async_server(in_process=in_process) as s:
        await s.clock.now()
        await s.close()
        await s.close()


async def test_a_start_that_is_cancelled_leaves_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which nobody could close."""
    started: list[OwnProcess] = []
    wait_until_ready = OwnProcess.wait_until_ready

    def watched(self: OwnProcess) -> OwnProcess:
        started.append(self)
        return wait_until_ready(self)

    monkeypatch.setattr(OwnProcess, "wait_until_ready", watched)
    starting = asyncio.create_task(testing.async_server(in_process=False).__aenter__())
    await eventually(lambda: started)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert started[0]._process.returncode is not None


def test_a_server_that_does_not_come_to_be_ready_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, and it is killed."""
    monkeypatch.setattr("taskweir.testing.own_process._START", 0.0)
    with pytest.raises(ServerError, match=f"ended with -{signal.SIGKILL}"):
        testing.server()


def test_a_server_that_has_died_says_so() -> None:
    """Where a control call fails for it; its log is there."""
    with testing.server(queues=["q"], log_level="info") as server:
        assert isinstance(server.running, OwnProcess)
        queue = "projects/local/locations/us-central1/queues/q"
        server.client().create_task(parent=queue, task={"http_request": {"url": server.handler().url()}})
        server.wait_idle()
        assert "attempt" in server.log
        server.running._process.kill()
        server.running._process.wait()
        with pytest.raises(ControlError, match=f"the server ended with -{signal.SIGKILL}"):
            server.clock.now()


def test_no_server_outlives_the_tests() -> None:
    """However their process ends."""
    program = (
        "import os, signal, taskweir.testing\n"
        "server = taskweir.testing.server()\n"
        "print(server.running._process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    pid = int(ran.stdout)
    wait_until(lambda: not is_alive(pid), "the server goes on")


def test_no_server_outlives_the_tests_for_their_children() -> None:
    """Though a fork has all that the tests had open."""
    program = (
        "import os, signal, taskweir.testing\n"
        "server = taskweir.testing.server()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os.close(1), os.close(2)\n"
        "    signal.pause()\n"
        "print(server.running._process.pid, child, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    pid, child = map(int, ran.stdout.split())
    try:
        wait_until(lambda: not is_alive(pid), "the server goes on")
        assert is_alive(child)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_server_that_runs_is_left_running(started: Server) -> None:
    """By whoever only connects to it. REST needs its other address."""
    with testing.connect(started.grpc_address) as server:
        assert server.clock.now()
        assert server.environment()["CLOUD_TASKS_EMULATOR_HOST"] == started.grpc_address
        with pytest.raises(ValueError, match="HTTP address"):
            server.client(transport="rest")
    with testing.connect(started.grpc_address, started.http_address) as server:
        assert server.environment() == started.environment()
    assert started.clock.now()


VERSIONS: list[tuple[Literal["v2", "v2beta3", "v2beta2"], ModuleType]] = [
    ("v2", tasks_v2),
    ("v2beta3", tasks_v2beta3),
    ("v2beta2", tasks_v2beta2),
]


@pytest.mark.parametrize(("version", "module"), VERSIONS)
async def test_clients_are_of_the_version_asked_for(
    started: Server, version: Literal["v2", "v2beta3", "v2beta2"], module: ModuleType
) -> None:
    """Over gRPC, REST, and asynchronous."""
    assert type(started.client(version)) is module.CloudTasksClient  # type: ignore[call-overload]
    rest = started.client(version, transport="rest")  # type: ignore[call-overload]
    assert rest.transport.kind == "rest"
    assert rest.transport._host == f"http://{started.http_address}"
    client = started.async_client(version)  # type: ignore[call-overload]
    assert type(client) is module.CloudTasksAsyncClient
    await client.transport.close()


def test_without_the_sdk_its_clients_are_refused(started: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    monkeypatch.setitem(sys.modules, "google.cloud.tasks_v2", None)
    with pytest.raises(ImportError, match="pip install google-cloud-tasks"):
        started.client()


def test_an_asynchronous_client_needs_a_loop(started: Server) -> None:
    """It would belong to none."""
    with pytest.raises(RuntimeError, match="no running event loop"):
        started.async_client()


def test_the_example_of_the_package_works() -> None:
    """As it stands in its documentation."""
    assert testing.__doc__ is not None
    example = [line for line in testing.__doc__.splitlines() if not line or line.startswith("    ")]
    exec(textwrap.dedent("\n".join(example)))


@pytest.mark.parametrize("in_process", [True, False])
async def test_asynchronous_tests_have_the_same(*, in_process: bool) -> None:
    """On their own loop, or beside a server in a process of its own."""
    async with testing.async_server(in_process=in_process, queues=["mail"]) as s:
        handler = s.handler()
        handler.answers(503, Answer(200, hang=True))
        await s.clock.freeze()
        client = s.async_client()
        watched = await s.watch_attempts()
        made = await client.create_task(parent=QUEUE, task=task(handler.url()))
        moved = asyncio.create_task(s.clock.advance(minutes=1))
        await handler.wait_for_async(2)
        with pytest.raises(NotIdle):
            await s.wait_idle(timeout=0)
        handler.release()
        await moved
        await s.wait_idle()
        attempts = await s.attempts(made)
        assert [attempt.status for attempt in attempts] == [503, 200]
        assert [await anext(watched), await anext(watched)] == attempts
        assert [done.ending for done in await s.finished_tasks()] == ["DONE"]
        project = s.project()
        async with project.faults.calls("CreateTask").fail(message="on purpose") as fault:
            queue = await project.queue("q", retry_config={"max_attempts": 1})
            with pytest.raises(Exception, match="on purpose"):
                await client.create_task(parent=queue, task=task(handler.url()))
            assert await fault.acted == 1
        assert (await client.get_queue(name=queue)).retry_config.max_attempts == 1
        await s.reset(project.project)
        assert s.environment()["CLOUD_TASKS_EMULATOR_HOST"] == s.http_address
        assert project.environment()["CLOUDSDK_CORE_PROJECT"] == project.project
        await client.transport.close()


async def test_a_blocking_client_works_from_a_thread() -> None:
    """Beside a server on the test's own loop."""
    async with testing.async_server(queues=["mail"]) as s:
        queues = await asyncio.to_thread(s.client().list_queues, parent=PARENT)
        assert [queue.name for queue in queues] == [QUEUE]
        assert s.log == ""
