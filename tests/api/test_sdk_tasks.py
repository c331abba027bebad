"""Tasks through the official client."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2
from tests.api.running import NOW, Running

from taskweir.domain.times import HOUR, SECOND

PARENT = "projects/p/locations/us-central1"
QUEUE = f"{PARENT}/queues/q"
LATER = datetime(2026, 12, 1, 8, 30, 15, 250_001, tzinfo=UTC)
CREATED = datetime(2026, 11, 22, 12, tzinfo=UTC)

Client = tasks_v2.CloudTasksAsyncClient
Full = tasks_v2.Task.View.FULL
Basic = tasks_v2.Task.View.BASIC


@pytest.fixture(autouse=True)
async def queue(client: Client) -> None:
    """A paused queue, so that tasks stay."""
    await client.create_queue(parent=PARENT, queue=tasks_v2.Queue(name=QUEUE))
    await client.pause_queue(name=QUEUE)


def http_task(task_id: str = "", **fields: Any) -> tasks_v2.Task:
    request = {"url": "http://localhost/job", "body": b"hello"} | fields
    name = f"{QUEUE}/tasks/{task_id}" if task_id else ""
    return tasks_v2.Task(name=name, schedule_time=LATER, http_request=request)


async def create(client: Client, task: tasks_v2.Task, view: tasks_v2.Task.View = Full) -> tasks_v2.Task:
    request = tasks_v2.CreateTaskRequest(parent=QUEUE, task=task, response_view=view)
    return await client.create_task(request=request)


async def test_an_http_task_is_echoed_with_its_defaults(client: Client) -> None:
    """Method, deadline and User-Agent are filled in; no content type is invented; names keep their case."""
    task = await create(client, http_task("t", headers={"X-My-Header": "v"}))

    assert task == tasks_v2.Task(
        name=f"{QUEUE}/tasks/t",
        http_request=tasks_v2.HttpRequest(
            url="http://localhost/job",
            http_method=tasks_v2.HttpMethod.POST,
            headers={"X-My-Header": "v", "User-Agent": "Google-Cloud-Tasks"},
            body=b"hello",
        ),
        schedule_time=LATER,
        create_time=CREATED,
        dispatch_deadline=timedelta(minutes=10),
        view=Full,
    )
    assert await client.get_task(request={"name": task.name, "response_view": Full}) == task


async def test_an_app_engine_task_is_echoed_with_its_defaults(client: Client) -> None:
    """Path, host and headers are filled in; a deadline is not."""
    request = tasks_v2.AppEngineHttpRequest(
        body=b"hello", app_engine_routing=tasks_v2.AppEngineRouting(service="worker")
    )

    task = await create(client, tasks_v2.Task(app_engine_http_request=request, schedule_time=LATER))

    assert task == tasks_v2.Task(
        name=task.name,
        app_engine_http_request=tasks_v2.AppEngineHttpRequest(
            http_method=tasks_v2.HttpMethod.POST,
            app_engine_routing=tasks_v2.AppEngineRouting(service="worker", host="worker.p.appspot.com"),
            relative_uri="/",
            headers={
                "User-Agent": "AppEngine-Google; (+http://code.google.com/appengine)",
                "Content-Length": "5",
                "Content-Type": "application/octet-stream",
            },
            body=b"hello",
        ),
        schedule_time=LATER,
        create_time=CREATED,
        view=Full,
    )


async def test_every_field_of_a_task_is_echoed(client: Client) -> None:
    """Durations are cut to what each field keeps: the deadline to milliseconds, the retry duration to seconds."""
    task = http_task("t", oauth_token={"service_account_email": "me@example.com", "scope": "s"})
    task.dispatch_deadline = timedelta(seconds=20, microseconds=1_999)
    task.retry_config = tasks_v2.RetryConfig(
        max_attempts=3,
        max_retry_duration=timedelta(seconds=5.9),
        min_backoff=timedelta(seconds=0.25),
        max_backoff=timedelta(seconds=2),
        max_doublings=1,
    )

    answer = await create(client, task)

    assert answer.dispatch_deadline == timedelta(seconds=20, milliseconds=1)
    assert answer.retry_config == tasks_v2.RetryConfig(
        max_attempts=3,
        max_retry_duration=timedelta(seconds=5),
        min_backoff=timedelta(seconds=0.25),
        max_backoff=timedelta(seconds=2),
        max_doublings=1,
    )
    assert answer.http_request.oauth_token == task.http_request.oauth_token
    assert "oidc_token" not in answer.http_request


@pytest.mark.parametrize("view", [tasks_v2.Task.View.VIEW_UNSPECIFIED, Basic])
async def test_the_basic_view_leaves_out_the_body_and_nothing_else(
    client: Client, view: tasks_v2.Task.View
) -> None:
    """In every method that answers a task; it is the view unless another is asked for."""
    full = await create(client, http_task("full", headers={"A": "b"}))
    basic = await create(client, http_task("basic", headers={"A": "b"}), view)

    expected = tasks_v2.Task(tasks_v2.Task.pb(full))
    expected.http_request.body = b""
    expected.view = Basic
    assert await client.get_task(request={"name": full.name, "response_view": view}) == expected
    listed = {
        task.name: task
        async for task in await client.list_tasks(request={"parent": QUEUE, "response_view": view})
    }
    assert listed == {full.name: expected, basic.name: basic}
    expected.name = basic.name
    assert basic == expected


async def test_a_task_without_a_name_gets_a_number(client: Client) -> None:
    """A long decimal one."""
    task = await create(client, http_task())

    parent, _, task_id = task.name.rpartition("/")
    assert parent == f"{QUEUE}/tasks"
    assert task_id.isdecimal()
    assert len(task_id) >= 17


@pytest.mark.parametrize("given", [None, datetime(1999, 1, 1, tzinfo=UTC)], ids=["unset", "past"])
async def test_a_task_is_due_now_at_the_earliest(client: Client, given: datetime | None) -> None:
    """Its schedule time has microseconds, its time of creation whole seconds."""
    task = http_task()
    task.schedule_time = given

    answer = await create(client, task)

    assert answer.schedule_time == CREATED + timedelta(microseconds=NOW % SECOND)
    assert answer.create_time == CREATED


async def test_tasks_come_in_pages(client: Client) -> None:
    """The client follows the tokens, and every task comes once."""
    for number in range(5):
        await create(client, http_task(f"t{number}"))

    pager = await client.list_tasks(request={"parent": QUEUE, "page_size": 2})
    pages = [[task.name[-2:] for task in page.tasks] async for page in pager.pages]

    assert pages == [["t0", "t1"], ["t2", "t3"], ["t4"]]


async def test_pages_of_large_tasks_end_early(client: Client) -> None:
    """A reply stays below the 4 MiB that clients take by default."""
    for number in range(5):
        await create(client, http_task(f"t{number}", body=b"x" * 1_000_000), Basic)

    pager = await client.list_tasks(request={"parent": QUEUE, "response_view": Full})
    sizes = [len(page.tasks) async for page in pager.pages]

    assert sum(sizes) == 5
    assert max(sizes) < 5


async def test_a_deleted_task_is_gone(client: Client) -> None:
    """And says that it was there."""
    task = await create(client, http_task())

    await client.delete_task(name=task.name)

    with pytest.raises(exceptions.NotFound, match="existed recently"):
        await client.get_task(name=task.name)


async def test_a_used_name_is_blocked_for_an_hour(server: Running, client: Client) -> None:
    """Then it is free again."""
    await create(client, http_task("t"))
    await client.delete_task(name=f"{QUEUE}/tasks/t")

    server.clock.advance(HOUR - 1)
    with pytest.raises(exceptions.AlreadyExists):
        await create(client, http_task("t"))
    server.clock.advance(1)
    await create(client, http_task("t"))


@pytest.mark.parametrize("view", [Basic, Full])
async def test_a_run_is_answered_as_the_attempt_begins(client: Client, view: tasks_v2.Task.View) -> None:
    """Even in a paused queue: the attempt is counted, and has no response yet."""
    created = await create(client, http_task(), view)

    task = await client.run_task(request={"name": created.name, "response_view": view})

    now = CREATED + timedelta(microseconds=NOW % SECOND)
    created.schedule_time = now
    created.dispatch_count = 1
    created.first_attempt = tasks_v2.Attempt(dispatch_time=now)
    created.last_attempt = tasks_v2.Attempt(schedule_time=task.last_attempt.schedule_time, dispatch_time=now)
    assert task == created
