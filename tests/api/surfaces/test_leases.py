"""Pull queues and leases: through v2beta2, over both transports."""

from collections.abc import Iterator
from typing import Any

import pytest
from google.api_core import exceptions
from tests.api.surfaces.dialect import TTLS, Document
from tests.api.surfaces.every_surface import NOW, of
from tests.api.surfaces.surface import Refused, Surface

from taskweir.testing import Clock

pytestmark = of("v2beta2")
CREATED = "2026-11-22T12:00:00Z"
IN_A_MINUTE = "2026-11-22T12:01:00.123456Z"
IN_TEN_MINUTES = "2026-11-22T12:10:00.123456Z"
PAYLOAD = "AAH/gA=="
OVER = "The lease of the task is over."
NOT_THE_PROOF = (
    "The schedule time is not that of the task's lease: the lease was changed, or another holds the task."
)


@pytest.fixture
def queue(surface: Surface, parent: str) -> str:
    """A pull queue."""
    name = f"{parent}/queues/pull"
    surface.ask("create_queue", parent=parent, queue={"name": name, "pull_target": {}})
    return name


def put(surface: Surface, queue: str, task_id: str, tag: str = "", **fields: Any) -> Document:
    message = {"payload": PAYLOAD, "tag": tag}
    task = {"name": f"{queue}/tasks/{task_id}", "pull_message": message, **fields}
    return surface.ask("create_task", parent=queue, task=task)


def lease(
    surface: Surface, queue: str, count: int = 10, duration: str = "60s", **fields: str
) -> list[Document]:
    request = {"parent": queue, "max_tasks": count, "lease_duration": duration, **fields}
    tasks: list[Document] = surface.ask("lease_tasks", **request)["tasks"]
    return tasks


def ids(tasks: list[Document]) -> list[str]:
    return [task["name"].rpartition("/")[2] for task in tasks]


def held(task: Document, **fields: str) -> Document:
    """What its holder says of it."""
    return {"name": task["name"], "schedule_time": task["schedule_time"], **fields}


def test_a_pull_queue_is_answered_with_every_default(surface: Surface, parent: str, queue: str) -> None:
    """Its rates are output only; leases are unlimited."""
    expected = {
        "name": queue,
        "pull_target": {},
        "rate_limits": {
            "max_dispatches_per_second": 10_000.0,
            "max_burst_size": 10_000,
            "max_concurrent_dispatches": -1,
        },
        "retry_config": {"max_attempts": -1, "min_backoff": "0s", "max_backoff": "0s"},
        "state": "RUNNING",
        **TTLS,
    }

    assert surface.ask("get_queue", name=queue) == expected
    assert surface.every("list_queues", parent=parent, filter="pull_target:*") == [expected]


def test_a_task_is_leased_with_its_payload(surface: Surface, queue: str) -> None:
    """Which the FULL view alone has; its schedule time is the end of the lease, and the lease is counted."""
    created = put(surface, queue, "t", "red")
    assert created == {
        "name": f"{queue}/tasks/t",
        "pull_message": {"tag": "red"},
        "schedule_time": NOW,
        "create_time": CREATED,
        "view": "BASIC",
    }

    [leased] = lease(surface, queue, response_view="FULL")

    message = {"payload": PAYLOAD, "tag": "red"}
    assert leased == {
        **created,
        "pull_message": message,
        "schedule_time": IN_A_MINUTE,
        "dispatch_count": 1,
        "view": "FULL",
    }
    assert surface.ask("get_task", name=leased["name"], response_view="FULL") == leased
    basic = {**leased, "pull_message": {"tag": "red"}, "view": "BASIC"}
    assert surface.every("list_tasks", parent=queue) == [basic]
    assert lease(surface, queue) == []


def test_the_basic_view_of_a_lease_has_no_payload(surface: Surface, queue: str) -> None:
    """It is the view unless another is asked for, as in a renewal."""
    put(surface, queue, "t", "red")

    [leased] = lease(surface, queue)
    renewed = surface.ask("renew_lease", **held(leased, lease_duration="60s"))
    cancelled = surface.ask("cancel_lease", **held(renewed))

    for task in (leased, renewed, cancelled):
        assert (task["pull_message"], task["view"]) == ({"tag": "red"}, "BASIC")


def test_tasks_are_leased_in_order_of_their_times(surface: Surface, queue: str, clock: Clock) -> None:
    """Those that are due; none twice."""
    put(surface, queue, "later", schedule_time="2026-11-22T13:00:00Z")
    put(surface, queue, "c")
    clock.advance(seconds=1)
    for task_id in ("b", "a"):
        put(surface, queue, task_id)
        clock.advance(seconds=1)

    assert [ids(lease(surface, queue, 2)) for _ in range(3)] == [["c", "b"], ["a"], []]


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("", ["t1", "t2", "t3", "t4"]),
        ("tag=red", ["t1", "t3"]),
        ("tag=blue sky", ["t2"]),
        ('tag="blue sky"', ["t2"]),
        ("tag=green", []),
        ("tag=", ["t4"]),
        ("tag_function=oldest_tag()", ["t1", "t3"]),
        ("tag=oldest_tag()", ["t1", "t3"]),
    ],
)
def test_a_filter_is_by_tag(
    surface: Surface, queue: str, clock: Clock, filter: str, found: list[str]
) -> None:
    """Of one, or of that of the oldest task."""
    for task_id, tag in (("t1", "red"), ("t2", "blue sky"), ("t3", "red"), ("t4", "")):
        put(surface, queue, task_id, tag)
        clock.advance(seconds=1)

    assert ids(lease(surface, queue, filter=filter)) == found


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "filter",
            "colour=red",
            "The filter must be 'tag=<tag>' or 'tag_function=oldest_tag()', not 'colour=red'.",
        ),
        (
            "filter",
            "tag_function=newest_tag()",
            "The only tag_function of a filter is oldest_tag(), not 'newest_tag()'.",
        ),
        ("max_tasks", 0, "maxTasks must be between 1 and 1000."),
        ("max_tasks", 1_001, "maxTasks must be between 1 and 1000."),
        ("lease_duration", "0s", "leaseDuration must be between [1s, 604800s]."),
        ("lease_duration", "604801s", "leaseDuration must be between [1s, 604800s]."),
    ],
)
def test_what_is_wrong_with_a_lease_is_told(
    surface: Surface, queue: str, field: str, value: object, message: str
) -> None:
    """In the same words over both."""
    request = {"parent": queue, "max_tasks": 1, "lease_duration": "60s", field: value}

    assert surface.refusal("lease_tasks", **request) == Refused(400, message)


def test_an_acknowledged_task_is_gone(surface: Surface, queue: str) -> None:
    """And its name is blocked."""
    put(surface, queue, "t")
    [task] = lease(surface, queue)

    assert surface.ask("acknowledge_task", **held(task)) == {}

    assert surface.every("list_tasks", parent=queue) == []
    with pytest.raises(exceptions.NotFound, match="existed recently"):
        surface.ask("get_task", name=task["name"])
    with pytest.raises(exceptions.Conflict, match="existed too recently"):
        put(surface, queue, "t")


def test_a_lease_is_renewed(surface: Surface, queue: str, clock: Clock) -> None:
    """From now on, for whole seconds; the old time is no proof any more."""
    put(surface, queue, "t")
    [task] = lease(surface, queue)

    renewed = surface.ask("renew_lease", **held(task, lease_duration="600.900s", response_view="FULL"))

    assert renewed["schedule_time"] == IN_TEN_MINUTES
    assert renewed["pull_message"] == {"payload": PAYLOAD}
    for method, request in proofs(task):
        assert surface.refusal(method, **request) == Refused(400, NOT_THE_PROOF), method
    clock.advance(minutes=9)
    assert lease(surface, queue) == []
    surface.ask("acknowledge_task", **held(renewed))


def test_a_cancelled_lease_is_over(surface: Surface, queue: str) -> None:
    """Others can have the task at once."""
    put(surface, queue, "t")
    [task] = lease(surface, queue)

    cancelled = surface.ask("cancel_lease", **held(task, response_view="FULL"))

    assert (cancelled["schedule_time"], cancelled["dispatch_count"]) == (NOW, 1)
    assert cancelled["pull_message"] == {"payload": PAYLOAD}
    for method, request in proofs(task):
        assert surface.refusal(method, **request) == Refused(400, OVER), method
    [again] = lease(surface, queue)
    assert again["dispatch_count"] == 2
    assert again["schedule_time"] != task["schedule_time"]


def test_a_lease_ends(surface: Surface, queue: str, clock: Clock) -> None:
    """To the microsecond: then the old holder's proof is worth nothing, and another can have the task."""
    put(surface, queue, "t")
    [task] = lease(surface, queue)

    clock.advance(seconds=59.999999)
    assert lease(surface, queue) == []
    clock.advance(seconds=0.000001)
    for method, request in proofs(task):
        assert surface.refusal(method, **request) == Refused(400, OVER), method
    [again] = lease(surface, queue)

    assert again["dispatch_count"] == 2
    for method, request in proofs(task):
        assert surface.refusal(method, **request) == Refused(400, NOT_THE_PROOF), method
    surface.ask("acknowledge_task", **held(again))


def proofs(task: Document) -> Iterator[tuple[str, Document]]:
    """The calls that want a proof."""
    yield "acknowledge_task", held(task)
    yield "renew_lease", held(task, lease_duration="60s")
    yield "cancel_lease", held(task)


def test_a_task_that_nobody_holds_has_no_proof(surface: Surface, queue: str) -> None:
    """Neither the time that it was created with, nor none."""
    task = put(surface, queue, "t", schedule_time=IN_A_MINUTE)

    for method, request in proofs(task):
        assert surface.refusal(method, **request) == Refused(400, "The task is not leased."), method
        del request["schedule_time"]
        kind = "".join(word.capitalize() for word in method.split("_")) + "Request"
        assert surface.refusal(method, **request) == Refused(400, f"{kind}.scheduleTime is required."), method


def test_a_number_of_leases_can_be_set(surface: Surface, parent: str, clock: Clock) -> None:
    """When the last one is over, the task is dropped."""
    name = f"{parent}/queues/twice"
    queue = {"name": name, "pull_target": {}, "retry_config": {"max_attempts": 2}}
    assert surface.ask("create_queue", parent=parent, queue=queue)["retry_config"]["max_attempts"] == 2
    put(surface, name, "t")

    for count in (1, 2):
        assert [task["dispatch_count"] for task in lease(surface, name)] == [count]
        clock.advance(minutes=1)

    assert lease(surface, name) == []
    assert surface.every("list_tasks", parent=name) == []


@pytest.mark.parametrize("state", ["paused", "push"])
def test_a_queue_that_gives_no_leases(surface: Surface, parent: str, queue: str, state: str) -> None:
    """One that is paused, and one that pushes."""
    if state == "paused":
        surface.ask("pause_queue", name=queue)
        message = "Tasks of a paused queue cannot be leased."
    else:
        queue = f"{parent}/queues/push"
        surface.ask("create_queue", parent=parent, queue={"name": queue})
        message = "Only tasks of a pull queue can be leased."

    refusal = surface.refusal("lease_tasks", parent=queue, max_tasks=1, lease_duration="60s")

    assert refusal == Refused(400, message)


def test_a_task_fits_its_queue(surface: Surface, parent: str, queue: str) -> None:
    """Pull queues have pull tasks, which cannot be run, and push queues have the others."""
    push = f"{parent}/queues/push"
    surface.ask("create_queue", parent=parent, queue={"name": push})
    http, pull = {"http_request": {"url": "http://127.0.0.1:9/"}}, {"pull_message": {"tag": "t"}}
    name = put(surface, queue, "t")["name"]

    assert surface.refusal("create_task", parent=queue, task=http) == Refused(
        400, "Task.pull_message must be set for tasks in a pull queue."
    )
    assert surface.refusal("create_task", parent=push, task=pull) == Refused(
        400, "Task.pull_message can only be set for tasks in a pull queue."
    )
    assert surface.refusal("run_task", name=name).status == 400


def test_leases_have_a_quota(surface: Surface, queue: str) -> None:
    """Of ten calls a second for each queue."""
    with pytest.raises(exceptions.TooManyRequests):
        lease_often(surface, queue)


def lease_often(surface: Surface, queue: str) -> None:
    for _ in range(500):
        lease(surface, queue)


def test_the_kind_of_a_queue_stays(surface: Surface, queue: str) -> None:
    """It is the one thing that an update cannot change."""
    update = {"name": queue, "http_target": {}}

    assert surface.refusal("update_queue", queue=update) == Refused(
        400, "Queue.type cannot be changed: it is PULL."
    )
    assert "pull_target" in surface.ask("update_queue", queue={"name": queue})
