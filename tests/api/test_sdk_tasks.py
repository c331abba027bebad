"""Tasks through the official asynchronous client of v2: what it answers, as objects of the SDK, and large pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud import tasks_v2
from tests.api.running import NOW

from taskweir.domain.times import SECOND

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
