"""Batch calls, with the futures that the client makes of their operations: through v2 and v2beta3, over both transports."""

from typing import Any

import pytest
from google.api_core import exceptions
from tests.api.surfaces.dialect import Document
from tests.api.surfaces.every_surface import NOW, of
from tests.api.surfaces.surface import Refused, Surface

pytestmark = of("v2", "v2beta3")
URL = "http://127.0.0.1:9/"
BODY = "aGVsbG8="


@pytest.fixture
def queue(surface: Surface, parent: str) -> str:
    """A paused queue, so that tasks stay."""
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue={"name": name})
    surface.ask("pause_queue", name=name)
    return name


def one(queue: str, task_id: str, view: str = "BASIC", url: str = URL) -> Document:
    task = {"name": f"{queue}/tasks/{task_id}", "http_request": {"url": url, "body": BODY}}
    return {"parent": queue, "task": task, "response_view": view}


def create(surface: Surface, queue: str, *requests: Document, **fields: str) -> Any:
    return surface.answer("batch_create_tasks", {"parent": queue, "requests": list(requests), **fields})


def delete(surface: Surface, queue: str, *ids: str) -> Any:
    names = [f"{queue}/tasks/{task_id}" for task_id in ids]
    return surface.answer("batch_delete_tasks", {"parent": queue, "names": names})


def ids(surface: Surface, queue: str) -> list[str]:
    return [task["name"].rpartition("/")[2] for task in surface.every("list_tasks", parent=queue)]


def test_a_batch_creates_its_tasks(surface: Surface, queue: str) -> None:
    """Each is answered in the view that was asked for."""
    operation = create(surface, queue, one(queue, "a"), one(queue, "b", "FULL"))

    tasks = [surface.document(task) for task in operation.result(timeout=10).tasks]

    assert [(task["name"][-1], task["http_request"].get("body"), task["view"]) for task in tasks] == [
        ("a", None, "BASIC"),
        ("b", BODY, "FULL"),
    ]
    metadata = {"start_time": NOW, "end_time": NOW, "state": "SUCCEEDED"}
    assert surface.document(operation.metadata) == metadata
    assert ids(surface, queue) == ["a", "b"]


def test_what_is_wrong_with_one_request_does_not_stop_the_others(surface: Surface, queue: str) -> None:
    """Whether its values are wrong or its name is taken; it is told by its place."""
    operation = create(surface, queue, one(queue, "a", url=""), one(queue, "b"), one(queue, "b"))

    assert [task.name[-1] for task in operation.result(timeout=10).tasks] == ["b"]
    assert surface.document(operation.metadata) == {
        "start_time": NOW,
        "end_time": NOW,
        "state": "PARTIALLY_SUCCEEDED",
        "failed_requests": {
            "0": {"code": 3, "message": "HttpRequest.url is required."},
            "2": {"code": 6, "message": "Requested entity already exists"},
        },
    }


def test_a_batch_that_fails_whole_fails_its_future(surface: Surface, queue: str) -> None:
    """With a text that refers to the metadata."""
    operation = delete(surface, queue, "none")

    with pytest.raises(
        exceptions.GoogleAPICallError, match=r"refer to BatchDeleteTasksMetadata\.failed_requests"
    ):
        operation.result(timeout=10)
    assert operation.metadata.state.name == "FAILED"


def test_a_batch_deletes_its_tasks(surface: Surface, queue: str) -> None:
    """Those that are there."""
    create(surface, queue, one(queue, "a"), one(queue, "b"))

    operation = delete(surface, queue, "a", "b", "c")
    operation.result(timeout=10)

    assert operation.metadata.state.name == "PARTIALLY_SUCCEEDED"
    assert list(operation.metadata.failed_requests) == [2]
    assert ids(surface, queue) == []


def test_a_request_id_makes_a_batch_repeatable(surface: Surface, parent: str, queue: str) -> None:
    """The second call gives the first one's operation, which can be asked for, and adds nothing."""
    first, second = (create(surface, queue, one(queue, "a"), request_id="once").operation for _ in "ab")

    assert first == second
    assert first.name == f"{parent}/operations/once"
    asked_for = surface.answer("get_operation", {"name": first.name})
    assert (asked_for.name, asked_for.done) == (first.name, True)
    assert ids(surface, queue) == ["a"]
    other = surface.refusal("batch_delete_tasks", parent=queue, names=[f"{queue}/tasks/a"], request_id="once")
    assert other.status == 400
    assert "'once' was used for another batch" in other.message


def test_a_batch_is_refused_whole(surface: Surface, parent: str, queue: str) -> None:
    """When it is empty, or is not about its queue alone."""
    other = f"{parent}/queues/other"

    assert surface.refusal("batch_create_tasks", parent=queue) == Refused(400, "The batch has no requests.")
    assert surface.refusal("batch_create_tasks", parent=queue, requests=[one(other, "a")]) == Refused(
        400, f"The parent of every request must be the same as the parent of the batch ('{queue}')."
    )
