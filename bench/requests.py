"""The requests that are measured, and the names they use."""

import time
from collections.abc import Iterator
from itertools import count
from typing import Final

from google.protobuf.json_format import MessageToJson

from taskweir_pb.v2 import cloudtasks_pb2, queue_pb2, target_pb2, task_pb2

SERVICE: Final = "google.cloud.tasks.v2.CloudTasks"
PARENT: Final = "projects/local/locations/us-central1"
NOWHERE: Final = "http://127.0.0.1:9/handler"
"""Of tasks that are never sent."""
LATER: Final = 86_400.0
"""Seconds until the tasks are due that are not to be sent meanwhile."""
_CONTENT: Final = b'{"order": 4711, "action": "send the invoice"}'
_BODY_SIZE: Final = 100


def queue_name(queue_id: str) -> str:
    return f"{PARENT}/queues/{queue_id}"


def routing(queue: str) -> str:
    """What the SDK puts into the routing header of a call about this queue's tasks."""
    return f"parent={queue}"


def body(size: int = _BODY_SIZE) -> bytes:
    return _CONTENT.ljust(size)


def create_task(
    queue: str, url: str = NOWHERE, *, ahead: float = 0.0, size: int = _BODY_SIZE, at_ns: int = 0
) -> bytes:
    """CreateTask for an HTTP task with a body of `size` bytes, due `ahead` seconds from now, or at a time."""
    return create_request(queue, url, ahead=ahead, size=size, at_ns=at_ns).SerializeToString()


def named_tasks(queue: str, *, ahead: float = LATER, size: int = _BODY_SIZE) -> Iterator[bytes]:
    """CreateTask for the same task again and again, each time under another name; without end."""
    request = create_request(queue, NOWHERE, ahead=ahead, size=size)
    prefix = f"{queue}/tasks/{time.time_ns():x}-"
    for number in count():
        request.task.name = f"{prefix}{number}"
        yield request.SerializeToString()


def batch_create_tasks(queue: str, url: str, count: int, *, ahead: float = 0.0) -> bytes:
    """BatchCreateTasks for as many of the same tasks."""
    return batch_of(queue, [create_request(queue, url, ahead=ahead)] * count)


def batch_of(queue: str, requests: list[cloudtasks_pb2.CreateTaskRequest]) -> bytes:
    return cloudtasks_pb2.BatchCreateTasksRequest(parent=queue, requests=requests).SerializeToString()


def create_request(
    queue: str, url: str, *, ahead: float = 0.0, size: int = _BODY_SIZE, at_ns: int = 0
) -> cloudtasks_pb2.CreateTaskRequest:
    task = task_pb2.Task(
        http_request=target_pb2.HttpRequest(
            url=url,
            http_method=target_pb2.POST,
            headers={"Content-Type": "application/json"},
            body=body(size),
        )
    )
    if at_ns or ahead:
        task.schedule_time.FromNanoseconds(at_ns or time.time_ns() + int(ahead * 1e9))
    return cloudtasks_pb2.CreateTaskRequest(parent=queue, task=task)


def create_task_json(*, ahead: float) -> bytes:
    """The same as CreateTask's body over REST."""
    request = create_request("", NOWHERE, ahead=ahead)
    request.ClearField("parent")
    return MessageToJson(request, indent=None).encode()


def create_queue(queue: str, rate: float = 0, concurrent: int = 0) -> bytes:
    """CreateQueue; 0 stands for the server's default."""
    limits = queue_pb2.RateLimits(max_dispatches_per_second=rate, max_concurrent_dispatches=concurrent)
    return cloudtasks_pb2.CreateQueueRequest(
        parent=PARENT, queue=queue_pb2.Queue(name=queue, rate_limits=limits)
    ).SerializeToString()


def get_task(name: str) -> bytes:
    return cloudtasks_pb2.GetTaskRequest(name=name).SerializeToString()


def list_tasks(queue: str, size: int, token: str = "") -> bytes:
    request = cloudtasks_pb2.ListTasksRequest(parent=queue, page_size=size, page_token=token)
    return request.SerializeToString()


def resume_queue(queue: str) -> bytes:
    return cloudtasks_pb2.ResumeQueueRequest(name=queue).SerializeToString()


def pause_queue(queue: str) -> bytes:
    return cloudtasks_pb2.PauseQueueRequest(name=queue).SerializeToString()
