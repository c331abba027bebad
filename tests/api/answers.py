"""How the table of production's answers is written: names, requests, and its rows."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from google.protobuf.message import Message
from google.rpc.error_details_pb2 import Help
from tests.api.raw_calls import Refused
from tests.api.running import NOW, Running

from taskweir.domain.times import SECOND
from taskweir_pb.v2 import cloudtasks_pb2 as pb

PARENT: Final = "projects/p/locations/us-central1"
QUEUE: Final = f"{PARENT}/queues/q"
OTHER_QUEUE: Final = f"{PARENT}/queues/other"
DELETED_QUEUE: Final = f"{PARENT}/queues/deleted"
NO_QUEUE: Final = f"{PARENT}/queues/none"
NEW_QUEUE: Final = f"{PARENT}/queues/new"
TAKEN: Final = f"{QUEUE}/tasks/taken"
GONE: Final = f"{QUEUE}/tasks/gone"
NO_TASK: Final = f"{QUEUE}/tasks/none"

LATER: Final = {"seconds": NOW // SECOND + 3_600}
HTTP: Final = {"url": "https://example.com/job"}
APP_ENGINE: Final = {"relative_uri": "/job"}

QUEUE_NOT_FOUND: Final = (
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."
)
NOT_FOUND: Final = "Requested entity was not found."
TASK_GONE: Final = (
    "The task no longer exists, though a task with this name existed recently. "
    "The task either successfully completed or was deleted."
)
INVALID_RESOURCE: Final = "Invalid resource field value in the request."
REFERENCE: Final = "https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues"


def help_link(description: str, url: str) -> Help:
    return Help(links=[Help.Link(description=description, url=url)])


QUEUE_NAME_HELP: Final = help_link("Definition of queue name", f"{REFERENCE}#Queue.FIELDS.name")
TASK_ID_HELP: Final = help_link("Definition of task ID", f"{REFERENCE}.tasks#Task.FIELDS.name")


@dataclass(frozen=True)
class Row:
    """One call and its answer: None for a call that is served."""

    when: str
    rpc: str
    request: Message
    answer: Refused | None


class LeftOut(Enum):
    """Why a row of the table is not asked on another surface."""

    NO_METHOD = "this surface has no such method"
    NO_PATH = "the name is none that a path could hold: there is nothing at that URL"
    NO_JSON = "JSON has no form for the value"
    EMPTY_MASK = "a mask of an empty path is an empty mask in a query, which stands for everything"
    NO_FIELD = "this version has no such field"
    OTHER_NAME = "the mask has v2's name for what this version names otherwise, and so names nothing"
    OTHER_MEANING = "this version takes the value for something else"


def row(rpc: str, when: str, request: Message, code: str = "OK", message: str = "", *details: Message) -> Row:
    return Row(when, rpc, request, None if code == "OK" else Refused(code, message, details))


def new_queue(name: str = NEW_QUEUE, parent: str = PARENT, **fields: object) -> pb.CreateQueueRequest:
    return pb.CreateQueueRequest(parent=parent, queue={"name": name, **fields})


def update(name: str = QUEUE, mask: tuple[str, ...] = (), **fields: object) -> pb.UpdateQueueRequest:
    return pb.UpdateQueueRequest(queue={"name": name, **fields}, update_mask={"paths": mask})


def new_task(parent: str = QUEUE, **fields: object) -> pb.CreateTaskRequest:
    """A task that is due in an hour, unless it says otherwise."""
    return pb.CreateTaskRequest(parent=parent, task={"schedule_time": LATER, **fields})


def new_http_task(**fields: object) -> pb.CreateTaskRequest:
    return new_task(http_request=HTTP | fields)


def new_app_engine_task(**fields: object) -> pb.CreateTaskRequest:
    return new_task(app_engine_http_request=APP_ENGINE | fields)


async def make_world(server: Running) -> None:
    """A queue with a task, with another that was deleted; another queue; a deleted queue."""
    for name in (QUEUE, OTHER_QUEUE, DELETED_QUEUE):
        await server.raw.call("CreateQueue", new_queue(name))
    for name in (TAKEN, GONE):
        await server.raw.call("CreateTask", new_task(name=name, http_request=HTTP))
    await server.raw.call("DeleteTask", pb.DeleteTaskRequest(name=GONE))
    await server.raw.call("DeleteQueue", pb.DeleteQueueRequest(name=DELETED_QUEUE))
