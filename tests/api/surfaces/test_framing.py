"""Headers that would break a request's framing are refused when they are given, through every version and dialect."""

import base64
import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.api.surfaces.dialect import Document
from tests.api.surfaces.every_surface import of
from tests.api.surfaces.surface import Surface

from taskweir.testing import Server

URL = "http://127.0.0.1:9/"
BREAKING: list[tuple[Mapping[str, str], str]] = [
    ({"X-A": "b\r\nX-Evil: 1"}, 'invalid value for header "X-A"'),
    ({"X-A": "b\r"}, 'invalid value for header "X-A"'),
    ({"X-A": "b\x00"}, 'invalid value for header "X-A"'),
    ({"X-A\r\nX-Evil": "1"}, "invalid header name"),
    ({"X-A:": "1"}, "invalid header name"),
    ({"": "1"}, "invalid header name"),
    ({"X-\u00c9": "1"}, "invalid header name"),
]
breaking = pytest.mark.parametrize(("headers", "reason"), BREAKING)


@pytest.fixture
def queue(surface: Surface, parent: str) -> str:
    """A paused queue, so that tasks stay."""
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue={"name": name})
    surface.ask("pause_queue", name=name)
    return name


@pytest.mark.parametrize("kind", ["http_request", "app_engine_http_request"])
@breaking
def test_a_task_with_such_a_header_is_refused(
    surface: Surface, queue: str, kind: str, headers: Mapping[str, str], reason: str
) -> None:
    """And is not there."""
    where: Document = {"url": URL} if kind == "http_request" else {"relative_uri": "/"}
    refusal = surface.refusal("create_task", parent=queue, task={kind: {**where, "headers": dict(headers)}})
    assert refusal.status == 400
    assert reason in refusal.message
    assert surface.every("list_tasks", parent=queue) == []


@breaking
def test_a_queue_with_such_an_override_is_refused(
    surface: Surface, queue: str, headers: Mapping[str, str], reason: str
) -> None:
    """At its creation and at an update: it would be in every request of the queue."""
    overrides = [{"header": {"key": name, "value": value}} for name, value in headers.items()]
    target = {"uri_override": {"host": "a.test"}, "header_overrides": overrides}
    parent = queue.rpartition("/queues/")[0]
    for refusal in (
        surface.refusal("create_queue", parent=parent, queue={"name": f"{queue}2", "http_target": target}),
        surface.refusal("update_queue", queue={"name": queue, "http_target": target}),
    ):
        assert refusal.status == 400
        assert reason in refusal.message
    assert "http_target" not in surface.ask("get_queue", name=queue)


@of("v2", "v2beta3")
@breaking
def test_a_batch_leaves_such_a_task_out(
    surface: Surface, queue: str, headers: Mapping[str, str], reason: str
) -> None:
    """The others are created; the refusal is told by its place."""
    tasks: list[Document] = [
        {"http_request": {"url": URL, "headers": dict(headers)}},
        {"name": f"{queue}/tasks/good", "http_request": {"url": URL}},
    ]
    requests = [{"parent": queue, "task": task} for task in tasks]
    operation = surface.answer("batch_create_tasks", {"parent": queue, "requests": requests})
    metadata = surface.document(operation.metadata)
    assert reason in json.dumps(metadata).replace('\\"', '"')
    assert [task["name"].rpartition("/")[2] for task in surface.every("list_tasks", parent=queue)] == ["good"]


@breaking
def test_firebase_s_dialect_refuses_them_too(
    server: Server, parent: str, headers: Mapping[str, str], reason: str
) -> None:
    """Its clients send JSON, in which a line end is easily written."""
    server.client().create_queue(parent=parent, queue={"name": f"{parent}/queues/q"})
    body = base64.b64encode(b"{}").decode()
    task = {"task": {"httpRequest": {"url": URL, "body": body, "headers": dict(headers)}}}
    status, answer = post(server, f"/{parent}/queues/q/tasks", json.dumps(task).encode())
    assert status == 400
    assert reason in json.dumps(answer).replace('\\"', '"')


@pytest.mark.parametrize("value", [b"b\x00", b"b\rX-Evil: 1", b"b\nX-Evil: 1"])
def test_a_buffered_request_cannot_bring_them(server: Server, parent: str, value: bytes) -> None:
    """Its headers are those of the call itself: what breaks that one is refused, or is a header of its own."""
    queue = f"{parent}/queues/q"
    client = server.client()
    target = {"uri_override": {"host": "127.0.0.1", "port": 9, "scheme": "HTTP"}}
    client.create_queue(parent=parent, queue={"name": queue, "http_target": target})
    client.pause_queue(name=queue)
    status = raw_status(server, f"/v2/{queue}/tasks:buffer", b"X-A: " + value)
    kept = [
        f"{name}: {text}"
        for task in client.list_tasks(request={"parent": queue, "response_view": "FULL"})
        for name, text in task.http_request.headers.items()
    ]
    assert status == 400 or kept
    assert not any(character in header for header in kept for character in "\r\n\x00")


def post(server: Server, path: str, body: bytes) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(server.http_address, timeout=10)
    try:
        headers = {"Content-Type": "application/json", "Authorization": "Bearer owner"}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def raw_status(server: Server, path: str, header: bytes) -> int:
    """Of a request with exactly these bytes in it."""
    place = urlsplit(f"//{server.http_address}")
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: {server.http_address}\r\nConnection: close\r\nContent-Length: 0\r\n"
        connection.sendall(head.encode() + header + b"\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    return int(answer.split(b" ", 2)[1])
