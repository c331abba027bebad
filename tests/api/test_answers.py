"""Production's answers: what was recorded from the live service, and what its documentation says."""

from typing import Final

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
    Row,
    make_world,
    new_queue,
    new_task,
)
from tests.api.answers_about_queues import ROWS as ABOUT_QUEUES
from tests.api.answers_about_tasks import ROWS as ABOUT_TASKS
from tests.api.answers_about_the_rest import ROWS as ABOUT_THE_REST
from tests.api.raw_calls import LOCATIONS, Refused
from tests.api.running import NOW, Running

from taskweir.domain.times import SECOND
from taskweir_pb.v2 import cloudtasks_pb2 as pb

TABLE: Final = [*ABOUT_QUEUES, *ABOUT_TASKS, *ABOUT_THE_REST]


@pytest.mark.parametrize(
    "case", TABLE, ids=[f"{case.rpc.rpartition('/')[2]}: {case.when}"[:80] for case in TABLE]
)
async def test_the_answer_is_productions(server: Running, case: Row) -> None:
    """Code, message and details are exactly these."""
    await make_world(server)

    assert await server.raw.refusal(case.rpc, case.request) == case.answer


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
