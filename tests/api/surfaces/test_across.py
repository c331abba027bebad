"""What one surface writes, every other reads: and what of it a version that cannot say it shows instead."""

from collections.abc import Mapping
from typing import Any

import pytest
from tests.api.surfaces.dialect import Document
from tests.api.surfaces.every_surface import NOW
from tests.api.surfaces.surface import Refused, Surface
from tests.api.surfaces.what_is_shown import TABLE, TARGET, Shown

Surfaces = Mapping[tuple[str, str], Surface]

URL = "http://127.0.0.1:9/job"
LATER = "2026-12-01T08:30:15.250001Z"
CREATED = "2026-11-22T12:00:00Z"
BODY = "AAH/gA=="


def make_queue(surface: Surface, parent: str, **fields: Any) -> str:
    """A paused one, so that tasks stay."""
    name = f"{parent}/queues/q"
    surface.ask("create_queue", parent=parent, queue={"name": name, **fields})
    surface.ask("pause_queue", name=name)
    return name


@pytest.mark.parametrize("target", [{}, {"http_target": TARGET}], ids=["App Engine", "HTTP"])
def test_a_queue_is_read_through_every_surface(
    surface: Surface, surfaces: Surfaces, parent: str, target: Document
) -> None:
    """Whatever made it: all of it that the reader has a place for. Its App Engine routing goes with v2beta2's target."""
    routing = {} if target and surface.version == "v2beta2" else {"service": "worker"}
    given = {
        **target,
        "rate_limits": {"max_dispatches_per_second": 7.5, "max_concurrent_dispatches": 3},
        "retry_config": {
            "max_attempts": -1,
            "min_backoff": "1.250s",
            "max_backoff": "60s",
            "max_doublings": 2,
        },
        "stackdriver_logging_config": {"sampling_ratio": 0.25},
    }
    given = {key: value for key, value in given.items() if key not in surface.dialect.no_queue}
    if routing:
        given["app_engine_routing_override"] = routing
    name = make_queue(surface, parent, **given)
    expected = {**given, "name": name, "state": "PAUSED"}
    expected["rate_limits"] = {**given["rate_limits"], "max_burst_size": 10}
    if routing:
        host = f"worker.{parent.split('/')[1]}.appspot.com"
        expected["app_engine_routing_override"] = {**routing, "host": host}

    for reader in surfaces.values():
        shown = reader.dialect.shown_queue(expected)
        assert reader.ask("get_queue", name=name) == shown, reader
        assert reader.every("list_queues", parent=parent) == [shown], reader


@pytest.mark.parametrize(
    "request_fields",
    [
        {
            "http_request": {
                "url": URL,
                "http_method": "PUT",
                "headers": {"X-Mine": "ü"},
                "body": BODY,
                "oidc_token": {"service_account_email": "me@example.com", "audience": "a"},
            }
        },
        {
            "app_engine_http_request": {
                "http_method": "PUT",
                "app_engine_routing": {"service": "worker"},
                "relative_uri": "/job",
                "headers": {"X-Mine": "ü"},
                "body": BODY,
            }
        },
    ],
    ids=["HTTP", "App Engine"],
)
def test_a_task_is_read_through_every_surface(
    surface: Surface, surfaces: Surfaces, parent: str, request_fields: Document
) -> None:
    """Whatever made it, in both views; and what was tried is told."""
    queue = make_queue(surface, parent)
    name = f"{queue}/tasks/t"
    given = {"name": name, "schedule_time": LATER, **request_fields}
    surface.ask("create_task", parent=queue, task=given)
    [(kind, request)] = request_fields.items()
    if kind == "http_request":
        request = {**request, "headers": {**request["headers"], "User-Agent": "Google-Cloud-Tasks"}}
        given["dispatch_deadline"] = "600s"
    else:
        host = f"worker.{parent.split('/')[1]}.appspot.com"
        request = {**request, "app_engine_routing": {"service": "worker", "host": host}}
        request["headers"] = {
            **request["headers"],
            "User-Agent": "AppEngine-Google; (+http://code.google.com/appengine)",
            "Content-Length": "4",
            "Content-Type": "application/octet-stream",
        }
    full = {**given, kind: request, "create_time": CREATED, "view": "FULL"}
    without_body = {key: value for key, value in request.items() if key != "body"}
    basic = {**full, kind: without_body, "view": "BASIC"}

    for reader in surfaces.values():
        for view, task in (("FULL", full), ("BASIC", basic)):
            shown = reader.dialect.shown_task(task)
            assert reader.ask("get_task", name=name, response_view=view) == shown, reader
            assert reader.every("list_tasks", parent=queue, response_view=view) == [shown], reader


@pytest.mark.parametrize("maker", [("v2beta2", "grpc"), ("v2beta2", "rest")], ids=["grpc", "rest"])
def test_a_pull_task_is_read_through_every_surface(
    surfaces: Surfaces, parent: str, maker: tuple[str, str]
) -> None:
    """While it is leased, too. v2 shows it without its payload; but for v2beta2 nobody makes one."""
    writer = surfaces[maker]
    queue = f"{parent}/queues/q"
    writer.ask("create_queue", parent=parent, queue={"name": queue, "pull_target": {}})
    pull = {"pull_message": {"payload": BODY, "tag": "red"}}
    writer.ask("create_task", parent=queue, task={"name": f"{queue}/tasks/t", **pull})
    writer.ask("lease_tasks", parent=queue, max_tasks=1, lease_duration="60s")

    task = {
        "name": f"{queue}/tasks/t",
        "schedule_time": "2026-11-22T12:01:00.123456Z",
        "create_time": CREATED,
        "dispatch_count": 1,
        "view": "FULL",
    }
    for reader in surfaces.values():
        shown = task if reader.version == "v2" else {**task, **pull}
        assert reader.ask("get_task", name=task["name"], response_view="FULL") == shown, reader
        assert reader.every("list_tasks", parent=queue, response_view="FULL") == [shown], reader
        if reader.version != "v2beta2":
            http = {"http_request": {"url": URL}}
            assert reader.refusal("create_task", parent=queue, task=http) == Refused(
                400, "Task.pull_message must be set for tasks in a pull queue."
            )
        assert reader.refusal("run_task", name=task["name"]).status == 400
    refusal = surfaces["v2beta3", maker[1]].refusal("create_task", parent=queue, task=pull)
    assert refusal == Refused(400, "Task.pullMessage cannot be set through v2beta3.")


def test_what_one_surface_changes_every_other_sees(surface: Surface, surfaces: Surfaces, parent: str) -> None:
    """A state, a rate, a purge, a policy, a deleted task, and a deleted queue."""
    queue = make_queue(surfaces["v2", "grpc"], parent)
    for name in ("a", "b"):
        task = {"name": f"{queue}/tasks/{name}", "http_request": {"url": URL}}
        surfaces["v2beta2", "rest"].ask("create_task", parent=queue, task=task)
    rate = {"rate_limits": {"max_dispatches_per_second": 5}}
    mask = ["rate_limits.max_dispatches_per_second"]

    surface.ask("delete_task", name=f"{queue}/tasks/a")
    surface.ask("update_queue", queue={"name": queue, **rate}, update_mask=mask)
    policy = surface.ask(
        "set_iam_policy", resource=queue, policy={"bindings": [{"role": "roles/viewer", "members": ["x"]}]}
    )
    for reader in surfaces.values():
        assert [task["name"][-1] for task in reader.every("list_tasks", parent=queue)] == ["b"], reader
        seen = reader.ask("get_queue", name=queue)
        assert (seen["rate_limits"]["max_dispatches_per_second"], seen["state"]) == (5, "PAUSED"), reader
        assert reader.ask("get_iam_policy", resource=queue) == policy, reader

    surface.ask("purge_queue", name=queue)
    surface.ask("resume_queue", name=queue)
    for reader in surfaces.values():
        assert reader.every("list_tasks", parent=queue) == [], reader
        seen = reader.ask("get_queue", name=queue)
        assert (seen["purge_time"], seen["state"]) == (NOW, "RUNNING"), reader

    surface.ask("delete_queue", name=queue)
    for reader in surfaces.values():
        assert reader.refusal("get_queue", name=queue).status == 404, reader
        assert reader.every("list_queues", parent=parent) == [], reader


@pytest.mark.parametrize("case", TABLE, ids=[case.what for case in TABLE])
@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_what_a_version_cannot_say_is_shown_so(
    surfaces: Surfaces, parent: str, case: Shown, transport: str
) -> None:
    """Each in its own terms."""
    name = f"{parent}/queues/q"
    writer = surfaces[case.writer, transport]
    writer.ask("create_queue", parent=parent, queue={"name": name, **case.queue})
    get = "get_queue"
    if case.task is not None:
        get, queue, name = "get_task", name, f"{name}/tasks/t"
        writer.ask("create_task", parent=queue, task={"name": name, "schedule_time": LATER, **case.task})

    for reader in surfaces.values():
        answer = reader.as_it_is(reader.answer(get, {"name": name}))
        shown = {key: value for key, value in answer.items() if key in case.fields}
        assert shown == case.by(reader.version, parent.split("/")[1]), reader


def test_attempts_are_told_by_each_version_in_its_own_terms(surfaces: Surfaces, parent: str) -> None:
    """Where v2beta2 has a status for it."""
    queue = make_queue(surfaces["v2", "grpc"], parent)
    name = f"{queue}/tasks/t"
    surfaces["v2", "grpc"].ask("create_task", parent=queue, task={"name": name, "http_request": {"url": URL}})
    surfaces["v2beta2", "grpc"].ask("run_task", name=name)

    fields = {"dispatch_count", "first_attempt"}
    status = {"attempt_dispatch_count", "first_attempt_status"}
    for (version, _), reader in surfaces.items():
        task = reader.as_it_is(reader.answer("get_task", {"name": name}))
        if version == "v2beta2":
            told = {key: task["status"][key] for key in status}
            assert not fields & task.keys()
            assert told == {"attempt_dispatch_count": 1, "first_attempt_status": {"dispatch_time": NOW}}
        else:
            assert "status" not in task
            assert {key: task[key] for key in fields} == {
                "dispatch_count": 1,
                "first_attempt": {"dispatch_time": NOW},
            }


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_an_update_leaves_what_its_version_cannot_say(
    surfaces: Surfaces, parent: str, transport: str
) -> None:
    """Though it has no mask, and so stands for all that the version has."""
    v2, v2beta3, v2beta2 = (surfaces[version, transport] for version in ("v2", "v2beta3", "v2beta2"))
    queue = {"name": f"{parent}/queues/q"}
    override, logging = {"service": "worker"}, {"sampling_ratio": 0.5}
    times = {"task_ttl": "864000s", "tombstone_ttl": "7200s"}
    v2beta3.ask(
        "create_queue",
        parent=parent,
        queue={
            **queue,
            **times,
            "app_engine_routing_override": override,
            "stackdriver_logging_config": logging,
        },
    )

    v2beta2.ask("update_queue", queue={**queue, "http_target": TARGET, **times})
    after = v2.ask("get_queue", **queue)
    assert after["app_engine_routing_override"]["service"] == "worker"
    assert (after["stackdriver_logging_config"], after["http_target"]) == (logging, TARGET)
    v2.ask("update_queue", queue=queue)
    after = v2beta3.ask("get_queue", **queue)
    assert {name: after[name] for name in times} == times
    assert "app_engine_routing_override" not in after

    pull = {"name": f"{parent}/queues/pull"}
    v2beta2.ask("create_queue", parent=parent, queue={**pull, "pull_target": {}})
    before = v2beta2.ask("get_queue", **pull)
    for writer in (v2, v2beta3, v2beta2):
        writer.ask("update_queue", queue=pull)
    assert v2beta2.ask("get_queue", **pull) == before
