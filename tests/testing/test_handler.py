"""The recording handler, called by a plain HTTP client."""

import asyncio
import http.client
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from taskweir.testing import Answer, Handler, NotCalled


@pytest.fixture
def handler() -> Iterator[Handler]:
    """A handler."""
    with Handler() as handler:
        yield handler


class Caller:
    """A client with one connection, which stays open."""

    def __init__(self, handler: Handler) -> None:
        host = handler.url().removeprefix("http://").rstrip("/")
        self.connection = http.client.HTTPConnection(host, timeout=20)

    def call(self, path: str = "/", method: str = "POST", body: bytes = b"", **headers: str) -> int:
        return self.answer(path, method, body, **headers)[0]

    def answer(
        self, path: str = "/", method: str = "POST", body: bytes = b"", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, named)
        with self.connection.getresponse() as response:
            return response.status, response.read(), dict(response.getheaders())


@pytest.fixture
def caller(handler: Handler) -> Iterator[Caller]:
    """A client of the handler."""
    caller = Caller(handler)
    yield caller
    caller.connection.close()


def test_what_came_is_kept(handler: Handler, caller: Caller) -> None:
    """In the order of arrival, over one connection."""
    caller.call("/mail?to=ada&to=bob&x=", body=b'{"a": 1}', Content_Type="application/json")
    connection = caller.connection.sock
    caller.call("//second//?a", "PUT")
    assert caller.connection.sock is connection
    first, second = handler.requests
    assert (first.method, first.target, first.path) == ("POST", "/mail?to=ada&to=bob&x=", "/mail")
    assert first.query == {"to": ["ada", "bob"], "x": [""]}
    assert first.headers["content-type"] == "application/json"
    assert first.json() == {"a": 1}
    assert (second.method, second.target, second.path, second.body) == (
        "PUT",
        "//second//?a",
        "//second//",
        b"",
    )


@pytest.mark.parametrize("product", ["CloudTasks", "AppEngine"])
def test_what_a_task_says_of_itself_is_read(product: str, handler: Handler, caller: Caller) -> None:
    """Of either kind of target; without it there is nothing to read."""
    headers = {
        f"X_{product}_TaskName": "t",
        f"X_{product}_QueueName": "q",
        f"X_{product}_TaskRetryCount": "3",
    }
    caller.call(**headers)
    caller.call()
    task, plain = handler.requests
    assert (task.task_id, task.queue_id, task.retry_count) == ("t", "q", 3)
    assert (plain.task_id, plain.queue_id, plain.retry_count) == ("", "", 0)


def test_answers_come_in_order_and_then_200(handler: Handler, caller: Caller) -> None:
    """Statuses, whole answers, and functions of the request."""
    handler.answers(503, (404, "gone"), lambda request: len(request.body), Answer(201, b"x", {"X-Mine": "1"}))
    assert caller.call() == 503
    assert caller.answer()[:2] == (404, b"gone")
    assert caller.call(body=b"x" * 418) == 418
    status, body, headers = caller.answer()
    assert (status, body, headers["X-Mine"]) == (201, b"x", "1")
    assert caller.call() == 200


def test_a_path_has_a_script_of_its_own(handler: Handler, caller: Caller) -> None:
    """Which comes before that of all."""
    handler.answers(501)
    handler.answers(502, path="/a")
    handler.always(503, path="/a")
    handler.always(504)
    assert [caller.call(path) for path in ("/a?x=1", "/a", "/a", "/b")] == [502, 501, 503, 504]


def test_paths_that_are_called_leave_nothing_behind(handler: Handler, caller: Caller) -> None:
    """But the requests themselves."""
    for number in range(3):
        caller.call(f"/{number}")
    assert handler._scripts == {}


def broken(_request: object) -> int:
    raise ZeroDivisionError("a bug")


def failing(_request: object) -> int:
    pytest.fail("not this one")


async def asynchronous(_request: object) -> int:
    return 200


def given_late(request: object) -> Any:
    return asynchronous(request)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (broken, "ZeroDivisionError: a bug"),
        (failing, "Failed: not this one"),
        (lambda _request: pytest.skip("not today"), "Skipped: not today"),
        (lambda _request: None, "TypeError: an answer's status is a whole number from 200 to 599, not None"),
        (lambda _request: (200, {"a": 1}), "TypeError: an answer's body is bytes or text, not {'a': 1}"),
        (given_late, "TypeError: a script runs in the handler's thread"),
    ],
)
def test_a_script_that_gives_no_answer_answers_500_and_says_why(
    handler: Handler, caller: Caller, script: Any, reason: str
) -> None:
    """In what the server keeps of the attempt, and to the test."""
    handler.answers(script)
    status, body, _headers = caller.answer()
    assert status == 500
    assert body.decode().startswith(reason)
    (error,) = handler.errors
    assert f"{type(error).__name__}: {error}" == body.decode()
    assert caller.call() == 200
    handler.clear()
    assert handler.errors == []


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda: None, "status"),
        (lambda: "503", "status"),
        (lambda: True, "status"),
        (lambda: 199, "status .* not 199"),
        (lambda: 600, "status .* not 600"),
        (lambda: (200, None), "body"),
        (lambda: (200, "x", "y"), "status"),
        (lambda: Answer(204, b"x"), "204 has no body"),
        (lambda: Answer(headers={"X": 5}), "header .* 'X': 5"),  # type: ignore[dict-item]
        (lambda: Answer(headers={"X": "a\nb"}), "header"),
        (lambda: Answer(headers={"X": "\u20ac"}), "header"),
        (lambda: Answer(delay=-1), "delay"),
        (lambda: asynchronous, "plain function"),
    ],
)
def test_what_is_no_answer_is_refused_where_it_is_given(handler: Handler, make: Any, refusal: str) -> None:
    """Rather than in the middle of a test, in another thread."""
    with pytest.raises((TypeError, ValueError), match=refusal):
        handler.answers(200, make())
    with pytest.raises((TypeError, ValueError), match=refusal):
        handler.always(make())
    assert (handler._scripts, handler._always) == ({}, {})


def test_what_is_forgotten_is_gone(handler: Handler, caller: Caller) -> None:
    """Requests, scripts and standing answers."""
    handler.answers(503, 503)
    handler.always(503)
    caller.call()
    handler.clear()
    assert handler.requests == []
    assert caller.call() == 200


def test_a_dropped_connection_gives_no_answer(handler: Handler, caller: Caller) -> None:
    """But the request came."""
    handler.answers(Answer(drop=True))
    with pytest.raises(http.client.RemoteDisconnected):
        caller.call()
    assert len(handler.requests) == 1


def test_an_answer_hangs_until_it_is_released(handler: Handler, caller: Caller) -> None:
    """Other connections are answered meanwhile."""
    handler.answers(Answer(202, hang=True))
    with ThreadPoolExecutor() as pool:
        hanging = pool.submit(caller.call)
        handler.wait_for(1)
        other = Caller(handler)
        assert other.call() == 200
        other.connection.close()
        assert not hanging.done()
        handler.release()
        assert hanging.result() == 202


def test_a_delayed_answer_can_be_released_too(handler: Handler, caller: Caller) -> None:
    """Else it comes after its time."""
    handler.answers(Answer(201, delay=0.001), Answer(202, delay=timedelta(hours=1)))
    assert caller.call() == 201
    with ThreadPoolExecutor() as pool:
        hanging = pool.submit(caller.call)
        handler.wait_for(2)
        handler.release()
        assert hanging.result() == 202


def test_closing_ends_what_hangs() -> None:
    """And no thread is left, nor is the port taken."""
    with Handler() as handler:
        handler.answers(Answer(hang=True))
        caller = Caller(handler)
        caller.connection.request("POST", "/")
        handler.wait_for(1)
    assert not [thread for thread in threading.enumerate() if "handler" in thread.name]
    with pytest.raises(ConnectionRefusedError):
        Caller(handler).call()
    caller.connection.close()
    handler.close()


def test_closing_does_not_wait_for_a_script_that_does_not_return(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which one still runs."""
    monkeypatch.setattr("taskweir.testing.http_thread._END", 0.01)
    go_on = threading.Event()

    def waiting(_request: object) -> int:
        go_on.wait()
        return 200

    handler = Handler()
    handler.answers(waiting)
    caller = Caller(handler)
    caller.connection.request("POST", "/mail")
    handler.wait_for(1)
    with pytest.warns(UserWarning, match=r"closed while scripts run: .*waiting for POST /mail"):
        handler.close()
    handler.close()
    go_on.set()
    caller.connection.close()


def test_no_handler_keeps_a_process_alive() -> None:
    """Not even one that is forgotten, with a connection on which a script hangs."""
    program = (
        "import http.client, threading, taskweir.testing\n"
        "handler = taskweir.testing.Handler()\n"
        "handler.answers(lambda request: threading.Event().wait())\n"
        "connection = http.client.HTTPConnection(handler.url()[7:-1])\n"
        "connection.request('POST', '/')\n"
        "handler.wait_for(1)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_another_address_can_be_named_and_listened_on() -> None:
    """For servers in containers; and one of IPv6 stands in brackets."""
    with Handler(host="handler.example", bind="127.0.0.1") as handler:
        assert handler.url("/a") == f"http://handler.example:{handler._http.port}/a"
        connection = http.client.HTTPConnection("127.0.0.1", handler._http.port, timeout=20)
        connection.request("POST", "/")
        assert connection.getresponse().status == 200
        connection.close()


def test_it_can_listen_on_ipv6() -> None:
    """Where the machine has it; the address stands in brackets."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    with Handler(host="::1") as handler:
        assert handler.url().startswith("http://[::1]:")
        caller = Caller(handler)
        assert caller.call() == 200
        caller.connection.close()


def test_waiting_ends_with_the_requests(handler: Handler, caller: Caller) -> None:
    """Those that are there count."""
    caller.call("/one")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(handler.wait_for, 2)
        caller.call("/two")
        assert [request.path for request in waiting.result()] == ["/one", "/two"]


async def test_coroutines_wait_without_stopping_the_loop(handler: Handler, caller: Caller) -> None:
    """In a coroutine, the blocking way is refused."""
    waiting = asyncio.create_task(handler.wait_for_async(2))
    await asyncio.to_thread(caller.call, "/one")
    await asyncio.to_thread(caller.call, "/two")
    assert [request.path for request in await waiting] == ["/one", "/two"]
    with pytest.raises(RuntimeError, match="wait_for_async"):
        handler.wait_for(1)


async def test_requests_that_do_not_come_are_an_assertion_that_fails(handler: Handler) -> None:
    """Which says how many came."""
    with pytest.raises(NotCalled, match=r"0 of 2 requests came within 0\.01 s"):
        await handler.wait_for_async(2, timeout=0.01)
    with pytest.raises(NotCalled, match=r"0 of 2 requests came within 0\.01 s"):
        await asyncio.to_thread(handler.wait_for, 2, timeout=0.01)


def test_no_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that hangs must not hold up a test."""

    def refused(*_arguments: object) -> str:
        raise AssertionError("a look-up")

    monkeypatch.setattr("socket.getfqdn", refused)
    with Handler() as handler:
        assert handler.url("a") == handler.url("/a")
