"""The requests that are measured, and the names they use."""

import time
from typing import Final

from taskweir_pb.v2 import cloudtasks_pb2, target_pb2, task_pb2

SERVICE: Final = "google.cloud.tasks.v2.CloudTasks"
_BODY: Final = b'{"order": 4711, "action": "send the invoice"}'.ljust(200)


def queue_name(queue_id: str) -> str:
    return f"projects/local/locations/us-central1/queues/{queue_id}"


def routing(queue: str) -> str:
    """What the SDK puts into the routing header of a call about this queue's tasks."""
    return f"parent={queue}"


def create_task(queue: str, url: str, *, ahead: float = 0.0) -> bytes:
    """CreateTask for an HTTP task of ordinary size, due this many seconds from now."""
    return _create_request(queue, url, ahead).SerializeToString()


def batch_create_tasks(queue: str, url: str, count: int, *, ahead: float = 0.0) -> bytes:
    """BatchCreateTasks for as many of the same tasks."""
    request = _create_request(queue, url, ahead)
    return cloudtasks_pb2.BatchCreateTasksRequest(
        parent=queue, requests=[request] * count
    ).SerializeToString()


def _create_request(queue: str, url: str, ahead: float) -> cloudtasks_pb2.CreateTaskRequest:
    task = task_pb2.Task(
        http_request=target_pb2.HttpRequest(
            url=url,
            http_method=target_pb2.POST,
            headers={"Content-Type": "application/json"},
            body=_BODY,
        )
    )
    if ahead:
        task.schedule_time.FromNanoseconds(time.time_ns() + int(ahead * 1e9))
    return cloudtasks_pb2.CreateTaskRequest(parent=queue, task=task)
