"""Which names calls take: the short way to a name ends where the long one does."""

import pytest

from taskweir.domain.errors import InvalidArgument, Refusal
from taskweir.domain.name_rules import queue_of, task_in_body, task_of
from taskweir.domain.names import TaskName

_QUEUE = "projects/p/locations/l/queues/q"


@pytest.mark.parametrize(
    "text",
    [
        f"{_QUEUE}/tasks/t",
        f"{_QUEUE}/tasks/{'9' * 500}",
        "projects/p/locations/l/queues/tasks/tasks/tasks",
        "projects/tasks/locations/tasks/queues/tasks/tasks/t",
    ],
)
def test_a_task_s_name_is_taken_as_it_parses(text: str) -> None:
    """Also where its queue is called what stands before a task's id."""
    name = task_of(text)
    assert name == TaskName.parse(text)
    assert str(name) == text
    assert task_in_body(text, name.queue) == name


@pytest.mark.parametrize(
    ("text", "of_call", "in_body"),
    [
        ("", "Invalid resource", "Task name must be formatted"),
        ("t", "Invalid resource", "Task name must be formatted"),
        ("/tasks/t", "Invalid resource", "Task name must be formatted"),
        (f"{_QUEUE}/tasks/", "Invalid resource", "Task name must be formatted"),
        (f"{_QUEUE}/tasks/a/b", "Invalid resource", "Task name must be formatted"),
        (f"{_QUEUE}/tasks/tasks/t", "Invalid resource", "Task name must be formatted"),
        ("projects/p/locations/l_l/queues/q/tasks/t", "Invalid resource", "Task name must be formatted"),
        ("projects/p/locations/l/queues/q_q/tasks/t", "Queue ID", "The queue name from request"),
        ("projects/p/locations/l/queues/r/tasks/t", None, "The queue name from request"),
        (f"{_QUEUE}/tasks/t\n", "Task ID", "Task ID"),
        (f"{_QUEUE}/tasks/{'9' * 501}", "Task ID", "Task ID"),
        ("projects/p/locations/l/queues/q_q/tasks/t!", "Queue ID", "The queue name from request"),
    ],
)
def test_what_is_wrong_with_a_task_s_name_is_told(text: str, of_call: str | None, in_body: str) -> None:
    """A call's name and one in a body have texts of their own; None where the name is taken."""
    if of_call is None:
        assert task_of(text) == TaskName.parse(text)
    else:
        with pytest.raises(InvalidArgument, match=of_call):
            task_of(text)
    with pytest.raises(Refusal, match=in_body):
        task_in_body(text, queue_of(_QUEUE))
