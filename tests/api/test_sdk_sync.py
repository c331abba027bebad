"""The official blocking client: every method once, in the order in which a program might call them."""

import asyncio
from datetime import UTC, datetime

from google.cloud import tasks_v2
from google.cloud.location import locations_pb2
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.longrunning.operations_proto_pb2 import GetOperationRequest

PARENT = "projects/p/locations/us-central1"
QUEUE = f"{PARENT}/queues/q"
TASK = f"{QUEUE}/tasks/t"
LATER = datetime(2026, 12, 1, tzinfo=UTC)


def http_task(name: str = "") -> tasks_v2.Task:
    request = tasks_v2.HttpRequest(url="http://localhost/", body=b"hello")
    return tasks_v2.Task(name=name, http_request=request, schedule_time=LATER)


def use_everything(client: tasks_v2.CloudTasksClient) -> None:
    queue = client.create_queue(parent=PARENT, queue=tasks_v2.Queue(name=QUEUE))
    assert queue.state == tasks_v2.Queue.State.RUNNING
    assert client.get_queue(name=QUEUE) == queue
    assert list(client.list_queues(parent=PARENT)) == [queue]
    queue.rate_limits.max_dispatches_per_second = 10
    assert client.update_queue(queue=queue).rate_limits.max_dispatches_per_second == 10
    assert client.pause_queue(name=QUEUE).state == tasks_v2.Queue.State.PAUSED
    assert client.resume_queue(name=QUEUE).state == tasks_v2.Queue.State.RUNNING

    policy = policy_pb2.Policy(bindings=[policy_pb2.Binding(role="roles/viewer", members=["allUsers"])])
    kept = client.set_iam_policy(iam_policy_pb2.SetIamPolicyRequest(resource=QUEUE, policy=policy))
    assert client.get_iam_policy(resource=QUEUE) == kept
    permissions = ["cloudtasks.queues.get"]
    granted = client.test_iam_permissions(resource=QUEUE, permissions=permissions)
    assert list(granted.permissions) == permissions

    task = client.create_task(parent=QUEUE, task=http_task(TASK))
    assert client.get_task(name=TASK) == task
    assert list(client.list_tasks(parent=QUEUE)) == [task]
    assert client.run_task(name=TASK).dispatch_count == 1
    client.delete_task(name=TASK)

    creates = [tasks_v2.CreateTaskRequest(parent=QUEUE, task=http_task())] * 3
    operation = client.batch_create_tasks(parent=QUEUE, requests=creates)
    names = [task.name for task in operation.result().tasks]
    assert len(set(names)) == 3
    assert client.get_operation(GetOperationRequest(name=operation.operation.name)) == operation.operation
    client.batch_delete_tasks(parent=QUEUE, names=names).result()
    assert list(client.list_tasks(parent=QUEUE)) == []

    config = tasks_v2.CmekConfig(name=f"{PARENT}/cmekConfig", kms_key=f"{PARENT}/keyRings/r/cryptoKeys/k")
    assert client.update_cmek_config(cmek_config=config) == config
    assert client.get_cmek_config(name=config.name) == config
    locations = client.list_locations(locations_pb2.ListLocationsRequest(name="projects/p")).locations
    assert client.get_location(locations_pb2.GetLocationRequest(name=PARENT)) in locations

    assert "purge_time" in client.purge_queue(name=QUEUE)
    client.delete_queue(name=QUEUE)
    assert list(client.list_queues(parent=PARENT)) == []


async def test_the_blocking_client_is_served(sync_client: tasks_v2.CloudTasksClient) -> None:
    """Each method answers what it should."""
    await asyncio.to_thread(use_everything, sync_client)
