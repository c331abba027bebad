"""The methods of the old taskqueue API, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.old_api import LATER, OldApi, old_api
from tests.api.running import NOW

from taskweir.domain.times import DAY, HOUR, LATEST, MINUTE, SECOND

PUSHED = "/taskqueue/v1beta2/projects/local/taskqueues/pushed"
MISSING = "/taskqueue/v1beta2/projects/local/taskqueues/missing"
ENQUEUED = str(NOW // SECOND * SECOND)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[OldApi]:
    async with old_api(tmp_path) as served:
        yield served


# insert


async def test_an_inserted_task_is_shown(api: OldApi) -> None:
    """With the server's times, the queue's full name, and the payload in the usual alphabet."""
    body = {"kind": "taskqueues#task", "queueName": "orders", "payloadBase64": "-_8", "tag": "red", "id": "a"}
    answer = await api.call("POST", "/tasks", body)
    assert answer.status == 200
    assert answer.content == {
        "kind": "taskqueues#task",
        "id": "a",
        "queueName": "projects/s~local/taskqueues/orders",
        "payloadBase64": "+/8=",
        "enqueueTimestamp": ENQUEUED,
        "leaseTimestamp": "0",
        "retry_count": 0,
        "tag": "red",
    }
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert answer.text.startswith('{\n  "kind"')


async def test_a_task_without_an_id_gets_one(api: OldApi) -> None:
    """Each its own."""
    first, second = await api.insert(), await api.insert()
    assert first["id"] != second["id"]
    assert (await api.call("GET", f"/tasks/{first['id']}")).status == 200


@pytest.mark.parametrize("unit", [1, SECOND])
async def test_a_task_can_be_leased_from_the_time_it_was_inserted_for(api: OldApi, unit: int) -> None:
    """Given in microseconds or in seconds; it was never leased until then, and says so."""
    inserted = await api.insert("a", leaseTimestamp=(NOW // SECOND + 60) * SECOND // unit)
    assert inserted["leaseTimestamp"] == "0"
    assert await api.lease() == []
    api.running.clock.advance(MINUTE)
    assert await api.leased_ids() == ["a"]


@pytest.mark.parametrize(
    ("body", "reason", "text"),
    [
        (None, "invalid", "payloadBase64"),
        ({"queueName": "orders", "id": "a"}, "invalid", "payloadBase64"),
        ({"queueName": "letters", "payloadBase64": ""}, "invalid", "'letters'"),
        ({"queueName": "projects/s~mall/taskqueues/orders", "payloadBase64": ""}, "invalid", "mall"),
        ({"id": "a b", "payloadBase64": ""}, "invalid", "Task ID"),
        ({"id": "a/b", "payloadBase64": ""}, "invalid", "Task name"),
        ({"payloadBase64": "?"}, "invalid", "Base64"),
        ({"payloadBase64": "", "tag": "x" * 501}, "invalid", "500"),
        ({"payloadBase64": "AAAA" * (350 << 10)}, "invalid", "Task size too large"),
        ({"payloadBase64": "", "leaseTimestamp": NOW + 31 * DAY}, "invalid", "too far in the future"),
        ({"payloadBase64": "", "leaseTimestamp": "soon"}, "invalid", "lease_timestamp"),
        ({"payloadBase64": "", "leaseTimestamp": LATEST}, "invalid", "too far in the future"),
        ({"payloadBase64": "", "leaseTimestamp": LATEST + 1}, "invalid", "past the year 9999"),
        ({"payloadBase64": "", "leaseTimestamp": (1 << 63) - 1}, "invalid", "past the year 9999"),
    ],
)
async def test_what_cannot_be_inserted_is_refused(api: OldApi, body: Any, reason: str, text: str) -> None:
    """With 400, in the envelope of that time, and nothing is stored."""
    answer = await api.call("POST", "/tasks", body)
    assert (answer.status, answer.error["reason"]) == (400, reason)
    assert text in answer.error["message"]
    assert (await api.call("GET", "/tasks")).content == {"kind": "taskqueues#tasks"}


async def test_a_name_is_taken_by_a_task_and_for_a_while_by_one_that_was(api: OldApi) -> None:
    """409 in either case."""
    await api.insert("a")
    taken = await api.call("POST", "/tasks", {"id": "a", "payloadBase64": ""})
    assert (taken.status, taken.error["reason"]) == (409, "conflict")
    await api.call("DELETE", "/tasks/a")
    blocked = await api.call("POST", "/tasks", {"id": "a", "payloadBase64": ""})
    assert (blocked.status, blocked.error["reason"]) == (409, "conflict")
    assert taken.content != blocked.content


async def test_the_envelope_of_errors_is_that_of_the_old_apis(api: OldApi) -> None:
    """A list of one, and the same beside it."""
    answer = await api.call("GET", "/tasks/none")
    message = answer.error["message"]
    assert answer.content == {
        "error": {
            "errors": [{"domain": "global", "reason": "notFound", "message": message}],
            "code": 404,
            "message": message,
        }
    }


ALL_METHODS = [
    ("GET", "", {}),
    ("GET", "/tasks", {}),
    ("POST", "/tasks", {}),
    ("POST", "/tasks/lease", {"numTasks": 1, "leaseSecs": 1}),
    ("GET", "/tasks/a", {}),
    ("DELETE", "/tasks/a", {}),
    ("POST", "/tasks/a", {"newLeaseSeconds": 1}),
    ("PATCH", "/tasks/a", {"newLeaseSeconds": 1}),
]


@pytest.mark.parametrize(("method", "path", "query"), ALL_METHODS)
async def test_every_method_needs_a_pull_queue(
    api: OldApi, method: str, path: str, query: dict[str, Any]
) -> None:
    """There must be one, and it must not be a push queue."""
    for base, status in [(PUSHED, 400), (MISSING, 404)]:
        body = {"queueName": base.rpartition("/")[2], "payloadBase64": ""} if method != "GET" else None
        answer = await api.call(method, path, body, base=base, **query)
        assert (answer.status, "push queue" in answer.text) == (status, status == 400)


# lease


async def test_leased_tasks_are_those_available_longest(api: OldApi) -> None:
    """With their payloads, their leases' end and how often they were leased."""
    await api.insert("b", payload="Yg==", leaseTimestamp=NOW - SECOND)
    api.running.clock.advance(SECOND)
    await api.insert("a", payload="YQ==")
    leased = await api.lease(10, 90)
    assert [(task["id"], task["payloadBase64"]) for task in leased] == [("b", "Yg=="), ("a", "YQ==")]
    assert {task["leaseTimestamp"] for task in leased} == {str(NOW + 91 * SECOND)}
    assert {task["retry_count"] for task in leased} == {1}
    assert await api.lease() == []


async def test_no_more_tasks_are_leased_than_are_asked_for(api: OldApi) -> None:
    """Nobody gets one that another has."""
    for _ in range(5):
        await api.insert()
    first, second = await api.leased_ids(3), await api.leased_ids(3)
    assert (len(first), len(second), len({*first, *second})) == (3, 2, 5)


async def test_a_task_comes_back_when_its_lease_is_over(api: OldApi) -> None:
    """It counts its leases, and after the last one it is dropped."""
    await api.insert("a")
    for count in (1, 2, 3):
        (task,) = await api.lease(seconds=60)
        assert task["retry_count"] == count
        api.running.clock.advance(60 * SECOND)
    assert await api.lease() == []
    assert (await api.call("GET", "/tasks/a")).status == 404


async def test_a_lease_may_be_of_no_time(api: OldApi) -> None:
    """It is over at once."""
    await api.insert("a")
    assert [task["leaseTimestamp"] for task in await api.lease(seconds=0)] == [str(NOW)]
    api.running.clock.advance(SECOND)
    assert await api.leased_ids() == ["a"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({}, ["none", "red", "blue", "red2"]),
        ({"groupByTag": True}, ["none"]),
        ({"groupByTag": True, "tag": "red"}, ["red", "red2"]),
        ({"groupByTag": True, "tag": "green"}, []),
        ({"groupByTag": "false"}, ["none", "red", "blue", "red2"]),
    ],
)
async def test_tasks_are_leased_by_tag(api: OldApi, query: dict[str, Any], ids: list[str]) -> None:
    """Without one, that of the task that is available longest decides, which here has none."""
    for order, (task_id, tag) in enumerate([("none", ""), ("red", "red"), ("blue", "blue"), ("red2", "red")]):
        await api.insert(task_id, tag=tag, leaseTimestamp=NOW + order)
    api.running.clock.advance(SECOND)
    assert await api.leased_ids(**query) == ids


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (
            {"leaseSecs": 1},
            {
                "domain": "global",
                "reason": "required",
                "message": "Required parameter: numTasks",
                "locationType": "parameter",
                "location": "numTasks",
            },
        ),
        (
            {"numTasks": 1, "leaseSecs": 604_801},
            {
                "domain": "global",
                "reason": "invalidParameter",
                "message": "Invalid value '604801'. Values must be within the range: [0, 604800]",
                "locationType": "parameter",
                "location": "leaseSecs",
            },
        ),
    ],
)
async def test_what_is_wrong_with_a_parameter_is_told(
    api: OldApi, query: dict[str, Any], error: dict[str, str]
) -> None:
    """By its name."""
    answer = await api.call("POST", "/tasks/lease", **query)
    assert (answer.status, answer.error) == (400, error)


@pytest.mark.parametrize("number", ["many", "1.5", "", 1 << 31])
async def test_what_is_no_number_is_refused(api: OldApi, number: object) -> None:
    """As the number of tasks."""
    answer = await api.call("POST", "/tasks/lease", numTasks=number, leaseSecs=1)
    assert (answer.status, answer.error["reason"]) == (400, "invalid")


async def test_a_paused_queue_leases_nothing(api: OldApi) -> None:
    """It takes tasks, and shows them."""
    await api.insert("a")
    paused = await api.call(
        "POST", ":pause", {}, base="/v2/projects/local/locations/us-central1/queues/orders"
    )
    assert paused.status == 200
    answer = await api.call("POST", "/tasks/lease", numTasks=1, leaseSecs=1)
    assert (answer.status, answer.error["reason"]) == (400, "invalid")
    assert "paused" in answer.error["message"]
    await api.insert("b")
    assert len((await api.call("GET", "/tasks")).content["items"]) == 2


# get, list, delete


async def test_a_leased_task_can_be_read(api: OldApi) -> None:
    """It is as its holder was told."""
    await api.insert("a", tag="red")
    (leased,) = await api.lease()
    assert (await api.call("GET", "/tasks/a")).content == leased


async def test_a_list_is_in_order_of_availability(api: OldApi) -> None:
    """Leased tasks are in it, where their leases end; payloads are not."""
    for task_id, seconds in [("c", 30), ("b", 90), ("a", 0)]:
        await api.insert(task_id, tag="red", leaseTimestamp=NOW + seconds * SECOND)
    assert await api.leased_ids(seconds=60) == ["a"]
    listed = (await api.call("GET", "/tasks")).content
    assert listed["kind"] == "taskqueues#tasks"
    assert [(task["id"], task["retry_count"]) for task in listed["items"]] == [("c", 0), ("a", 1), ("b", 0)]
    assert not any("payloadBase64" in task for task in listed["items"])
    assert {task["tag"] for task in listed["items"]} == {"red"}


async def test_a_list_ends_after_a_hundred(api: OldApi) -> None:
    """And has no pages."""
    for order in range(105):
        await api.insert(f"t{order:03}", leaseTimestamp=NOW + HOUR - order * SECOND)
    listed = (await api.call("GET", "/tasks")).content
    assert [task["id"] for task in listed["items"]] == [f"t{order:03}" for order in range(104, 4, -1)]
    assert set(listed) == {"kind", "items"}


@pytest.mark.parametrize("leased", [True, False])
async def test_a_task_can_be_deleted_leased_or_not(api: OldApi, leased: bool) -> None:
    """The answer has no body; then there is no such task."""
    await api.insert("a")
    if leased:
        await api.lease()
    answer = await api.call("DELETE", "/tasks/a")
    assert (answer.status, answer.text) == (204, "")
    again = await api.call("DELETE", "/tasks/a")
    assert (again.status, again.error["reason"]) == (404, "notFound")
    assert (await api.call("GET", "/tasks/a")).status == 404


# update and patch


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_lease_is_renewed_from_now_on(api: OldApi, method: str) -> None:
    """For as long as is asked; it does not count as another one."""
    await api.insert("a", tag="red")
    (leased,) = await api.lease(seconds=60)
    api.running.clock.advance(30 * SECOND)
    renewed = await api.change("a", 45, method)
    assert (renewed.status, renewed.content) == (200, leased | {"leaseTimestamp": str(NOW + 75 * SECOND)})
    api.running.clock.advance(44 * SECOND)
    assert await api.lease() == []
    api.running.clock.advance(SECOND)
    assert await api.leased_ids() == ["a"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_lease_is_ended_by_none(api: OldApi, method: str) -> None:
    """Then others have the task at once."""
    await api.insert("a")
    await api.lease()
    released = await api.change("a", 0, method)
    assert (released.status, released.content["leaseTimestamp"]) == (200, str(NOW))
    (again,) = await api.lease()
    assert again["retry_count"] == 2


async def test_nothing_else_of_a_task_can_be_changed(api: OldApi) -> None:
    """What a body says of it is passed over."""
    await api.insert("a", tag="red")
    (leased,) = await api.lease(seconds=60)
    body = {
        "id": "b",
        "payloadBase64": "YQ==",
        "tag": "blue",
        "enqueueTimestamp": 1,
        "retry_count": 9,
        "x": 1,
    }
    assert (await api.change("a", 60, **body)).content == leased


@pytest.mark.parametrize(
    ("lease_end", "status"),
    [
        (NOW + 60 * SECOND, 200),
        (str(NOW + 60 * SECOND), 200),
        ((NOW + 60 * SECOND) // SECOND, 200),
        (NOW + 60 * SECOND + 1, 400),
        ((NOW + 61 * SECOND) // SECOND, 400),
        (0, 400),
    ],
)
async def test_the_end_of_the_lease_that_a_caller_gives_must_be_right(
    api: OldApi, lease_end: object, status: int
) -> None:
    """In either unit: whoever has another one holds the task no more."""
    await api.insert("a")
    await api.lease(seconds=60)
    assert (await api.change("a", 30, leaseTimestamp=lease_end)).status == status


async def test_only_a_lease_that_lasts_can_be_changed(api: OldApi) -> None:
    """There is none before the first one, nor after its end."""
    await api.insert("a")
    assert (await api.change("a", 30)).status == 400
    await api.lease(seconds=60)
    api.running.clock.advance(60 * SECOND)
    assert (await api.change("a", 30)).status == 400
    assert (await api.change("a", 0)).status == 400
    assert (await api.change("none", 30)).status == 404


@pytest.mark.parametrize(
    ("body", "query", "text"),
    [
        ({"queueName": "orders"}, {}, "Required parameter: newLeaseSeconds"),
        ({"queueName": "orders"}, {"newLeaseSeconds": -1}, "[0, 604800]"),
        ({"queueName": "letters"}, {"newLeaseSeconds": 1}, "letters"),
        ({"leaseTimestamp": NOW + 60 * SECOND}, {"newLeaseSeconds": 1}, "Required field: queueName"),
        (None, {"newLeaseSeconds": 1}, "Required field: queueName"),
    ],
)
async def test_a_change_needs_its_length_and_the_queue(
    api: OldApi, body: Any, query: dict[str, Any], text: str
) -> None:
    """Otherwise it is refused, and the lease is as it was."""
    await api.insert("a")
    (leased,) = await api.lease(seconds=60)
    answer = await api.call("PATCH", "/tasks/a", body, **query)
    assert answer.status == 400
    assert text in answer.error["message"]
    assert (await api.call("GET", "/tasks/a")).content == leased


async def test_clients_without_patch_say_so_in_a_header(api: OldApi) -> None:
    """And those whose queries are long, that they mean GET."""
    await api.insert("a")
    await api.lease(seconds=60)
    headers = {"X-HTTP-Method-Override": "PATCH"}
    body = {"queueName": "orders"}
    patched = await api.call("POST", "/tasks/a", body, headers=headers, newLeaseSeconds=30)
    assert patched.content["leaseTimestamp"] == str(NOW + 30 * SECOND)
    read = await api.call("POST", "/tasks/a", headers={"X-HTTP-Method-Override": "GET"})
    assert read.content == patched.content


# the queue


async def test_a_queue_shows_what_its_file_says(api: OldApi) -> None:
    """How often tasks may be leased, and who may use it; another one has neither."""
    assert (await api.call("GET", "")).content == {
        "kind": "taskqueues#taskqueue",
        "id": "orders",
        "maxLeases": 3,
        "acl": {"consumerEmails": ["a@example.com", "b@example.com"], "producerEmails": ["c@example.com"]},
    }
    other = await api.call("GET", "", base=LATER.replace("orders", "letters"))
    assert other.content == {"kind": "taskqueues#taskqueue", "id": "letters"}


async def test_a_queue_tells_what_is_in_it_when_asked(api: OldApi) -> None:
    """How much, since when, and how often it was leased from."""
    for order in range(3):
        await api.insert(leaseTimestamp=NOW + order * SECOND)
    api.running.clock.advance(10 * SECOND)
    assert len(await api.lease(1, 300)) == 1
    stats = (await api.call("GET", "", getStats=True)).content["stats"]
    assert stats == {
        "totalTasks": 3,
        "oldestTask": str(NOW + SECOND),
        "leasedLastMinute": "1",
        "leasedLastHour": "1",
    }
    api.running.clock.advance(2 * MINUTE)
    stats = (await api.call("GET", "", getStats=True)).content["stats"]
    assert (stats["leasedLastMinute"], stats["leasedLastHour"]) == ("0", "1")


async def test_an_empty_queue_has_no_oldest_task(api: OldApi) -> None:
    """The counts are zero."""
    stats = (await api.call("GET", "", getStats=True)).content["stats"]
    assert stats == {"totalTasks": 0, "leasedLastMinute": "0", "leasedLastHour": "0"}
