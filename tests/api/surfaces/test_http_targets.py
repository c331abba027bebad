"""A queue's HTTP target, through every version and transport: what it does to requests, updates, refusals."""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.api.surfaces.dialect import Document
from tests.api.surfaces.http_targets import (
    MASKED,
    OIDC,
    OTHER,
    REFUSED,
    SENT,
    UPDATED,
    WHOLE,
    Sent,
    Updated,
    uri,
)
from tests.api.surfaces.surface import Refused, Surface

import taskweir.testing
from taskweir.testing import Clock, Handler, Request, Server


@pytest.fixture(scope="module")
def one_handler() -> Iterator[Handler]:
    with taskweir.testing.Handler() as handler:
        yield handler


@pytest.fixture
def handler(one_handler: Handler) -> Iterator[Handler]:
    yield one_handler
    one_handler.clear()


@pytest.fixture
def queue(surface: Surface, parent: str) -> Iterator[str]:
    """A paused one. It is deleted in the end, so that its tasks are tried no more when other tests move the clock."""
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue={"name": name})
    surface.ask("pause_queue", name=name)
    yield name
    surface.ask("delete_queue", name=name)


def at(handler: Handler, document: Any) -> Any:
    """With the handler's port."""
    return json.loads(json.dumps(document).replace("PORT", handler.url("/").rpartition(":")[2].strip("/")))


def set_target(surface: Surface, queue: str, target: Mapping[str, Any] | None) -> Document:
    """By the mask that names the message alone."""
    document = {"name": queue} if target is None else {"name": queue, "http_target": dict(target)}
    return surface.ask("update_queue", queue=document, update_mask=["http_target"])


def own_headers(request: Request) -> dict[str, str]:
    """Those that not every request has."""
    common = ("host", "user-agent", "content-length")
    return {
        name: value
        for name, value in request.headers.items()
        if name.lower() not in common and not name.lower().startswith("x-cloudtasks-")
    }


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.what)
def test_a_task_that_is_there_goes_out_as_the_queue_says(
    surface: Surface, queue: str, handler: Handler, case: Sent
) -> None:
    """The task shows what it was created with all the same."""
    request = {"url": case.url, **case.request}
    task = {"name": f"{queue}/tasks/t", "http_request": at(handler, request)}
    created = surface.ask("create_task", parent=queue, task=task, response_view="FULL")
    target = at(handler, case.target)

    shown = set_target(surface, queue, target)

    assert without_defaults(shown["http_target"]) == without_defaults(target)
    assert surface.ask("get_task", name=created["name"], response_view="FULL") == created
    surface.ask("resume_queue", name=queue)
    (came,) = handler.wait_for()
    assert f"{came.method} {came.target}" == case.line
    assert own_headers(came) == case.headers
    assert came.body == case.body
    assert came.headers["Host"] == at(handler, case.host)
    assert came.headers["User-Agent"] == "Google-Cloud-Tasks"
    assert came.headers["X-CloudTasks-TaskName"] == "t"
    has_length = came.method in ("POST", "PUT", "PATCH")
    assert came.headers.get("Content-Length") == (str(len(case.body)) if has_length else None)


def without_defaults(target: Document) -> Document:
    """A mode of no kind is not shown."""
    target = json.loads(json.dumps(target))
    override = target.get("uri_override", {})
    if override.get("uri_override_enforce_mode", "").endswith("UNSPECIFIED"):
        del override["uri_override_enforce_mode"]
    return target


@pytest.mark.parametrize("scheme", ["HTTPS", "SCHEME_UNSPECIFIED"])
def test_a_scheme_that_is_given_and_not_specified_is_https(
    surface: Surface, queue: str, handler: Handler, server: Server, scheme: str
) -> None:
    """Nothing comes in the clear: the handler has no TLS."""
    set_target(surface, queue, uri(scheme=scheme))
    task = surface.ask("create_task", parent=queue, task={"http_request": {"url": handler.url("/")}})
    surface.ask("resume_queue", name=queue)
    server.wait_idle(queue)
    (attempt,) = server.attempts(task["name"])
    assert attempt.status is None
    assert "SSL" in attempt.error
    assert handler.requests == []


def test_run_task_sends_as_the_queue_says(surface: Surface, queue: str, handler: Handler) -> None:
    """Also while the queue is paused."""
    set_target(surface, queue, {**uri(path="/its"), "http_method": "PUT"})
    task = surface.ask("create_task", parent=queue, task={"http_request": {"url": handler.url("/own")}})

    surface.ask("run_task", name=task["name"])

    (came,) = handler.wait_for()
    assert (came.method, came.target) == ("PUT", "/its")


def test_a_retry_goes_where_the_queue_says_by_then(
    surface: Surface, queue: str, handler: Handler, server: Server, clock: Clock
) -> None:
    """What the target is when it is sent counts."""
    handler.answers(500)
    surface.ask("resume_queue", name=queue)
    surface.ask("create_task", parent=queue, task={"http_request": {"url": handler.url("/own")}})
    handler.wait_for()
    server.wait_idle(queue)
    set_target(surface, queue, uri(path="/its"))
    clock.advance(minutes=10)
    assert [request.target for request in handler.requests] == ["/own", "/its"]


def test_an_app_engine_task_is_not_an_http_target_s_affair(
    surface: Surface, queue: str, handler: Handler, server: Server
) -> None:
    """It has no URL to override: it goes nowhere, since nothing says where the application is."""
    set_target(surface, queue, at(handler, uri(scheme="HTTP", host="127.0.0.1", port="PORT")))
    task = surface.ask("create_task", parent=queue, task={"app_engine_http_request": {"relative_uri": "/"}})
    surface.ask("run_task", name=task["name"])
    surface.ask("resume_queue", name=queue)
    server.wait_idle(queue)
    (attempt,) = server.attempts(task["name"])
    assert "App Engine service default" in attempt.error
    assert handler.requests == []


@pytest.mark.parametrize("path", MASKED)
def test_a_mask_sets_or_clears_what_it_names(surface: Surface, queue: str, path: str) -> None:
    """And nothing else of the target: with another that is given, with none, and with an empty one."""
    for given in (OTHER, None, {}):
        set_target(surface, queue, WHOLE)
        document = {"name": queue} if given is None else {"name": queue, "http_target": given}
        request = {"queue": document, "update_mask": [f"http_target.{path}"]}
        if not given and path.startswith("oidc_token."):
            part = {"audience": "audience", "service_account_email": "serviceAccountEmail"}[path[11:]]
            refused = Refused(400, f"OidcToken.{part} is required.")
            assert surface.refusal("update_queue", **request) == refused
        else:
            shown = surface.ask("update_queue", **request)["http_target"]
            assert shown == changed(WHOLE, path.split("."), given or {})


def changed(before: Any, names: list[str], given: Any) -> Document:
    """By the law of masks: what the path names is as it is given, or gone. What that leaves empty is gone too, unless
    it is given so: no path at all is not an empty one."""
    name, *rest = names
    after = {key: value for key, value in before.items() if key != name}
    if not rest:
        return {**after, name: given[name]} if name in given else after
    inner = changed(before.get(name, {}), rest, given.get(name, {}))
    return {**after, name: inner} if inner or name in given else after


@pytest.mark.parametrize("case", UPDATED, ids=lambda case: case.what)
def test_an_update_makes_of_a_target(surface: Surface, queue: str, case: Updated) -> None:
    """What several paths, or none below it, say together."""
    set_target(surface, queue, case.before)
    document = {"name": queue} if case.given is None else {"name": queue, "http_target": case.given}
    mask = [f"http_target.{path}" if path else "http_target" for path in case.paths]

    shown = surface.ask("update_queue", queue=document, update_mask=mask)

    after = (
        None if case.after is None else {key: value for key, value in case.after.items() if value is not None}
    )
    assert shown.get("http_target") == after
    assert surface.ask("get_queue", name=queue) == shown


def test_a_bad_target_is_refused(surface: Surface, parent: str, queue: str) -> None:
    """To a new queue and to one that is there, with and without a mask; which then is as it was."""
    before = surface.ask("get_queue", name=queue)
    for case in REFUSED:
        refused = Refused(400, case.says)
        new = {"name": f"{parent}/queues/new", "http_target": case.target}
        old = {"name": queue, "http_target": case.target}
        assert surface.refusal("create_queue", parent=parent, queue=new) == refused, case.what
        assert surface.refusal("update_queue", queue=old) == refused, case.what
        assert surface.refusal("update_queue", queue=old, update_mask=["http_target"]) == refused, case.what
    assert surface.every("list_queues", parent=parent) == [before]


def test_tokens_of_a_queue_go_before_a_task_s(
    surface: Surface, queue: str, handler: Handler, server: Server
) -> None:
    """The caller's own Authorization gives way, in a header or in the URL; the task shows its own."""
    set_target(surface, queue, {"oidc_token": OIDC})
    request = {
        "url": handler.url("/own").replace("//", "//user:secret@"),
        "headers": {"authorization": "mine"},
        "oauth_token": {"service_account_email": "me@example.com", "scope": "s"},
    }
    task = surface.ask("create_task", parent=queue, task={"http_request": request})
    assert task["http_request"]["oauth_token"] == request["oauth_token"]
    surface.ask("resume_queue", name=queue)
    (came,) = handler.wait_for()
    (authorization,) = came.headers.all("Authorization")
    assert authorization.startswith("Bearer ey")


@pytest.mark.parametrize("task_id", ["", "/t"], ids=["without an id", "with an id"])
def test_a_buffered_request_goes_out_as_the_queue_says(
    surface: Surface, queue: str, handler: Handler, server: Server, task_id: str
) -> None:
    """BufferTask, which is there over HTTP alone, in every version."""
    target = {
        **uri(scheme="HTTP", host="127.0.0.1", port="PORT", path="/its", query="q=1"),
        "http_method": "PUT",
        "header_overrides": [{"header": {"key": "x-own", "value": "2"}}],
    }
    set_target(surface, queue, at(handler, target))
    call = urllib.request.Request(
        f"http://{server.http_address}/{surface.version}/{queue}/tasks{task_id}:buffer",
        b"\x00raw",
        {"X-Own": "1", "Content-Type": "a/b", "X-Kept": "y", "Accept": "*/*"},
    )
    with urllib.request.urlopen(call) as reply:
        task = json.load(reply)["task"]
    assert task["name"].startswith(f"{queue}/tasks{task_id}")
    surface.ask("resume_queue", name=queue)
    (came,) = handler.wait_for()
    assert (came.method, came.target, came.body) == ("PUT", "/its?q=1", b"\x00raw")
    sent = own_headers(came)
    assert (sent["x-own"], sent["Content-Type"], sent["X-Kept"]) == ("2", "a/b", "y")
    assert "X-Own" not in sent
