"""What the betas have in common beyond v2: read masks, stats, times of tasks and their names, a burst to set."""

import pytest
from tests.api.surfaces.every_surface import NOW, of
from tests.api.surfaces.surface import Refused, Surface

pytestmark = of("v2beta3", "v2beta2")
URL = "http://127.0.0.1:9/"


@pytest.fixture
def queue(surface: Surface, parent: str) -> str:
    """With a task, in a paused queue."""
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue={"name": name})
    surface.ask("pause_queue", name=name)
    surface.ask("create_task", parent=name, task={"http_request": {"url": URL}})
    return name


def test_stats_are_there_when_a_read_mask_names_them(surface: Surface, parent: str, queue: str) -> None:
    """And with them nothing else; without a mask they are not."""
    expected = {
        "stats": {
            "tasks_count": "1",
            "oldest_estimated_arrival_time": NOW,
            "effective_execution_rate": 500.0,
        }
    }

    assert surface.ask("get_queue", name=queue, read_mask=["stats"]) == expected
    assert surface.every("list_queues", parent=parent, read_mask=["stats"]) == [expected]
    assert "stats" not in surface.ask("get_queue", name=queue)
    part = surface.ask("get_queue", name=queue, read_mask=["stats.tasks_count", "name"])
    assert part == {"name": queue, "stats": {"tasks_count": "1"}}


def test_a_read_mask_is_a_choice_of_fields(surface: Surface, parent: str, queue: str) -> None:
    """By the names of the version."""
    mask = ["name", "rate_limits.max_dispatches_per_second"]
    expected = {"name": queue, "rate_limits": {"max_dispatches_per_second": 500.0}}

    assert surface.ask("get_queue", name=queue, read_mask=mask) == expected
    assert surface.every("list_queues", parent=parent, read_mask=mask) == [expected]
    assert surface.refusal("get_queue", name=queue, read_mask=["nothing"]) == Refused(
        400, "Invalid mask for Queue: nothing"
    )


def test_a_queue_can_say_how_long_it_keeps_tasks_and_names(surface: Surface, parent: str) -> None:
    """When it is made, and when it is changed; then it goes back to what holds for all."""
    name = f"{parent}/queues/q"
    times = {"task_ttl": "864000s", "tombstone_ttl": "7200s"}

    made = surface.ask("create_queue", parent=parent, queue={"name": name, **times})
    part = surface.ask("update_queue", queue={"name": name}, update_mask=["task_ttl"])
    whole = surface.ask("update_queue", queue={"name": name})

    shown = [(queue["task_ttl"], queue["tombstone_ttl"]) for queue in (made, part, whole)]
    assert shown == [("864000s", "7200s"), ("2678400s", "7200s"), ("2678400s", "3600s")]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("task_ttl", "863999s", "Queue.taskTtl must be between [240h, 87600h]."),
        ("tombstone_ttl", "777601s", "Queue.tombstoneTtl must be between [1h, 216h]."),
        ("rate_limits", {"max_burst_size": -1}, "RateLimits.maxBurstSize cannot be negative."),
        (
            "rate_limits",
            {"max_burst_size": 501},
            "RateLimits.maxBurstSize must be less than or equal to 500.",
        ),
    ],
)
def test_what_the_betas_add_has_its_bounds(
    surface: Surface, parent: str, field: str, value: object, message: str
) -> None:
    """Told as those of the other fields are."""
    queue = {"name": f"{parent}/queues/q", field: value}

    assert surface.refusal("create_queue", parent=parent, queue=queue) == Refused(400, message)


def test_a_burst_can_be_set(surface: Surface, parent: str) -> None:
    """It stays until the rate changes."""
    name = f"{parent}/queues/q"
    rate = ["rate_limits.max_dispatches_per_second"]
    limits = {"max_dispatches_per_second": 100, "max_burst_size": 7}

    made = surface.ask("create_queue", parent=parent, queue={"name": name, "rate_limits": limits})
    kept = surface.ask(
        "update_queue", queue={"name": name}, update_mask=["rate_limits.max_concurrent_dispatches"]
    )
    slower = {"max_dispatches_per_second": 50}
    new = surface.ask("update_queue", queue={"name": name, "rate_limits": slower}, update_mask=rate)

    assert [queue["rate_limits"]["max_burst_size"] for queue in (made, kept, new)] == [7, 7, 10]
