"""Production's answers that a row of the table cannot hold."""

import pytest
from google.cloud.location import locations_pb2
from tests.api.answers import (
    APP_ENGINE,
    GONE,
    HTTP,
    NO_TASK,
    NOT_FOUND,
    QUEUE,
    TASK_GONE,
    make_world,
    new_queue,
    new_task,
)
from tests.api.raw_calls import LOCATIONS, Refused
from tests.api.running import NOW, Running

from taskweir.domain.times import SECOND
from taskweir_pb.v2 import cloudtasks_pb2 as pb


@pytest.mark.parametrize(
    "target", [{"http_request": HTTP}, {"app_engine_http_request": APP_ENGINE}], ids=["HTTP", "App Engine"]
)
async def test_a_task_may_take_1048569_bytes(server: Running, target: dict[str, dict[str, object]]) -> None:
    """The limit is on the stored task, with what the server fills in, and one byte more is refused."""
    await make_world(server)
    [(kind, fields)] = target.items()

    def sized(body: int) -> pb.CreateTaskRequest:
        target = {kind: fields | {"body": b"x" * body}}
        request = new_task(name=NO_TASK, schedule_time={"seconds": NOW // SECOND + 86_400}, **target)
        request.response_view = 2
        return request

    at_most = 1_048_569
    view = 2
    body = 1_000_000
    stored = (await server.raw.call("CreateTask", sized(body))).ByteSize() - view
    body += at_most - stored
    await server.raw.call("DeleteTask", pb.DeleteTaskRequest(name=NO_TASK))
    server.clock.advance(2 * 3_600 * SECOND)

    refusal = await server.raw.refusal("CreateTask", sized(body + 1))
    assert refusal == Refused("INVALID_ARGUMENT", "Task size too large")
    assert await server.raw.refusal("CreateTask", sized(body)) is None


async def test_a_batch_of_which_nothing_succeeds_is_aborted(server: Running) -> None:
    """Each failure is told in the metadata, and the operation's error refers to it."""
    await make_world(server)

    request = pb.BatchDeleteTasksRequest(parent=QUEUE, names=[NO_TASK, GONE])
    operation = await server.raw.call("BatchDeleteTasks", request)

    assert operation.error.code == 10
    assert operation.error.message == (
        "None of the requests succeeded, refer to BatchDeleteTasksMetadata.failed_requests "
        "for individual error details"
    )
    metadata = pb.BatchDeleteTasksMetadata.FromString(operation.metadata.value)
    assert metadata.state == pb.BatchDeleteTasksMetadata.FAILED
    failures = {index: (status.code, status.message) for index, status in metadata.failed_requests.items()}
    assert failures == {0: (5, NOT_FOUND), 1: (5, TASK_GONE)}


async def test_a_location_that_is_no_region_is_served(server: Running) -> None:
    """Outside strict mode any location can be used, and is found."""
    name = "projects/p/locations/my-laptop"

    assert await server.raw.refusal("CreateQueue", new_queue(f"{name}/queues/q", name)) is None
    assert (
        await server.raw.call(f"{LOCATIONS}/GetLocation", locations_pb2.GetLocationRequest(name=name))
    ).name == name
