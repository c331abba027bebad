"""Cloud Tasks as firebase-admin calls it where CLOUD_TASKS_EMULATOR_HOST is set; the requests are what it sends."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp
import pytest
from tests.api.running import Running, running

from taskweir.settings import SettingsError

BASE: Final = "http://127.0.0.1:5001"
LOCATION: Final = "/projects/demo/locations/us-central1"
QUEUE: Final = f"{LOCATION}/queues/greet"
ACCOUNT: Final = "emulated-service-acct@email.com"
LATER: Final = "2026-12-01T00:00:00.000Z"


class Client:
    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address

    async def ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON of the answer."""
        headers = {"Authorization": "Bearer owner", **(headers or {})}
        url = f"http://{self._address}{path}"
        async with self._session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def enqueue(self, task: dict[str, Any], queue: str = QUEUE) -> tuple[int, Any]:
        return await self.ask("POST", f"{queue}/tasks", {"task": task})


@pytest.fixture
async def server() -> AsyncIterator[Running]:
    """It knows where functions run, and has a queue for one of them."""
    async with running(functions_url=BASE, queue=QUEUE[1:]) as server:
        yield server


@pytest.fixture
async def client(server: Running) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(session, server.server.http_address)


def node_task(**more: Any) -> dict[str, Any]:
    """As firebase-admin for Node has it."""
    body = base64.b64encode(json.dumps({"data": {"name": "Ada"}}).encode()).decode()
    request = {
        "url": "",
        "oidcToken": {"serviceAccountEmail": ACCOUNT},
        "body": body,
        "headers": {"Content-Type": "application/json", "X-Own": "1"},
    }
    return {"httpRequest": request, "scheduleTime": LATER, **more}


def python_task(**more: Any) -> dict[str, Any]:
    """As firebase-admin for Python has it: what is not set is null."""
    task = node_task(name=None, dispatchDeadline=None, scheduleTime="2026-12-01T00:00:00.000000Z")
    return {**task, **more}


@pytest.mark.parametrize("task", [node_task(), python_task()])
async def test_a_task_is_added(client: Client, task: dict[str, Any]) -> None:
    """And is any other task from then on, with the function's URL, and without the token that nobody would check."""
    status, answer = await client.enqueue(task)

    assert status == 200
    name = answer["task"]["name"]
    assert name.startswith(f"{QUEUE}/tasks/")
    status, stored = await client.ask("GET", f"/v2{name}?responseView=FULL")
    assert status == 200
    request = stored["httpRequest"]
    assert request["url"] == f"{BASE}/demo/us-central1/greet"
    assert request["body"] == task["httpRequest"]["body"]
    assert (request["headers"]["Content-Type"], request["headers"]["X-Own"]) == ("application/json", "1")
    assert "oidcToken" not in request
    assert stored["scheduleTime"] == "2026-12-01T00:00:00Z"
    answer["task"]["name"] = name[1:]
    del stored["httpRequest"]["body"], stored["view"], answer["task"]["view"]
    assert answer == {"task": stored}


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_task_may_have_a_name(client: Client, slash: str) -> None:
    """With a slash before it or without, as its versions have it; the answer's has one. It is taken then."""
    task = node_task(name=f"{slash}{QUEUE[1:]}/tasks/t", dispatchDeadline="30s")

    status, answer = await client.enqueue(task)

    assert (status, answer["task"]["name"]) == (200, f"{QUEUE}/tasks/t")
    assert answer["task"]["dispatchDeadline"] == "30s"
    status, answer = await client.enqueue(task)
    assert (status, answer["error"]["status"]) == (409, "ALREADY_EXISTS")


async def test_a_url_is_kept(client: Client) -> None:
    """Of a task that has one."""
    task = node_task()
    task["httpRequest"]["url"] = "https://example.com/handler"

    status, answer = await client.enqueue(task)

    assert (status, answer["task"]["httpRequest"]["url"]) == (200, "https://example.com/handler")


async def test_what_is_unknown_is_passed_over(client: Client) -> None:
    """Nothing is refused that Firebase's own emulator takes."""
    task = node_task(metadata={"a": [1]})
    task["httpRequest"]["more"] = True

    assert (await client.ask("POST", f"{QUEUE}/tasks?key=k&x=1", {"task": task, "y": 1}))[0] == 200


async def test_a_task_is_deleted(client: Client) -> None:
    """Another time it is not there, which clients pass over."""
    await client.enqueue(node_task(name=f"{QUEUE[1:]}/tasks/t"))

    assert await client.ask("DELETE", f"{QUEUE}/tasks/t") == (200, {})

    status, answer = await client.ask("DELETE", f"{QUEUE}/tasks/t")
    assert (status, answer["error"]["status"]) == (404, "NOT_FOUND")


async def test_what_is_there_is_shown(client: Client) -> None:
    """As in v2."""
    await client.enqueue(node_task(name=f"{QUEUE[1:]}/tasks/t"))

    for path in (QUEUE, f"{QUEUE}/tasks/t", f"{QUEUE}/tasks?pageSize=5"):
        answer = await client.ask("GET", path)
        assert answer == await client.ask("GET", f"/v2{path}")
        assert answer[0] == 200


@pytest.mark.parametrize(
    ("task", "status", "message"),
    [
        ({}, 400, "Task.payload_type is not set."),
        (
            {"httpRequest": {"url": "ftp://a"}},
            400,
            "HttpTarget.url must start with 'http://' or 'https://'.",
        ),
        ({"httpRequest": {}, "name": "x"}, 400, "Task name must be formatted"),
    ],
)
async def test_a_wrong_task_is_refused(
    client: Client, task: dict[str, Any], status: int, message: str
) -> None:
    """In the words of Cloud Tasks, in an envelope that clients read."""
    code, answer = await client.enqueue(task)

    assert code == status
    assert answer["error"]["message"].startswith(message)


async def test_a_queue_must_be_there(client: Client) -> None:
    """Nothing makes one by the way."""
    status, answer = await client.enqueue(node_task(), f"{LOCATION}/queues/other")

    assert (status, answer["error"]["status"]) == (404, "NOT_FOUND")


async def test_without_a_base_a_task_needs_a_url() -> None:
    """Where functions run cannot be guessed; the refusal names the flag that says it."""
    async with running(queue=QUEUE[1:]) as server, aiohttp.ClientSession() as session:
        status, answer = await Client(session, server.server.http_address).enqueue(node_task())

    assert status == 400
    assert answer["error"]["message"].startswith("HttpRequest.url is required: ")
    assert "--functions-url" in answer["error"]["message"]


async def test_strict_takes_the_emulators_credential() -> None:
    """Any will do, but there must be one; no header says again what the path says."""
    task = node_task()
    task["httpRequest"]["url"] = "https://example.com/handler"
    async with running(strict="true", queue=QUEUE[1:]) as server, aiohttp.ClientSession() as session:
        client = Client(session, server.server.http_address)

        assert (await client.enqueue(task))[0] == 200
        status, _ = await client.ask("POST", f"{QUEUE}/tasks", {"task": task}, {"Authorization": ""})
        assert status == 401


BUNDLE: Final = {
    "rateLimits": {"maxConcurrentDispatches": 6, "maxDispatchesPerSecond": 2.5},
    "retryConfig": {
        "maxAttempts": 5,
        "maxRetrySeconds": 120,
        "minBackoffSeconds": 0.5,
        "maxBackoffSeconds": 60,
        "maxDoublings": 4,
    },
    "invoker": ["private"],
    "timeoutSeconds": 30,
    "retry": True,
    "defaultUri": f"{BASE}/demo/us-central1/greet",
}
"""What the functions emulator tells of a function."""


@pytest.mark.parametrize("queue", [QUEUE, f"{LOCATION}/queues/new"])
async def test_a_queue_is_configured(client: Client, queue: str) -> None:
    """Whether it is there or not."""
    status, answer = await client.ask("POST", queue, BUNDLE)

    assert status == 200
    assert answer == {
        "taskQueueConfig": {"rateLimits": BUNDLE["rateLimits"], "retryConfig": BUNDLE["retryConfig"]}
    }
    _, stored = await client.ask("GET", f"/v2{queue}")
    assert stored["name"] == queue[1:]
    assert stored["rateLimits"]["maxDispatchesPerSecond"] == 2.5
    assert stored["rateLimits"]["maxConcurrentDispatches"] == 6
    assert stored["retryConfig"] == {
        "maxAttempts": 5,
        "maxRetryDuration": "120s",
        "minBackoff": "0.500s",
        "maxBackoff": "60s",
        "maxDoublings": 4,
    }


@pytest.mark.parametrize("bundle", [{}, {"rateLimits": None, "retryConfig": {"maxRetrySeconds": None}}])
async def test_a_queue_has_firebase_defaults(client: Client, bundle: dict[str, Any]) -> None:
    """Also where it had other settings before."""
    await client.ask("POST", QUEUE, BUNDLE)

    _, answer = await client.ask("POST", QUEUE, bundle)

    assert answer["taskQueueConfig"] == {
        "rateLimits": {"maxDispatchesPerSecond": 500.0, "maxConcurrentDispatches": 1000},
        "retryConfig": {
            "maxAttempts": 3,
            "minBackoffSeconds": 0.1,
            "maxBackoffSeconds": 3600.0,
            "maxDoublings": 16,
        },
    }


@pytest.mark.parametrize(
    ("queue", "bundle"),
    [
        ("a_b", {}),
        ("q", {"rateLimits": {"maxConcurrentDispatches": 5001}}),
        ("q", {"rateLimits": {"maxDispatchesPerSecond": "NaN"}}),
        ("q", {"retryConfig": {"maxRetrySeconds": -1}}),
        ("q", {"retryConfig": {"minBackoffSeconds": "NaN"}}),
        ("q", {"retryConfig": {"maxBackoffSeconds": "Infinity"}}),
        ("q", {"retryConfig": {"maxBackoffSeconds": 1e300}}),
        ("q", {"retryConfig": {"maxAttempts": "many"}}),
    ],
)
async def test_wrong_settings_are_refused(client: Client, queue: str, bundle: dict[str, Any]) -> None:
    """By the rules of Cloud Tasks; no queue is made."""
    status, answer = await client.ask("POST", f"{LOCATION}/queues/{queue}", bundle)

    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert (await client.ask("GET", f"{LOCATION}/queues/q"))[0] == 404


@pytest.mark.parametrize(
    "text", ["127.0.0.1:5001", "ftp://a", "http://", "http://a:x", "http://a?b", "http://a b"]
)
async def test_what_is_no_base_keeps_the_server_from_starting(text: str) -> None:
    """With one line that says which it is."""
    with pytest.raises(SettingsError) as refused:
        async with running(functions_url=text):
            raise AssertionError("it has started")

    assert str(refused.value) == f"the test: {text!r} is no URL of functions, such as http://127.0.0.1:5001"
