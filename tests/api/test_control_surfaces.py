"""The control API of a real server, over gRPC and over REST."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import grpc
import grpc.aio
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.api.answers import QUEUE
from tests.api.running import Running, running

from taskweir_pb.control.v1 import control_pb2 as pb
from taskweir_pb.control.v1.control_pb2_grpc import ControlStub
from taskweir_pb.v2 import cloudtasks_pb2, task_pb2

CLOCK = "/taskweir/v1/clock"
NOW = "2026-11-22T12:00:00.123456Z"


@dataclass
class Client:
    """REST calls of a server."""

    server: Running
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://{self.server.server.http_address}"

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body)
        async with self.session.request(method, self.url + path, data=data, headers=headers) as answer:
            return answer.status, await answer.json()

    async def create_and_delete(self, task_id: str) -> str:
        """A task that is gone again."""
        name = f"{QUEUE}/tasks/{task_id}"
        task = task_pb2.Task(name=name)
        task.http_request.url = "http://target.example/"
        await self.server.raw.call("CreateTask", cloudtasks_pb2.CreateTaskRequest(parent=QUEUE, task=task))
        await self.server.raw.call("DeleteTask", cloudtasks_pb2.DeleteTaskRequest(name=name))
        return name


@asynccontextmanager
async def client_of(**settings: str) -> AsyncIterator[Client]:
    async with running(queue=QUEUE, **settings) as server, aiohttp.ClientSession() as session:
        await server.raw.call("PauseQueue", cloudtasks_pb2.PauseQueueRequest(name=QUEUE))
        yield Client(server, session)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with client_of() as client:
        yield client


async def test_the_clock_is_steered_over_rest(client: Client) -> None:
    """By calls that a shell can make."""
    assert await client.ask("GET", CLOCK) == (200, {"time": NOW, "frozen": True})
    assert await client.ask("POST", f"{CLOCK}:advance", {"duration": "10800s"}) == (
        200,
        {"time": "2026-11-22T15:00:00.123456Z", "frozen": True},
    )
    assert await client.ask("POST", f"{CLOCK}:freeze", {"time": NOW}) == (200, {"time": NOW, "frozen": True})
    assert await client.ask("POST", f"{CLOCK}:jump") == (200, {"time": NOW, "frozen": True})
    _, resumed = await client.ask("POST", f"{CLOCK}:resume")
    assert "frozen" not in resumed


@pytest.mark.parametrize("path", ["/taskweir/v1:waitIdle", "/taskweir/v1/:waitIdle"])
async def test_waiting_is_served_with_and_without_a_slash(client: Client, path: str) -> None:
    """As the resource is written, and as URLs are joined."""
    assert await client.ask("POST", path, {"timeout": "0s"}) == (200, {"idle": True})
    assert await client.ask("POST", path, {"parent": "q"}) == (
        400,
        {
            "error": {
                "code": 400,
                "message": "Invalid value at 'parent': \"q\" is not the full name of a project, a location or a queue.",
                "status": "INVALID_ARGUMENT",
            }
        },
    )


async def test_faults_are_made_and_taken_back_over_rest(client: Client) -> None:
    """In JSON, by their names."""
    fault = {"call": {"method": "GetQueue"}, "fail": {"code": "ABORTED"}, "times": 1}
    made = {**fault, "name": "faults/1"}
    assert await client.ask("POST", "/taskweir/v1/faults", fault) == (200, made)

    refused = await client.server.raw.refusal("GetQueue", cloudtasks_pb2.GetQueueRequest(name=QUEUE))
    assert refused is not None
    assert refused.code == "ABORTED"
    met = {**made, "matchedCount": "1", "actedCount": "1"}
    assert await client.ask("GET", "/taskweir/v1/faults") == (200, {"faults": [met]})
    assert await client.ask("DELETE", "/taskweir/v1/faults/1") == (200, {})
    assert (await client.ask("DELETE", "/taskweir/v1/faults/1"))[0] == 404


async def test_history_is_listed_and_watched(client: Client) -> None:
    """Over both surfaces: what was there, page by page, and what comes."""
    first, second = [await client.create_and_delete(task_id) for task_id in ("a", "b")]
    finished = "/taskweir/v1/finishedTasks"
    _, page = await client.ask("GET", f"{finished}?pageSize=1&endings=DELETED&parent={QUEUE}")
    assert [task["name"] for task in page["finishedTasks"]] == [first]
    token = page["nextPageToken"]
    _, page = await client.ask("GET", f"{finished}?pageToken={token}&endings=DELETED&parent={QUEUE}")
    [task] = page["finishedTasks"]
    assert (task["name"], task["ending"], task["finishTime"]) == (second, "DELETED", NOW)
    assert "nextPageToken" not in page

    stub = ControlStub(client.server.channel)
    stream = stub.WatchFinishedTasks(pb.WatchFinishedTasksRequest(start_time=Timestamp()))
    async with client.session.get(f"{client.url}{finished}:watch?startTime={NOW}") as events:
        assert await events.content.readexactly(3) == b":\n\n"
        for name in (first, second):
            assert (await stream.read()).name == name
            line = await events.content.readline()
            assert json.loads(line.removeprefix(b"data: "))["name"] == name
            await events.content.readline()
        third = await client.create_and_delete("c")
        assert (await stream.read()).name == third
        assert json.loads((await events.content.readline()).removeprefix(b"data: "))["name"] == third
    stream.cancel()


async def test_watchers_do_not_hold_up_the_end() -> None:
    """Neither those over gRPC nor those over REST, though the server would drain for minutes."""
    async with client_of(drain_timeout="10m") as client:
        stream = ControlStub(client.server.channel).WatchFinishedTasks(
            pb.WatchFinishedTasksRequest(start_time=Timestamp())
        )
        name = await client.create_and_delete("a")
        assert (await stream.read()).name == name
        async with client.session.get(f"{client.url}/taskweir/v1/attempts:watch") as events:
            async with asyncio.timeout(20):
                await client.server.server.stop()
                assert await events.read() == b":\n\n"
                assert await stream.read() is grpc.aio.EOF


async def test_a_reset_makes_all_anew(client: Client) -> None:
    """Over REST, with an empty object for an answer."""
    await client.create_and_delete("a")
    assert await client.ask("POST", "/taskweir/v1:reset", {"parent": "projects/p"}) == (200, {})
    assert await client.ask("GET", "/taskweir/v1/finishedTasks") == (200, {})


@pytest.mark.parametrize("settings", [{"control": "off"}, {"host": "0.0.0.0"}])
async def test_control_is_served_only_where_it_is_allowed(settings: dict[str, str]) -> None:
    """Elsewhere nothing answers to it, on either port."""
    async with running(**settings) as server, aiohttp.ClientSession() as session:
        port = server.server.http_address.rpartition(":")[2]
        for path in (CLOCK, "/taskweir/v1/attempts:watch"):
            async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                assert (answer.status, (await answer.json())["error"]["status"]) == (404, "NOT_FOUND")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await ControlStub(server.channel).GetClock(pb.GetClockRequest())
        assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8124", 200),
        ("LOCALHOST", 200),
        ("127.0.0.1:8124", 200),
        ("127.1.2.3", 200),
        ("[::1]:8124", 200),
        ("evil.example:8124", 403),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("192.0.2.1:8124", 200),
        ("localhost:8124.evil.example", 403),
        ("[::1]evil.example", 403),
    ],
)
async def test_on_loopback_control_goes_by_no_name_but_localhost(
    client: Client, host: str, status: int
) -> None:
    """A name that was made to resolve to this machine is a web page's; addresses cannot be."""
    assert (await client.ask("GET", CLOCK, Host=host))[0] == status
    path = CLOCK.replace("taskweir", "%74askweir")
    assert (await client.ask("GET", path, Host=host))[0] == status
    async with client.session.get(f"{client.url}/healthz", headers={"Host": host}) as answer:
        assert answer.status == 200


async def test_a_server_that_others_reach_goes_by_any_name() -> None:
    """Where control was allowed on purpose, its machine has names of its own."""
    async with running(host="0.0.0.0", control="on") as server, aiohttp.ClientSession() as session:
        port = server.server.http_address.rpartition(":")[2]
        url = f"http://127.0.0.1:{port}{CLOCK}"
        async with session.get(url, headers={"Host": "taskweir.example"}) as answer:
            assert answer.status == 200
        rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
        async with session.post(f"{url}:freeze", headers=rebound) as answer:
            assert answer.status == 403


async def test_control_asks_for_no_credentials() -> None:
    """Not even those of a strict server: tests steer with it."""
    async with running(strict="true") as server, aiohttp.ClientSession() as session:
        assert (await ControlStub(server.channel).GetClock(pb.GetClockRequest())).frozen
        assert (await Client(server, session).ask("GET", CLOCK))[0] == 200


async def test_there_is_an_end_to_how_many_streams_are_open(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of either kind, over either surface; who leaves, makes room."""
    monkeypatch.setattr("taskweir.control.history.MOST_WATCHERS", 2)
    stub = ControlStub(client.server.channel)
    stream = stub.WatchFinishedTasks(pb.WatchFinishedTasksRequest())
    await stream.initial_metadata()
    async with client.session.get(f"{client.url}/taskweir/v1/attempts:watch") as events:
        assert events.status == 200
        refused = await client.ask("GET", "/taskweir/v1/finishedTasks:watch")
        message = "2 streams of the history are open already."
        assert refused == (
            429,
            {"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED"}},
        )
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await stub.WatchAttempts(pb.WatchAttemptsRequest()).read()
        assert (error.value.code(), error.value.details()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, message)
    stream.cancel()
    async with asyncio.timeout(10):
        while (await _watched_for_a_moment(client)) != 200:
            """The server has yet to learn that they left."""


async def _watched_for_a_moment(client: Client) -> int:
    async with client.session.get(f"{client.url}/taskweir/v1/attempts:watch") as events:
        return events.status
