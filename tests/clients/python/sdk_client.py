"""The official SDK as its users call it: VERSION is v2, v2beta3 or v2beta2, TRANSPORT is grpc or rest.

Nothing here knows of taskweir.
"""

import importlib
import os
import sys
from datetime import UTC, datetime, timedelta

from google.api_core.exceptions import NotFound
from google.protobuf import field_mask_pb2

version, transport = sys.argv[1:]
tasks = importlib.import_module(f"google.cloud.tasks_{version}")
client = tasks.CloudTasksClient(transport=transport)
location = f"projects/{os.environ['PROJECT']}/locations/us-central1"
later = datetime.now(UTC) + timedelta(hours=1)
full = tasks.Task.View.FULL

rate = "max_tasks_dispatched_per_second" if version == "v2beta2" else "max_dispatches_per_second"


def push():
    name = client.queue_path(os.environ["PROJECT"], "us-central1", "push")
    created = client.create_queue(parent=location, queue={"name": name, "rate_limits": {rate: 5}})
    assert created.name == name
    assert created.state == tasks.Queue.State.RUNNING
    assert client.get_queue(name=name) == created
    assert name in [queue.name for queue in client.list_queues(parent=location)]
    changed = client.update_queue(
        queue={"name": name, "retry_config": {"max_attempts": 7}},
        update_mask=field_mask_pb2.FieldMask(paths=["retry_config.max_attempts"]),
    )
    assert changed.retry_config.max_attempts == 7
    assert getattr(changed.rate_limits, rate) == 5
    assert client.pause_queue(name=name).state == tasks.Queue.State.PAUSED
    assert client.resume_queue(name=name).state == tasks.Queue.State.RUNNING

    named = f"{name}/tasks/named"
    request = {"url": os.environ["TARGET"], "body": b"from Python", "headers": {"X-Client": "sdk"}}
    task = client.create_task(
        parent=name, task={"name": named, "http_request": request, "schedule_time": later}
    )
    assert task.name == named
    assert task.http_request.body == b""
    task = client.get_task(request={"name": named, "response_view": full})
    assert task.http_request.body == b"from Python"
    assert task.http_request.headers["X-Client"] == "sdk"
    assert abs(task.schedule_time - later) < timedelta(milliseconds=1)
    assert [task.name for task in client.list_tasks(parent=name)] == [named]
    client.run_task(name=named)

    other = client.create_task(parent=name, task={"http_request": request, "schedule_time": later}).name
    client.delete_task(name=other)
    try:
        client.get_task(name=other)
    except NotFound:
        pass
    else:
        raise AssertionError("a deleted task is there")
    client.purge_queue(name=name)
    client.delete_queue(name=name)


def pull():
    name = client.queue_path(os.environ["PROJECT"], "us-central1", "pull")
    queue = client.create_queue(parent=location, queue={"name": name, "pull_target": {}})
    assert "pull_target" in queue
    for payload in (b"one", b"two"):
        message = {"payload": payload, "tag": "numbers"}
        client.create_task(parent=name, task={"pull_message": message})
    leased = lease(name, max_tasks=1)
    assert [task.pull_message.payload for task in leased] == [b"one"]
    assert leased[0].pull_message.tag == "numbers"
    assert [task.pull_message.payload for task in lease(name, max_tasks=10)] == [b"two"]
    renewed = client.renew_lease(
        name=leased[0].name, schedule_time=leased[0].schedule_time, lease_duration={"seconds": 600}
    )
    assert renewed.schedule_time > leased[0].schedule_time
    client.cancel_lease(name=renewed.name, schedule_time=renewed.schedule_time)
    (again,) = lease(name, max_tasks=10)
    assert again.name == renewed.name
    client.acknowledge_task(name=again.name, schedule_time=again.schedule_time)
    assert [task.pull_message.payload for task in listed(name)] == [b"two"]
    client.delete_queue(name=name)


def lease(name, max_tasks):
    return client.lease_tasks(
        request={
            "parent": name,
            "max_tasks": max_tasks,
            "lease_duration": {"seconds": 60},
            "response_view": full,
            "filter": "tag=numbers",
        }
    ).tasks


def listed(name):
    return client.list_tasks(request={"parent": name, "response_view": full})


push()
if version == "v2beta2":
    pull()
