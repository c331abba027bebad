"""Resource names."""

import pytest

from taskweir.domain.names import LocationName, OperationName, QueueName, TaskName


@pytest.mark.parametrize(
    "text",
    [
        "projects/p/locations/l/queues/q/tasks/t",
        "projects/example.com:proj/locations/us-central1/queues/Q-1/tasks/A_b-9",
        "projects/123/locations/l/queues/q/tasks/" + "9" * 500,
    ],
)
def test_a_task_name_survives_parsing(text: str) -> None:
    """It prints as it was."""
    name = TaskName.parse(text)
    assert name is not None
    assert str(name) == text
    assert name.has_legal_id
    assert str(QueueName.parse(str(name.queue))) == str(name.queue)
    assert str(LocationName.parse(str(name.queue.parent))) == str(name.queue.parent)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "projects",
        "projects//locations/l/queues/q",
        "projects/p/locations//queues/q",
        "projects/p/locations/l/queues/",
        "projects/p/locations/l/queues/q/",
        "/projects/p/locations/l/queues/q",
        "projects/p/locations/l/queues/q/tasks/t",
        "projects/p p/locations/l/queues/q",
        "projects/p/locations/l_l/queues/q",
        "projects/p/locations/l/queues/q\n",
    ],
)
def test_what_is_no_queue_name_is_none(text: str) -> None:
    """Its shape, project and location are checked."""
    name = QueueName.parse(text)
    assert name is None or not name.has_legal_id


@pytest.mark.parametrize(
    ("queue_id", "legal"), [("a-B-9", True), ("a_b", False), ("a" * 101, False), ("é", False)]
)
def test_a_queue_id_has_no_underscore(queue_id: str, legal: bool) -> None:
    """Letters, digits and hyphens, 1 to 100."""
    name = QueueName.parse(f"projects/p/locations/l/queues/{queue_id}")
    assert name is not None
    assert name.has_legal_id is legal


@pytest.mark.parametrize(
    ("task_id", "legal"), [("a_B-9", True), ("a.b", False), ("a" * 501, False), ("a b", False)]
)
def test_a_task_id_may_have_underscores(task_id: str, legal: bool) -> None:
    """Letters, digits, hyphens and underscores, 1 to 500."""
    name = TaskName.parse(f"projects/p/locations/l/queues/q/tasks/{task_id}")
    assert name is not None
    assert name.has_legal_id is legal


def test_operations_and_cmek_configs_have_names_in_a_location() -> None:
    """Both parse to the location they are in."""
    operation = OperationName.parse("projects/p/locations/l/operations/o")
    assert operation is not None
    assert operation.location == LocationName("p", "l")
    assert LocationName.parse_cmek_config("projects/p/locations/l/cmekConfig") == LocationName("p", "l")
    assert LocationName.parse_cmek_config("projects/p/locations/l") is None
