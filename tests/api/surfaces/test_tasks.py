"""Tasks: the same through every version and transport."""

from base64 import b64encode
from typing import Any

import pytest
from google.api_core import exceptions
from tests.api.surfaces.dialect import Document
from tests.api.surfaces.every_surface import NOW, of
from tests.api.surfaces.surface import Refused, Surface

from taskweir.testing import Clock

URL = "http://127.0.0.1:9/job"
LATER = "2026-12-01T08:30:15.250001Z"
CREATED = "2026-11-22T12:00:00Z"
BODY = b64encode(bytes(range(256))).decode()
NOT_FOUND = "Requested entity was not found."
GONE = (
    "The task no longer exists, though a task with this name existed recently. "
    "The task either successfully completed or was deleted."
)
USED = (
    "The task cannot be created because a task with this name existed too recently. For more information about task "
    "de-duplication see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create"
    "#body.request_body.FIELDS.task."
)


@pytest.fixture
def queue(surface: Surface, parent: str) -> str:
    """A paused queue, so that tasks stay."""
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue={"name": name})
    surface.ask("pause_queue", name=name)
    return name


def http_task(name: str = "", **fields: Any) -> Document:
    return {"name": name, "schedule_time": LATER, "http_request": {"url": URL, "body": BODY, **fields}}


def create(surface: Surface, queue: str, task: Document, view: str = "FULL") -> Document:
    return surface.ask("create_task", parent=queue, task=task, response_view=view)


def test_an_http_task_is_echoed_with_its_defaults(surface: Surface, queue: str) -> None:
    """Method, deadline and User-Agent are filled in; no content type is invented; names keep their case."""
    task = create(surface, queue, http_task(f"{queue}/tasks/t", headers={"X-My-Header": "ü"}))

    headers = {"X-My-Header": "ü", "User-Agent": "Google-Cloud-Tasks"}
    assert task == surface.dialect.shown_task(
        {
            "name": f"{queue}/tasks/t",
            "http_request": {"url": URL, "http_method": "POST", "headers": headers, "body": BODY},
            "schedule_time": LATER,
            "create_time": CREATED,
            "dispatch_deadline": "600s",
            "view": "FULL",
        }
    )
    assert surface.ask("get_task", name=task["name"], response_view="FULL") == task
    assert surface.every("list_tasks", parent=queue, response_view="FULL") == [task]


def test_an_app_engine_task_is_echoed_with_its_defaults(surface: Surface, parent: str, queue: str) -> None:
    """Path, host, length and content type are filled in, and no deadline."""
    request = {"app_engine_routing": {"service": "worker"}, "body": BODY}

    task = create(surface, queue, {"app_engine_http_request": request, "schedule_time": LATER})

    project = parent.split("/")[1]
    assert task == {
        "name": task["name"],
        "app_engine_http_request": {
            "http_method": "POST",
            "app_engine_routing": {"service": "worker", "host": f"worker.{project}.appspot.com"},
            "relative_uri": "/",
            "headers": {
                "User-Agent": "AppEngine-Google; (+http://code.google.com/appengine)",
                "Content-Length": "256",
                "Content-Type": "application/octet-stream",
            },
            "body": BODY,
        },
        "schedule_time": LATER,
        "create_time": CREATED,
        "view": "FULL",
    }
    assert surface.ask("get_task", name=task["name"], response_view="FULL") == task


@pytest.mark.parametrize(
    "token",
    [
        {"oauth_token": {"service_account_email": "me@example.com", "scope": "s"}},
        {"oidc_token": {"service_account_email": "me@example.com", "audience": "a"}},
    ],
    ids=["OAuth", "OIDC"],
)
def test_tokens_and_methods_are_echoed(surface: Surface, queue: str, token: Document) -> None:
    """The one that was given."""
    request = create(surface, queue, http_task(http_method="PATCH", **token))["http_request"]

    headers = {"User-Agent": "Google-Cloud-Tasks"}
    assert request == {"url": URL, "http_method": "PATCH", "headers": headers, "body": BODY, **token}


@of("v2", "v2beta3")
def test_a_deadline_and_a_retry_config_are_echoed(surface: Surface, queue: str) -> None:
    """Cut to what each keeps: the deadline to milliseconds, the retry duration to seconds."""
    retry = {"max_attempts": 3, "min_backoff": "0.250s", "max_backoff": "2s", "max_doublings": 1}
    task = http_task()
    task |= {"dispatch_deadline": "20.001999s", "retry_config": {**retry, "max_retry_duration": "5.900s"}}

    answer = create(surface, queue, task)

    assert answer["dispatch_deadline"] == "20.001s"
    assert answer["retry_config"] == {**retry, "max_retry_duration": "5s"}


@pytest.mark.parametrize("view", ["VIEW_UNSPECIFIED", "BASIC"])
@pytest.mark.parametrize("kind", ["http_request", "app_engine_http_request"])
def test_the_basic_view_leaves_out_the_body_and_nothing_else(
    surface: Surface, queue: str, view: str, kind: str
) -> None:
    """In every method that answers a task; it is the view unless another is asked for."""
    request = {"url": URL} if kind == "http_request" else {"relative_uri": "/job"}
    task = {"schedule_time": LATER, kind: {**request, "headers": {"A": "b"}, "body": BODY}}

    full = create(surface, queue, {**task, "name": f"{queue}/tasks/full"})
    basic = create(surface, queue, {**task, "name": f"{queue}/tasks/basic"}, view)

    assert full[kind].pop("body") == BODY
    full["view"] = "BASIC"
    assert basic == {**full, "name": basic["name"]}
    assert surface.ask("get_task", name=full["name"], response_view=view) == full
    listed = surface.every("list_tasks", parent=queue, response_view=view)
    assert sorted(listed, key=lambda one: str(one["name"])) == [basic, full]


def test_a_task_without_a_name_gets_a_number(surface: Surface, queue: str) -> None:
    """A long decimal one."""
    parent, _, task_id = create(surface, queue, http_task())["name"].rpartition("/")

    assert parent == f"{queue}/tasks"
    assert task_id.isdecimal()
    assert len(task_id) >= 17


@pytest.mark.parametrize("given", [{}, {"schedule_time": "1999-01-01T00:00:00Z"}], ids=["unset", "past"])
def test_a_task_is_due_now_at_the_earliest(surface: Surface, queue: str, given: Document) -> None:
    """Its schedule time has microseconds, its time of creation whole seconds."""
    answer = create(surface, queue, {"http_request": {"url": URL}, **given})

    assert (answer["schedule_time"], answer["create_time"]) == (NOW, CREATED)


def test_a_task_too_far_ahead_is_refused(surface: Surface, queue: str) -> None:
    """Its time is told in US Pacific time."""
    task = {**http_task(), "schedule_time": "2100-01-01T00:00:00Z"}

    assert surface.refusal("create_task", parent=queue, task=task) == Refused(
        400,
        "The Task.scheduleTime, 2099-12-31T16:00:00-08:00, is too far in the future. "
        "Schedule time must be no more than 720h in the future.",
    )


def test_tasks_come_in_pages(surface: Surface, queue: str) -> None:
    """The client follows the tokens, and every task comes once."""
    for number in range(5):
        create(surface, queue, http_task(f"{queue}/tasks/t{number}"))

    pages = surface.pages("list_tasks", parent=queue, page_size=2)

    assert [[task["name"][-2:] for task in page] for page in pages] == [["t0", "t1"], ["t2", "t3"], ["t4"]]


def test_a_page_token_of_another_queue_is_refused(surface: Surface, parent: str, queue: str) -> None:
    """It goes on from where it was given."""
    for _ in range(2):
        create(surface, queue, http_task())
    token = surface.answer("list_tasks", {"parent": queue, "page_size": 1}).next_page_token
    other = f"{parent}/queues/other"
    surface.ask("create_queue", parent=parent, queue={"name": other})

    assert surface.refusal("list_tasks", parent=other, page_size=1, page_token=token) == Refused(
        400, "The page token is invalid, or belongs to another request."
    )


def test_a_deleted_task_is_gone(surface: Surface, queue: str) -> None:
    """And says that it was there."""
    name = create(surface, queue, http_task())["name"]

    assert surface.ask("delete_task", name=name) == {}

    for method in ("get_task", "delete_task", "run_task"):
        assert surface.refusal(method, name=name) == Refused(404, GONE)
        assert surface.refusal(method, name=f"{queue}/tasks/never") == Refused(404, NOT_FOUND)
    with pytest.raises(exceptions.NotFound):
        surface.ask("get_task", name=name)


def test_a_used_name_is_blocked_for_an_hour(surface: Surface, queue: str, clock: Clock) -> None:
    """Then it is free again."""
    task = {"name": f"{queue}/tasks/t", "http_request": {"url": URL}}
    surface.ask("create_task", parent=queue, task=task)
    conflict = surface.refusal("create_task", parent=queue, task=task)
    surface.ask("delete_task", name=task["name"])

    assert conflict == Refused(409, "Requested entity already exists")
    clock.advance(hours=1, seconds=-1)
    assert surface.refusal("create_task", parent=queue, task=task) == Refused(409, USED)
    clock.advance(seconds=1)
    surface.ask("create_task", parent=queue, task=task)


def test_a_task_is_made_in_the_queue_that_it_names(surface: Surface, parent: str, queue: str) -> None:
    """In no other, and in none that is not there."""
    other = f"{parent}/queues/other"
    assert surface.refusal("create_task", parent=queue, task=http_task(f"{other}/tasks/t")) == Refused(
        400,
        f"The queue name from request ('{queue}') must be the same as the queue name "
        f"in the named task ('{other}').",
    )
    assert surface.refusal("create_task", parent=other, task=http_task()) == Refused(
        404,
        "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize.",
    )


@pytest.mark.parametrize("view", ["BASIC", "FULL"])
def test_a_run_is_answered_as_the_attempt_begins(surface: Surface, queue: str, view: str) -> None:
    """Even in a paused queue: the attempt is counted, and has no response yet."""
    task = create(surface, queue, http_task(), view)

    run = surface.ask("run_task", name=task["name"], response_view=view)

    began = {"dispatch_time": NOW}
    task |= {"schedule_time": NOW, "dispatch_count": 1, "first_attempt": began}
    task["last_attempt"] = {**began, "schedule_time": run["last_attempt"]["schedule_time"]}
    assert run == task


def test_an_attempt_that_failed_is_told(surface: Surface, queue: str, clock: Clock) -> None:
    """With its answer, by the names of the version; without one there is no response to count."""
    name = create(surface, queue, http_task())["name"]
    surface.ask("run_task", name=name)
    clock.advance(seconds=0)  # which waits for what is in flight

    task = surface.ask("get_task", name=name)

    assert (task["dispatch_count"], task.get("response_count", 0)) == (1, 0)
    assert task["first_attempt"] == {"dispatch_time": NOW}
    assert {name: task["last_attempt"][name] for name in ("dispatch_time", "response_time")} == {
        "dispatch_time": NOW,
        "response_time": NOW,
    }
    assert task["last_attempt"]["response_status"] == {
        "code": 2,
        "message": "UNKNOWN(2): HTTP status code 0",
    }
    assert task["schedule_time"] == "2026-11-22T12:00:00.223456Z"


@pytest.mark.parametrize(
    ("task", "status", "message"),
    [
        ({}, 400, "Task.payload_type is not set."),
        ({"http_request": {}}, 400, "HttpRequest.url is required."),
        (
            {"http_request": {"url": "ftp://x"}},
            400,
            "HttpTarget.url must start with 'http://' or 'https://'.",
        ),
        (
            {"http_request": {"url": URL, "http_method": "GET", "body": BODY}},
            400,
            "HttpRequest.body can only be set for the HTTP methods POST, PUT and PATCH.",
        ),
        (
            {"http_request": {"url": URL, "body": b64encode(bytes(2**20)).decode()}},
            400,
            "Task size too large",
        ),
        (
            {"http_request": {"url": URL, "oidc_token": {"service_account_email": "a" * 2_084}}},
            400,
            "OidcToken.serviceAccountEmail must be at most 2083 characters.",
        ),
        (
            {
                "http_request": {
                    "url": URL,
                    "oidc_token": {"service_account_email": "a@b", "audience": "a" * 2_084},
                }
            },
            400,
            "OidcToken.audience must be at most 2083 characters.",
        ),
        (
            {
                "http_request": {
                    "url": URL,
                    "oauth_token": {"service_account_email": "a@b", "scope": "a" * 2_084},
                }
            },
            400,
            "OAuthToken.scope must be at most 2083 characters.",
        ),
    ],
    ids=[
        "no target",
        "no url",
        "another scheme",
        "a body that cannot be sent",
        "too large",
        "a long account",
        "a long audience",
        "a long scope",
    ],
)
def test_what_is_wrong_with_a_task_is_told(
    surface: Surface, queue: str, task: Document, status: int, message: str
) -> None:
    """In the same words, as the client's exception for it."""
    with pytest.raises(exceptions.BadRequest):
        surface.ask("create_task", parent=queue, task=task)
    assert surface.refusal("create_task", parent=queue, task=task) == Refused(status, message)


def test_a_bad_id_brings_a_link(surface: Surface, queue: str) -> None:
    """To the documentation of task ids."""
    refusal = surface.refusal("create_task", parent=queue, task=http_task(f"{queue}/tasks/not valid"))

    assert refusal.status == 400
    assert refusal.message.startswith('Task ID "not valid" can contain only letters')
    assert refusal.details[0]["links"][0]["description"] == "Definition of task ID"
