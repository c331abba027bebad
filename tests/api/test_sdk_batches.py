"""Batch calls through the official asynchronous client of v2: what the suite of every surface does not ask of it."""

from datetime import UTC, datetime

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2
from google.longrunning.operations_proto_pb2 import GetOperationRequest
from tests.api.running import Running

from taskweir.domain.times import DAY

PARENT = "projects/p/locations/us-central1"
QUEUE = f"{PARENT}/queues/q"

Client = tasks_v2.CloudTasksAsyncClient
CreateStates = tasks_v2.BatchCreateTasksMetadata.State


@pytest.fixture(autouse=True)
async def queue(client: Client) -> None:
    """A queue."""
    await client.create_queue(parent=PARENT, queue=tasks_v2.Queue(name=QUEUE))


def request_for(task_id: str, url: str = "http://localhost/") -> tasks_v2.CreateTaskRequest:
    return tasks_v2.CreateTaskRequest(
        parent=QUEUE,
        task=tasks_v2.Task(
            name=f"{QUEUE}/tasks/{task_id}",
            http_request=tasks_v2.HttpRequest(url=url, body=b"hello"),
            schedule_time=datetime(2026, 12, 1, tzinfo=UTC),
        ),
    )


async def test_what_is_wrong_with_one_request_does_not_stop_the_others(client: Client) -> None:
    """Whether its values are wrong, its fields cannot be read, or its name is taken."""
    unreadable = request_for("c")
    unreadable.task.http_request.http_method = 99
    operation = await client.batch_create_tasks(
        parent=QUEUE, requests=[request_for("a", url=""), request_for("b"), unreadable, request_for("b")]
    )

    response = await operation.result()

    assert [task.name[-1] for task in response.tasks] == ["b"]
    assert operation.metadata.state == CreateStates.PARTIALLY_SUCCEEDED
    assert {index: (s.code, s.message) for index, s in operation.metadata.failed_requests.items()} == {
        0: (3, "HttpRequest.url is required."),
        2: (
            3,
            (
                "Invalid value at 'requests[2].task.http_request.http_method' "
                "(type.googleapis.com/google.cloud.tasks.v2.HttpMethod), 99"
            ),
        ),
        3: (6, "Requested entity already exists"),
    }


async def test_an_operation_can_be_asked_for_again_for_a_day(server: Running, client: Client) -> None:
    """It is what the call answered."""
    operation = (await client.batch_create_tasks(parent=QUEUE, requests=[request_for("a")])).operation
    request = GetOperationRequest(name=operation.name)

    assert await client.get_operation(request) == operation
    server.clock.advance(DAY + 1)
    with pytest.raises(exceptions.NotFound):
        await client.get_operation(request)


async def test_a_request_id_is_for_one_batch_alone(client: Client) -> None:
    """Used for another queue, or the other kind, it is refused, since nothing would be done."""
    other = f"{PARENT}/queues/other"
    await client.create_queue(parent=PARENT, queue=tasks_v2.Queue(name=other))
    create = tasks_v2.BatchCreateTasksRequest(parent=QUEUE, requests=[request_for("a")], request_id="once")
    await client.batch_create_tasks(request=create)
    elsewhere = {"parent": other, "task": {"http_request": {"url": "http://localhost/"}}}
    with pytest.raises(exceptions.InvalidArgument, match="'once' was used for another batch"):
        await client.batch_create_tasks(
            request={"parent": other, "requests": [elsewhere], "request_id": "once"}
        )
    with pytest.raises(exceptions.InvalidArgument, match="'once' was used for another batch"):
        await client.batch_delete_tasks(
            request={"parent": QUEUE, "names": [f"{QUEUE}/tasks/a"], "request_id": "once"}
        )
    assert [task.name async for task in await client.list_tasks(parent=QUEUE)] == [f"{QUEUE}/tasks/a"]
