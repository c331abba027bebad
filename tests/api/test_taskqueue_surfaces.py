"""The old taskqueue API beside the others: its first edition, its ways of naming a project, its units, and v2beta2."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.old_api import EARLIER, LATER, OldApi, old_api
from tests.api.running import NOW

from taskweir.domain.times import MINUTE, SECOND

V2BETA2 = "/v2beta2/projects/local/locations/us-central1/queues/orders"
QUEUE_NAME = "projects/local/locations/us-central1/queues/orders"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[OldApi]:
    async with old_api(tmp_path) as served:
        yield served


async def test_every_field_of_a_task_round_trips_through_insert_lease_get_list_update_patch_and_delete(
    api: OldApi,
) -> None:
    """All the members of the documented resource: each is shown by each method as it was given, or as it has become."""
    given = {
        "kind": "taskqueues#task",
        "id": "a",
        "queueName": "orders",
        "payloadBase64": base64.b64encode(bytes(range(256))).decode(),
        "tag": "red",
    }
    constant = {
        **given,
        "queueName": "projects/s~local/taskqueues/orders",
        "enqueueTimestamp": str(NOW // SECOND * SECOND),
    }

    def shown(lease_end: int, count: int) -> dict[str, Any]:
        return {**constant, "leaseTimestamp": str(lease_end), "retry_count": count}

    async def read() -> list[Any]:
        """As get shows it, and as list does, which has no payloads."""
        (listed,) = (await api.call("GET", "/tasks")).content["items"]
        assert "payloadBase64" not in listed
        listed["payloadBase64"] = given["payloadBase64"]
        return [(await api.call("GET", "/tasks/a")).content, listed]

    assert (await api.call("POST", "/tasks", given)).content == shown(0, 0)
    assert await read() == [shown(0, 0)] * 2
    assert await api.lease(1, 60, groupByTag=True, tag="red") == [shown(NOW + 60 * SECOND, 1)]
    assert await read() == [shown(NOW + 60 * SECOND, 1)] * 2
    updated = await api.change("a", 90, "POST", leaseTimestamp=str(NOW + 60 * SECOND))
    assert updated.content == shown(NOW + 90 * SECOND, 1)
    assert await read() == [updated.content] * 2
    patched = await api.change("a", 120, "PATCH", **{**updated.content, "queueName": "orders"})
    assert patched.content == shown(NOW + 120 * SECOND, 1)
    assert await read() == [patched.content] * 2
    assert (await api.call("DELETE", "/tasks/a")).status == 204
    assert (await api.call("GET", "/tasks/a")).status == 404
    assert "items" not in (await api.call("GET", "/tasks")).content


async def test_a_task_of_the_old_api_is_worked_off_through_v2beta2(api: OldApi) -> None:
    """It is leased, renewed and acknowledged there, and seen here all the way."""
    await api.insert("a", payload="+/8=", tag="red")
    leased = await api.call(
        "POST", "/tasks:lease", {"maxTasks": 10, "leaseDuration": "60s", "responseView": "FULL"}, base=V2BETA2
    )
    (task,) = leased.content["tasks"]
    assert task["name"] == f"{QUEUE_NAME}/tasks/a"
    assert task["pullMessage"] == {"payload": "+/8=", "tag": "red"}
    seen = (await api.call("GET", "/tasks/a")).content
    assert (seen["leaseTimestamp"], seen["retry_count"]) == (str(NOW + 60 * SECOND), 1)
    renewal = {"scheduleTime": task["scheduleTime"], "leaseDuration": "90s"}
    renewed = await api.call("POST", "/tasks/a:renewLease", renewal, base=V2BETA2)
    assert renewed.status == 200, renewed.text
    assert (await api.call("GET", "/tasks/a")).content["leaseTimestamp"] == str(NOW + 90 * SECOND)
    proof = {"scheduleTime": renewed.content["scheduleTime"]}
    assert (await api.call("POST", "/tasks/a:acknowledge", proof, base=V2BETA2)).status == 200
    assert (await api.call("GET", "/tasks/a")).status == 404


async def test_a_task_of_v2beta2_is_worked_off_through_the_old_api(api: OldApi) -> None:
    """It is leased, renewed and deleted here, and seen there all the way."""
    task = {"name": f"{QUEUE_NAME}/tasks/a", "pullMessage": {"payload": "+/8=", "tag": "red"}}
    created = await api.call("POST", "/tasks", {"task": task}, base=V2BETA2)
    assert created.status == 200, created.text
    (leased,) = await api.lease(1, 60)
    assert (leased["id"], leased["payloadBase64"], leased["tag"]) == ("a", "+/8=", "red")
    other = await api.call("POST", "/tasks:lease", {"maxTasks": 10, "leaseDuration": "60s"}, base=V2BETA2)
    assert (other.status, other.content) == (200, {})
    assert (await api.change("a", 90, leaseTimestamp=leased["leaseTimestamp"])).status == 200
    seen = await api.call("GET", "/tasks/a", base=V2BETA2)
    assert seen.content["scheduleTime"] == "2026-11-22T12:01:30.123456Z"
    assert seen.content["status"]["attemptDispatchCount"] == 1
    assert (await api.call("DELETE", "/tasks/a")).status == 204
    assert (await api.call("GET", "/tasks/a", base=V2BETA2)).status == 404


@pytest.mark.parametrize("written", ["local", "s~local", "e~local", "s%7Elocal"])
async def test_a_project_is_shown_as_it_was_written(api: OldApi, written: str) -> None:
    """With its partition or without, escaped or not; it is the same project."""
    await api.insert("a")
    answer = await api.call(
        "GET", "/tasks/a", base=f"/taskqueue/v1beta2/projects/{written}/taskqueues/orders"
    )
    shown = written.replace("%7E", "~")
    assert (answer.status, answer.content["queueName"]) == (200, f"projects/{shown}/taskqueues/orders")


@pytest.mark.parametrize("written", ["example.com:shop", "s~example.com:shop", "s%7Eexample.com%3Ashop"])
async def test_a_project_may_be_of_a_domain(api: OldApi, written: str) -> None:
    """Its colon is no verb of the path."""
    queue = {"name": "projects/example.com:shop/locations/us-central1/queues/q", "pullTarget": {}}
    parent = "/v2beta2/projects/example.com:shop/locations/us-central1/queues"
    assert (await api.call("POST", "", queue, base=parent)).status == 200
    base = f"/taskqueue/v1beta2/projects/{written}/taskqueues/q"
    await api.insert("a", base=base)
    assert [task["id"] for task in await api.lease(base=base)] == ["a"]
    assert (await api.call("GET", "", base=base)).content["id"] == "q"


async def test_the_location_is_the_servers(tmp_path: Path) -> None:
    """The flag says where queues lie, since callers do not."""
    async with old_api(tmp_path, location="europe-west1") as api:
        await api.insert("a")
        there = "/v2beta2/projects/local/locations/europe-west1/queues/orders/tasks/a"
        assert (await api.call("GET", "", base=there)).status == 200


async def test_times_can_be_in_seconds(tmp_path: Path) -> None:
    """As they once were; what was shown proves a lease, and so do microseconds."""
    async with old_api(tmp_path, taskqueue_timestamps="seconds") as api:
        assert (await api.insert("a"))["enqueueTimestamp"] == str(NOW // SECOND)
        (leased,) = await api.lease(1, 60)
        assert leased["leaseTimestamp"] == str(NOW // SECOND + 60)
        assert (await api.change("a", 90, leaseTimestamp=leased["leaseTimestamp"])).status == 200
        assert (await api.change("a", 60, leaseTimestamp=leased["leaseTimestamp"])).status == 400
        assert (await api.change("a", 60, leaseTimestamp=NOW + 90 * SECOND)).status == 200
        stats = (await api.call("GET", "", getStats=True)).content["stats"]
        assert stats["oldestTask"] == str(NOW // SECOND + 60)


@pytest.mark.parametrize("path", ["/tasks/lease", "/lease"])
async def test_the_first_edition_is_for_those_who_consume(api: OldApi, path: str) -> None:
    """It leases, by either path, reads, lists and deletes, and shows neither tags nor counts."""
    await api.insert("a", tag="red")
    task = {
        "kind": "taskqueues#task",
        "id": "a",
        "queueName": "projects/s~local/taskqueues/orders",
        "payloadBase64": "aGk=",
        "enqueueTimestamp": str(NOW // SECOND * SECOND),
        "leaseTimestamp": str(NOW + MINUTE),
    }
    leased = await api.call("POST", path, base=EARLIER, numTasks=1, leaseSecs=60, tag="blue")
    assert leased.content == {"kind": "taskqueue#tasks", "items": [task]}
    assert (await api.call("GET", "/tasks/a", base=EARLIER)).content == task
    del task["payloadBase64"]
    listed = await api.call("GET", "/tasks", base=EARLIER)
    assert listed.content == {"kind": "taskqueues#tasks", "items": [task]}
    queue = await api.call("GET", "", base=EARLIER, getStats=True)
    assert (queue.content["maxLeases"], queue.content["stats"]["totalTasks"]) == (3, 1)
    assert (await api.call("DELETE", "/tasks/a", base=EARLIER)).status == 204
    empty = await api.call("POST", path, base=EARLIER, numTasks=1, leaseSecs=60)
    assert empty.content == {"kind": "taskqueue#tasks"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/tasks"),
        ("POST", "/tasks/a"),
        ("PATCH", "/tasks/a"),
        ("DELETE", "/tasks"),
        ("PUT", "/tasks/a"),
    ],
)
async def test_the_first_edition_has_no_other_methods(api: OldApi, method: str, path: str) -> None:
    """What is served there otherwise is told, in the form of this API."""
    answer = await api.call(method, path, {}, base=EARLIER)
    assert (answer.status, answer.error["reason"]) == (405, "httpMethodNotAllowed")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("base", [EARLIER, LATER, "/taskqueue/v1beta2", "/taskqueue/v1beta3", "/taskqueue"])
async def test_what_is_not_there_is_told_in_the_form_of_this_api(api: OldApi, base: str) -> None:
    """As is a refusal of a request before its method is known."""
    nothing = await api.call("GET", "/nothing", base=base)
    assert (nothing.status, nothing.error["reason"]) == (404, "notFound")
    override = await api.call("POST", "", base=base, headers={"X-HTTP-Method-Override": "NONE"})
    assert (override.status, override.error["reason"]) == (400, "invalid")
    elsewhere = await api.call("GET", "/nothing", base="/v2beta2/taskqueue")
    assert "errors" not in elsewhere.content["error"]


async def test_parameters_of_every_api_are_understood(api: OldApi) -> None:
    """And others are passed over, as are unknown members of a body."""
    await api.insert("a", groupByTag=True)
    plain = await api.call("GET", "/tasks/a", alt="json", prettyPrint="false", key="k", userIp="1.2.3.4", x=1)
    assert plain.text.startswith('{"kind":"taskqueues#task"')
    binary = await api.call("GET", "/tasks/a", alt="proto")
    assert (binary.status, binary.error["reason"]) == (400, "invalid")
    part = await api.call("GET", "/tasks", fields="items(id,retry_count),kind")
    assert part.content == {"kind": "taskqueues#tasks", "items": [{"id": "a", "retry_count": 0}]}


async def test_the_error_of_another_surface_keeps_its_form(api: OldApi) -> None:
    """One port, two dialects."""
    old = await api.call("GET", "/tasks/none")
    new = await api.call("GET", "/tasks/none", base=LATER.replace("/taskqueue/v1beta2/", "/v2beta2/"))
    assert "errors" in old.content["error"]
    assert "errors" not in new.content["error"]


async def test_a_strict_server_asks_for_credentials(tmp_path: Path) -> None:
    """Any will do; the refusal has the form of this API."""
    async with old_api(tmp_path, strict="true") as api:
        refused = await api.call("GET", "/tasks")
        assert (refused.status, refused.error["reason"]) == (401, "authError")
        granted = await api.call("GET", "/tasks", headers={"Authorization": "Bearer any"})
        assert (granted.status, granted.content) == (200, {"kind": "taskqueues#tasks"})


async def test_leases_are_counted_against_the_rate_of_the_queue(tmp_path: Path) -> None:
    """The same quota as LeaseTasks has."""
    async with old_api(tmp_path, lease_rate="1") as api:
        answers = [await api.call("POST", "/tasks/lease", numTasks=1, leaseSecs=1) for _ in range(10)]
        refused = next(answer for answer in answers if answer.status != 200)
        assert (refused.status, refused.error["reason"]) == (429, "rateLimitExceeded")
