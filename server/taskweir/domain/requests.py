"""From a task and its queue to the HTTP request that goes out."""

from taskweir.domain.app_engine import AppEngine, app_engine_request
from taskweir.domain.http_request import http_request
from taskweir.domain.model import AppEngineRequest, HttpRequest, PullMessage, Queue, Task
from taskweir.domain.outgoing import OutgoingRequest

__all__ = ["AppEngine", "OutgoingRequest", "outgoing_request"]


def outgoing_request(task: Task, queue: Queue, app_engine: AppEngine) -> OutgoingRequest:
    """The request of a task's attempt; `task` is the task as begun, its `last_attempt` is this attempt."""
    match task.payload:
        case HttpRequest() as payload:
            return http_request(task, payload, queue.http_target)
        case AppEngineRequest() as payload:
            return app_engine_request(task, payload, queue.app_engine_routing_override, app_engine)
        case PullMessage():
            raise TypeError(f"{task.name} is a pull task: it is leased, never dispatched")
