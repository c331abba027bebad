"""Queues: the same through every version and transport."""

import pytest
from google.api_core import exceptions
from tests.api.surfaces.dialect import Document
from tests.api.surfaces.every_surface import NOW
from tests.api.surfaces.surface import Refused, Surface

from taskweir.testing import Clock

URL = "http://127.0.0.1:9/"
NOT_FOUND = (
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."
)
TOO_RECENTLY = "The queue cannot be created because a queue with this name existed too recently."
LIMITS = {"max_dispatches_per_second": 500.0, "max_burst_size": 100, "max_concurrent_dispatches": 1_000}
RETRY = {"max_attempts": 100, "min_backoff": "0.100s", "max_backoff": "3600s", "max_doublings": 16}
GIVEN = {
    "app_engine_routing_override": {"service": "worker", "version": "v1", "instance": "i"},
    "rate_limits": {"max_dispatches_per_second": 7.5, "max_concurrent_dispatches": 3},
    "retry_config": {
        "max_attempts": -1,
        "max_retry_duration": "90s",
        "min_backoff": "1.250s",
        "max_backoff": "60s",
        "max_doublings": 2,
    },
    "stackdriver_logging_config": {"sampling_ratio": 0.25},
}
TARGET = {
    "uri_override": {
        "scheme": "HTTPS",
        "host": "example.com",
        "port": "8443",
        "path_override": {"path": "/hook"},
        "query_override": {"query_params": "a=b"},
        "uri_override_enforce_mode": "IF_NOT_EXISTS",
    },
    "http_method": "PUT",
    "header_overrides": [{"header": {"key": "X-A", "value": "1"}}, {"header": {"key": "X-B"}}],
    "oidc_token": {"service_account_email": "me@example.com", "audience": "them"},
}


def given(surface: Surface, name: str) -> Document:
    """A queue with all that the version can say, but for an HTTP target."""
    fields = {key: value for key, value in GIVEN.items() if key not in surface.dialect.no_queue}
    return {"name": name, **fields}


def shown(surface: Surface, parent: str, name: str) -> Document:
    """Of that, with the burst and the App Engine host, which the server fills in."""
    host = f"i.v1.worker.{parent.split('/')[1]}.appspot.com"
    routing = {**GIVEN["app_engine_routing_override"], "host": host}
    return surface.dialect.shown_queue(
        {
            "name": name,
            **GIVEN,
            "app_engine_routing_override": routing,
            "rate_limits": {**GIVEN["rate_limits"], "max_burst_size": 10},
            "state": "RUNNING",
        }
    )


def defaults(surface: Surface, name: str, **fields: object) -> Document:
    queue = {"name": name, "rate_limits": LIMITS, "retry_config": RETRY, "state": "RUNNING"}
    return surface.dialect.shown_queue({**queue, **fields})


def test_a_queue_is_answered_with_every_default(surface: Surface, parent: str) -> None:
    """By the call that makes it and by those that read it."""
    name = f"{parent}/queues/q"
    expected = defaults(surface, name)

    assert surface.ask("create_queue", parent=parent, queue={"name": name}) == expected
    assert surface.ask("get_queue", name=name) == expected
    assert surface.every("list_queues", parent=parent) == [expected]


def test_every_field_of_a_queue_is_echoed(surface: Surface, parent: str) -> None:
    """Times with their fractions, and unlimited attempts."""
    name = f"{parent}/queues/q"
    expected = shown(surface, parent, name)

    assert surface.ask("create_queue", parent=parent, queue=given(surface, name)) == expected
    assert surface.ask("get_queue", name=name) == expected


def test_an_http_target_is_echoed(surface: Surface, parent: str) -> None:
    """All of it; a header without a value is there."""
    name = f"{parent}/queues/q"

    queue = surface.ask("create_queue", parent=parent, queue={"name": name, "http_target": TARGET})

    assert queue == defaults(surface, name, http_target=TARGET)


def test_an_empty_override_stays_there(surface: Surface, parent: str) -> None:
    """Set but empty is not the same as unset: an empty path clears the task's."""
    target = {"uri_override": {"scheme": "SCHEME_UNSPECIFIED", "port": "0", "path_override": {}}}
    queue = {"name": f"{parent}/queues/q", "http_target": target}

    assert surface.ask("create_queue", parent=parent, queue=queue)["http_target"] == target


def test_output_only_fields_are_passed_over(surface: Surface, parent: str) -> None:
    """What a client sends in them is neither refused nor kept."""
    name = f"{parent}/queues/q"
    queue = {"name": name, "state": "PAUSED", "purge_time": "2020-01-01T00:00:00Z"}

    assert surface.ask("create_queue", parent=parent, queue=queue) == defaults(surface, name)


def test_a_queue_pauses_and_resumes(surface: Surface, parent: str) -> None:
    """Twice the same is fine."""
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue={"name": name})

    for method, state in (
        ("pause_queue", "PAUSED"),
        ("pause_queue", "PAUSED"),
        ("resume_queue", "RUNNING"),
        ("resume_queue", "RUNNING"),
    ):
        assert surface.ask(method, name=name) == defaults(surface, name, state=state)
        assert surface.ask("get_queue", name=name)["state"] == state


def test_a_purge_removes_the_tasks_and_shows_its_time(surface: Surface, parent: str) -> None:
    """The time has microseconds."""
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue={"name": name})
    surface.ask("pause_queue", name=name)
    surface.ask("create_task", parent=name, task={"http_request": {"url": URL}})

    assert surface.ask("purge_queue", name=name)["purge_time"] == NOW
    assert surface.every("list_tasks", parent=name) == []


def test_a_deleted_queue_is_gone_and_its_name_is_blocked(surface: Surface, parent: str, clock: Clock) -> None:
    """For three days, and for an update too, which would make it."""
    name = f"{parent}/queues/q"
    create = {"parent": parent, "queue": {"name": name}}
    surface.ask("create_queue", **create)

    assert surface.ask("delete_queue", name=name) == {}

    assert surface.refusal("get_queue", name=name) == Refused(404, NOT_FOUND)
    assert surface.every("list_queues", parent=parent) == []
    clock.advance(days=3, seconds=-1)
    assert surface.refusal("create_queue", **create) == Refused(400, TOO_RECENTLY)
    assert surface.refusal("update_queue", queue={"name": name}) == Refused(400, TOO_RECENTLY)
    clock.advance(seconds=1)
    assert surface.ask("create_queue", **create) == defaults(surface, name)


def test_a_name_that_is_taken_is_refused(surface: Surface, parent: str) -> None:
    """As an exception for conflicts."""
    create = {"parent": parent, "queue": {"name": f"{parent}/queues/q"}}
    surface.ask("create_queue", **create)

    with pytest.raises(exceptions.Conflict):
        surface.ask("create_queue", **create)
    assert surface.refusal("create_queue", **create) == Refused(409, "Queue already exists")


def test_queues_come_in_pages_in_order(surface: Surface, parent: str) -> None:
    """The client follows the tokens."""
    for queue_id in ("b", "a10", "a", "C", "a1"):
        surface.ask("create_queue", parent=parent, queue={"name": f"{parent}/queues/{queue_id}"})

    pages = surface.pages("list_queues", parent=parent, page_size=2)

    ids = [[queue["name"].rpartition("/")[2] for queue in page] for page in pages]
    assert ids == [["C", "a"], ["a1", "a10"], ["b"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("state: PAUSED", ["b"]),
        ("{rate_limits.max_dispatches_per_second} < 100", ["a"]),
        ("NOT state=PAUSED AND retry_config.max_attempts >= 5", ["a"]),
        ("{rate_limits.max_concurrent_dispatches} = 3 OR http_target:*", ["a"]),
        ("{app_engine_routing_override}:*", ["b"]),
    ],
)
def test_queues_are_filtered(surface: Surface, parent: str, text: str, found: list[str]) -> None:
    """By their fields, as the version names them."""
    limits = {"max_dispatches_per_second": 5, "max_concurrent_dispatches": 3}
    for queue in (
        {"name": f"{parent}/queues/a", "rate_limits": limits},
        {"name": f"{parent}/queues/b", "app_engine_routing_override": {"service": "s"}},
    ):
        surface.ask("create_queue", parent=parent, queue=queue)
    surface.ask("pause_queue", name=f"{parent}/queues/b")
    for path in (*(f"rate_limits.{name}" for name in limits), "app_engine_routing_override"):
        text = text.replace(f"{{{path}}}", surface.dialect.path(path))

    queues = surface.every("list_queues", parent=parent, filter=text)

    assert [queue["name"].rpartition("/")[2] for queue in queues] == found


def test_an_update_makes_a_queue_that_is_not_there(surface: Surface, parent: str) -> None:
    """Only deletion blocks a name."""
    name = f"{parent}/queues/q"

    assert surface.ask("update_queue", queue={"name": name}) == defaults(surface, name)


def test_an_update_without_a_mask_replaces_everything(surface: Surface, parent: str) -> None:
    """What is not given goes back to its default; the state stays."""
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue=given(surface, name))
    surface.ask("pause_queue", name=name)
    expected = defaults(surface, name, state="PAUSED")

    assert surface.ask("update_queue", queue={"name": name}) == expected
    assert surface.ask("get_queue", name=name) == expected


@pytest.mark.parametrize(
    "mask",
    [
        ["rate_limits.max_dispatches_per_second"],
        ["rate_limits", "state"],
        ["name", "rate_limits.max_dispatches_per_second", "purge_time"],
    ],
    ids=["a part", "with an output-only path", "with others"],
)
def test_an_update_with_a_mask_changes_what_it_names(surface: Surface, parent: str, mask: list[str]) -> None:
    """The rest stays as it was; the burst follows the rate."""
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue={"name": name})
    queue = {**given(surface, name), "rate_limits": {"max_dispatches_per_second": 100}}

    answer = surface.ask("update_queue", queue=queue, update_mask=mask)

    limits = {**LIMITS, "max_dispatches_per_second": 100.0, "max_burst_size": 20}
    assert answer == defaults(surface, name, rate_limits=limits)


@pytest.mark.parametrize(
    "path",
    ["retry_config.max_attempts", "rate_limits.max_concurrent_dispatches", "app_engine_routing_override"],
)
def test_a_path_of_a_mask_has_the_versions_name(surface: Surface, parent: str, path: str) -> None:
    """One field goes back to its default, and no other."""
    name = f"{parent}/queues/q"
    before = surface.ask("create_queue", parent=parent, queue=given(surface, name))

    after = surface.ask("update_queue", queue={"name": name}, update_mask=[path])

    top, _, part = path.partition(".")
    if part:
        before[top][part] = {**LIMITS, **RETRY}[part]
    else:
        del before[top]
    assert after == surface.dialect.shown_queue(before)


def test_a_masked_field_without_a_value_is_cleared(surface: Surface, parent: str) -> None:
    """That is how an HTTP target is taken away."""
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue={"name": name, "http_target": TARGET})

    part = surface.ask("update_queue", queue={"name": name}, update_mask=["http_target.uri_override"])
    assert part["http_target"] == {key: TARGET[key] for key in TARGET if key != "uri_override"}
    whole = surface.ask("update_queue", queue={"name": name}, update_mask=["http_target"])
    assert whole == defaults(surface, name)


def test_a_mask_of_output_only_paths_changes_nothing(surface: Surface, parent: str) -> None:
    """They are ignored, which is not the same as an empty mask, which means everything."""
    name = f"{parent}/queues/q"
    before = surface.ask("create_queue", parent=parent, queue=given(surface, name))

    assert surface.ask("update_queue", queue={"name": name}, update_mask=["state", "name"]) == before


def test_a_mask_that_names_no_field_is_refused(surface: Surface, parent: str) -> None:
    """By the name it was given."""
    name = f"{parent}/queues/q"

    refusal = surface.refusal("update_queue", queue={"name": name}, update_mask=["rate_limits.nothing"])

    assert refusal == Refused(400, "Invalid mask for Queue: rate_limits.nothing")


def test_refusals_bring_details(surface: Surface, parent: str) -> None:
    """A link to the documentation, which the client unpacks."""
    refusal = surface.refusal("create_queue", parent=parent, queue={"name": "nonsense"})

    link = {
        "description": "Definition of queue name",
        "url": "https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#Queue.FIELDS.name",
    }
    message = (
        'Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>".'
    )
    assert refusal == Refused(400, message, ({"links": [link]},))
