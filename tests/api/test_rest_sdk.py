"""The official SDK's own transport over REST, against a server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2
from google.iam.v1 import policy_pb2
from google.protobuf import duration_pb2, field_mask_pb2, timestamp_pb2
from google.type import expr_pb2
from tests.api.running import Running
from tests.served import Served, served

from taskweir.testing.sdk_clients import sync_client

PARENT: Final = "projects/p/locations/us-central1"
TARGET: Final = "http://127.0.0.1:9/"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served(":memory:") as server:
        yield server


@pytest.fixture(scope="module")
def sdk(server: Served) -> Iterator[tasks_v2.CloudTasksClient]:
    client = sync_client("v2", "rest", server.grpc_address, server.http_address)
    yield client
    client.transport.close()


@pytest.fixture
def queue(sdk: tasks_v2.CloudTasksClient, request: pytest.FixtureRequest) -> str:
    """A queue of the test's own, which sends nothing."""
    name = f"{PARENT}/queues/{request.node.name.replace('_', '-')[:90]}"
    sdk.create_queue(parent=PARENT, queue={"name": name})
    sdk.pause_queue(name=name)
    return name


def new_task(**fields: Any) -> dict[str, Any]:
    return {"http_request": {"url": TARGET}, **fields}


def test_queues(sdk: tasks_v2.CloudTasksClient, queue: str) -> None:
    """Created, read, changed, listed, and deleted."""
    changed = sdk.update_queue(
        queue=tasks_v2.Queue(
            name=queue,
            rate_limits=tasks_v2.RateLimits(max_dispatches_per_second=5.5),
            retry_config=tasks_v2.RetryConfig(min_backoff=duration_pb2.Duration(nanos=500_000_000)),
        ),
        update_mask=field_mask_pb2.FieldMask(
            paths=["rate_limits.max_dispatches_per_second", "retry_config.min_backoff"]
        ),
    )
    assert changed.rate_limits.max_dispatches_per_second == 5.5
    assert changed.retry_config.min_backoff == timedelta(seconds=0.5)
    assert sdk.get_queue(name=queue) == changed
    assert changed.state == tasks_v2.Queue.State.PAUSED
    assert sdk.resume_queue(name=queue).state == tasks_v2.Queue.State.RUNNING
    assert sdk.purge_queue(name=queue).purge_time
    assert queue in [one.name for one in sdk.list_queues(parent=PARENT)]
    sdk.delete_queue(name=queue)
    with pytest.raises(exceptions.NotFound, match="Queue does not exist"):
        sdk.get_queue(name=queue)


def test_tasks(sdk: tasks_v2.CloudTasksClient, queue: str) -> None:
    """With every kind of field that JSON has a form of its own for."""
    when = datetime.now(UTC).replace(microsecond=500_000) + timedelta(days=1)
    name = f"{queue}/tasks/t"
    http = tasks_v2.HttpRequest(
        url=f"{TARGET}?a=b&c",
        http_method=tasks_v2.HttpMethod.PUT,
        headers={"X-Mixed": "ü"},
        body=bytes(range(256)),
    )
    task = tasks_v2.Task(
        name=name,
        http_request=http,
        schedule_time=when,
        dispatch_deadline=duration_pb2.Duration(seconds=20),
    )
    request = tasks_v2.CreateTaskRequest(parent=queue, task=task, response_view=tasks_v2.Task.View.FULL)
    created = sdk.create_task(request)

    assert (created.http_request.url, created.http_request.body) == (http.url, http.body)
    assert created.http_request.http_method == tasks_v2.HttpMethod.PUT
    assert created.http_request.headers["X-Mixed"] == "ü"
    assert created.schedule_time == when
    assert created.view == tasks_v2.Task.View.FULL
    full = {"response_view": tasks_v2.Task.View.FULL}
    assert sdk.get_task({"name": name, **full}) == created
    assert list(sdk.list_tasks({"parent": queue, **full})) == [created]
    assert sdk.get_task(name=name).http_request.body == b""
    assert sdk.run_task(name=name).name == name
    with pytest.raises(exceptions.Conflict):
        sdk.create_task(parent=queue, task=new_task(name=name))
    sdk.delete_task(name=name)
    with pytest.raises(exceptions.NotFound):
        sdk.get_task(name=name)


def test_pages(sdk: tasks_v2.CloudTasksClient, queue: str) -> None:
    """The token goes into the next query."""
    for _ in range(5):
        sdk.create_task(parent=queue, task=new_task())
    pages = sdk.list_tasks(request={"parent": queue, "page_size": 2}).pages
    assert [len(page.tasks) for page in pages] == [2, 2, 1]


def test_batches(sdk: tasks_v2.CloudTasksClient, queue: str) -> None:
    """Operations hold what they answer by its true name, which the SDK looks up."""
    requests = [{"parent": queue, "task": new_task(name=f"{queue}/tasks/{name}")} for name in "ab"]
    created = sdk.batch_create_tasks({"parent": queue, "requests": requests})
    assert [task.name for task in created.result(timeout=10).tasks] == [f"{queue}/tasks/{n}" for n in "ab"]
    assert created.metadata.state == tasks_v2.BatchCreateTasksMetadata.State.SUCCEEDED
    deleted = sdk.batch_delete_tasks({"parent": queue, "names": [f"{queue}/tasks/a", f"{queue}/tasks/x"]})
    deleted.result(timeout=10)
    assert list(deleted.metadata.failed_requests) == [1]


def test_policies(sdk: tasks_v2.CloudTasksClient, queue: str) -> None:
    """Whose messages are of another package."""
    policy = policy_pb2.Policy(version=3)
    condition = expr_pb2.Expr(expression="true", title="t")
    policy.bindings.add(role="roles/cloudtasks.viewer", members=["user:a@example.com"], condition=condition)
    sdk.set_iam_policy({"resource": queue, "policy": policy})
    kept = sdk.get_iam_policy({"resource": queue, "options": {"requested_policy_version": 3}})
    assert (kept.version, kept.bindings) == (3, policy.bindings)
    asked = ["cloudtasks.tasks.create"]
    assert sdk.test_iam_permissions({"resource": queue, "permissions": asked}).permissions == asked


def test_keys(sdk: tasks_v2.CloudTasksClient) -> None:
    """A name in the path that is two fields deep."""
    name = "projects/p/locations/us-west1/cmekConfig"
    key = "projects/p/locations/us-west1/keyRings/r/cryptoKeys/k"
    config = tasks_v2.CmekConfig(name=name, kms_key=key)
    mask = field_mask_pb2.FieldMask(paths=["kms_key"])
    assert sdk.update_cmek_config(cmek_config=config, update_mask=mask).kms_key == key
    assert sdk.get_cmek_config(name=name).kms_key == key


def test_refusals(sdk: tasks_v2.CloudTasksClient) -> None:
    """With the details that the client library unpacks."""
    with pytest.raises(exceptions.BadRequest) as refused:
        sdk.create_queue(parent=PARENT, queue={"name": "nonsense"})
    assert "Queue name must be formatted" in refused.value.message
    assert refused.value.details[0]["links"][0]["description"] == "Definition of queue name"


def test_far_times(sdk: tasks_v2.CloudTasksClient, queue: str) -> None:
    """What is too far in the future is told as over gRPC."""
    far = timestamp_pb2.Timestamp(seconds=4_102_444_800)
    with pytest.raises(exceptions.BadRequest, match="too far in the future"):
        sdk.create_task(parent=queue, task=new_task(schedule_time=far))


async def test_an_operation_tells_true_types(server: Served) -> None:
    """Those that clients know, in JSON as over gRPC; and what is in them can be selected from."""
    queue = f"{PARENT}/queues/true-types"
    url = f"http://{server.http_address}/v2/{PARENT}/queues"
    body = {"requests": [{"task": new_task(), "parent": queue}], "request_id": ""}
    async with aiohttp.ClientSession() as session:
        async with session.post(url, json={"name": queue, "state": "PAUSED"}) as answer:
            assert answer.status == 200
        async with session.post(f"{url}/true-types/tasks:batchCreate", json=body) as answer:
            whole = await answer.json()
        fields = "name,response(@type,tasks/httpRequest/url)"
        async with session.post(f"{url}/true-types/tasks:batchCreate?fields={fields}", json=body) as answer:
            part = await answer.json()

    types = "type.googleapis.com/google.cloud.tasks.v2"
    assert whole["response"]["@type"] == f"{types}.BatchCreateTasksResponse"
    assert whole["metadata"]["@type"] == f"{types}.BatchCreateTasksMetadata"
    assert part.keys() == {"name", "response"}
    assert part["response"] == {
        "@type": f"{types}.BatchCreateTasksResponse",
        "tasks": [{"httpRequest": {"url": TARGET}}],
    }


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, "", 401),
        ({"Authorization": "Bearer owner"}, "", 404),
        ({}, "?access_token=x", 404),
        ({"Authorization": "Bearer x", "X-Server-Timeout": "31"}, "", 400),
    ],
)
async def test_a_strict_server_needs_credentials_alone(
    strict_server: Running, headers: dict[str, str], query: str, status: int
) -> None:
    """The URL says what the routing header would; the longest deadline is as over gRPC."""
    url = f"http://{strict_server.server.http_address}/v2/{PARENT}/queues/nope{query}"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert answer.status == status
