"""The versions beside one another on one server: what each takes and shows of the same queues."""

from collections.abc import Sequence
from typing import Any, Final

import aiohttp
import grpc.aio
import pytest
from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from tests.api.answers import PARENT
from tests.api.raw_calls import CLOUD_TASKS, V2BETA2, V2BETA3, Refused
from tests.api.running import Running, running

from taskweir.service.queue_stats import QueueStatsService
from taskweir_pb.v2 import cloudtasks_pb2 as v2
from taskweir_pb.v2beta2 import cloudtasks_pb2 as v2beta2
from taskweir_pb.v2beta3 import cloudtasks_pb2 as v2beta3

QUEUE: Final = f"{PARENT}/queues/q"
MODULES: Final[dict[str, Any]] = {"v2": v2, "v2beta3": v2beta3, "v2beta2": v2beta2}
SERVICES: Final = {"v2": CLOUD_TASKS, "v2beta3": V2BETA3, "v2beta2": V2BETA2}
HTTP: Final = {"httpRequest": {"url": "http://target.example/"}}

each_beta = pytest.mark.parametrize("version", ["v2beta3", "v2beta2"])


async def call(server: Running, version: str, rpc: str, **request: Any) -> dict[str, Any]:
    """The reply in JSON's form."""
    message = json_format.ParseDict(request, getattr(MODULES[version], f"{rpc}Request")())
    return json_format.MessageToDict(await server.raw.call(f"{SERVICES[version]}/{rpc}", message))


async def refusal(server: Running, version: str, rpc: str, **request: Any) -> Refused | None:
    message = json_format.ParseDict(request, getattr(MODULES[version], f"{rpc}Request")())
    return await server.raw.refusal(f"{SERVICES[version]}/{rpc}", message)


async def create(server: Running, version: str, queue: str = QUEUE, **fields: Any) -> dict[str, Any]:
    return await call(server, version, "CreateQueue", parent=PARENT, queue={"name": queue, **fields})


async def update(server: Running, version: str, mask: Sequence[str] = (), **fields: Any) -> dict[str, Any]:
    """With a mask of snake_case paths."""
    kind: Any = MODULES[version].UpdateQueueRequest
    message = json_format.ParseDict({"queue": {"name": QUEUE, **fields}}, kind())
    message.update_mask.CopyFrom(FieldMask(paths=mask))
    return json_format.MessageToDict(await server.raw.call(f"{SERVICES[version]}/UpdateQueue", message))


async def read(server: Running, version: str, *paths: str) -> dict[str, Any]:
    """GetQueue with a read mask."""
    request = MODULES[version].GetQueueRequest(name=QUEUE, read_mask=FieldMask(paths=paths))
    return json_format.MessageToDict(await server.raw.call(f"{SERVICES[version]}/GetQueue", request))


async def test_a_pull_queue_is_a_pull_queue_in_every_version(server: Running) -> None:
    """v2 has no word for it; its limits are the same everywhere."""
    made = await create(server, "v2beta3", type="PULL")
    assert made["type"] == "PULL"
    in_v2 = await call(server, "v2", "GetQueue", name=QUEUE)
    in_v2beta2 = await call(server, "v2beta2", "GetQueue", name=QUEUE)
    assert in_v2 == {
        "name": QUEUE,
        "rateLimits": {
            "maxDispatchesPerSecond": 10000.0,
            "maxBurstSize": 10000,
            "maxConcurrentDispatches": -1,
        },
        "retryConfig": {"maxAttempts": -1, "minBackoff": "0s", "maxBackoff": "0s"},
        "state": "RUNNING",
    }
    assert in_v2beta2["pullTarget"] == {}
    assert in_v2beta2["rateLimits"]["maxConcurrentTasks"] == -1
    assert in_v2beta2["retryConfig"]["unlimitedAttempts"] is True


async def test_v2_can_update_a_pull_queue(server: Running) -> None:
    """Sent back as it was shown, with a number of leases."""
    await create(server, "v2beta2", pullTarget={})
    shown = await call(server, "v2", "GetQueue", name=QUEUE)
    shown["retryConfig"]["maxAttempts"] = 4
    after = await call(server, "v2", "UpdateQueue", queue=shown)
    assert after["retryConfig"]["maxAttempts"] == 4
    assert (await call(server, "v2beta3", "GetQueue", name=QUEUE))["type"] == "PULL"


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        ("v2beta3", {"type": "PULL"}),
        ("v2beta2", {"pullTarget": {}}),
    ],
)
async def test_the_type_of_a_queue_is_fixed(server: Running, version: str, fields: dict[str, Any]) -> None:
    """With an empty mask, and with one that names it."""
    await create(server, "v2")
    path = "type" if version == "v2beta3" else "pull_target"
    for mask in ([], [path]):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await update(server, version, mask, **fields)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert refused.value.details() == "Queue.type cannot be changed: it is PUSH."
    assert await update(server, version, ["retry_config"], **fields)


@each_beta
async def test_the_betas_can_set_the_burst_and_v2_resets_it(server: Running, version: str) -> None:
    """v2 with any update; the betas when they update the rate."""

    async def burst() -> int:
        return int((await call(server, "v2", "GetQueue", name=QUEUE))["rateLimits"]["maxBurstSize"])

    await create(server, version, rateLimits={"maxBurstSize": 33})
    assert await burst() == 33
    await update(server, version, ["retry_config"])
    assert await burst() == 33
    await update(server, "v2", ["retry_config"])
    assert await burst() == 100
    await update(server, version, ["rate_limits.max_burst_size"], rateLimits={"maxBurstSize": 500})
    assert await burst() == 500
    rate = "rate_limits.max_tasks_dispatched_per_second"
    await update(server, version, [rate if version == "v2beta2" else "rate_limits.max_dispatches_per_second"])
    assert await burst() == 100


async def test_what_a_version_cannot_say_stays_through_its_updates(server: Running) -> None:
    """An empty mask stands for every field that the version has."""
    logging, routing = {"samplingRatio": 0.25}, {"appEngineRoutingOverride": {"service": "s"}}
    target = {"httpMethod": "PUT"}
    await create(
        server,
        "v2beta3",
        stackdriverLoggingConfig=logging,
        appEngineHttpQueue=routing,
        httpTarget=target,
        taskTtl="900000s",
        tombstoneTtl="7200s",
    )
    await update(server, "v2beta2", httpTarget={"httpMethod": "GET"}, taskTtl="900000s", tombstoneTtl="7200s")
    after = await call(server, "v2beta3", "GetQueue", name=QUEUE)
    assert after["stackdriverLoggingConfig"] == logging
    assert after["appEngineHttpQueue"]["appEngineRoutingOverride"]["service"] == "s"
    assert after["httpTarget"] == {"httpMethod": "GET"}

    await update(server, "v2")
    after = await call(server, "v2beta3", "GetQueue", name=QUEUE)
    assert "httpTarget" not in after
    assert (after["taskTtl"], after["tombstoneTtl"]) == ("900000s", "7200s")


@each_beta
async def test_times_are_those_of_the_server_where_a_queue_has_none(version: str) -> None:
    """Which it can be sent back with, though a queue may not have so short a time of its own."""
    async with running(task_tombstone="5m", task_retention="40d") as server:
        made = await create(server, version)
        assert (made["taskTtl"], made["tombstoneTtl"]) == ("3456000s", "300s")
        assert await call(server, version, "UpdateQueue", queue=made) == made
        after = await update(server, version, ["tombstone_ttl"], tombstoneTtl="3600s")
        assert (after["taskTtl"], after["tombstoneTtl"]) == ("3456000s", "3600s")
        assert (await update(server, version))["tombstoneTtl"] == "300s"


@each_beta
async def test_a_read_mask_shows_what_it_names_alone(server: Running, version: str) -> None:
    """In either spelling; `*` and nothing stand for all but stats."""
    whole = await create(server, version)
    assert await read(server, version) == whole
    assert await read(server, version, "*") == whole
    assert await read(server, version, "name", "rateLimits.max_burst_size") == {
        "name": QUEUE,
        "rateLimits": {"maxBurstSize": 100},
    }
    assert await read(server, version, "taskTtl") == {"taskTtl": "2678400s"}
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await read(server, version, "name", "colour")
    assert refused.value.details() == "Invalid mask for Queue: colour"


async def test_a_read_mask_makes_nothing_up(server: Running) -> None:
    """What is not set of a oneof stays so; a message without fields is there or not."""
    await create(server, "v2beta2", pullTarget={})
    assert await read(server, "v2beta2", "pull_target") == {"pullTarget": {}}
    assert await read(server, "v2beta2", "http_target.http_method", "app_engine_http_target") == {}
    retries = "retry_config.unlimited_attempts", "retry_config.max_attempts"
    for paths in (retries, retries[::-1], retries[:1], ("retry_config.unlimitedAttempts", "retry_config")):
        shown = await read(server, "v2beta2", *paths)
        assert shown["retryConfig"]["unlimitedAttempts"] is True
        assert "maxAttempts" not in shown["retryConfig"]


async def test_an_override_that_v2beta2_does_not_show_is_not_updated(server: Running) -> None:
    """It shows an HTTP target in its place; an App Engine target can be given instead of that."""
    await create(server, "v2", httpTarget={"httpMethod": "GET"}, appEngineRoutingOverride={"service": "s"})
    override = "app_engine_http_target.app_engine_routing_override"
    given = {"appEngineHttpTarget": {"appEngineRoutingOverride": {"version": "v"}}}
    for path in ("app_engine_http_target", override, f"{override}.version"):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await update(server, "v2beta2", [path], **given)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert refused.value.details() == (
            "The queue has an HTTP target. To give it an App Engine target instead, clear its HTTP target too."
        )
    assert (await call(server, "v2", "GetQueue", name=QUEUE))["appEngineRoutingOverride"]["service"] == "s"

    shown = await update(server, "v2beta2", [f"{override}.version", "http_target"], **given)
    host = "v.s.p.appspot.com"
    assert shown["appEngineHttpTarget"]["appEngineRoutingOverride"] == {
        "service": "s",
        "version": "v",
        "host": host,
    }
    shown = await update(server, "v2beta2", [f"{override}.service"])
    assert shown["appEngineHttpTarget"]["appEngineRoutingOverride"]["version"] == "v"


@each_beta
async def test_stats_are_shown_when_they_are_named(server: Running, version: str) -> None:
    """Of every queue of a page; a part of them alone, too."""
    await create(server, version)
    await create(server, version, f"{PARENT}/queues/empty")
    for _ in range(2):
        later = await call(
            server, "v2", "CreateTask", parent=QUEUE, task={**HTTP, "scheduleTime": "2026-11-22T13:00:00Z"}
        )
    await call(server, "v2", "RunTask", name=later["name"])

    request = MODULES[version].ListQueuesRequest(parent=PARENT, read_mask=FieldMask(paths=["stats"]))
    listed = await server.raw.call(f"{SERVICES[version]}/ListQueues", request)
    assert json_format.MessageToDict(listed)["queues"] == [
        {"stats": {"effectiveExecutionRate": 500.0}},
        {
            "stats": {
                "tasksCount": "2",
                "oldestEstimatedArrivalTime": "2026-11-22T12:00:00.123456Z",
                "concurrentDispatchesCount": "1",
                "effectiveExecutionRate": 500.0,
            }
        },
    ]
    assert await read(server, version, "stats.tasks_count", "name") == {
        "name": QUEUE,
        "stats": {"tasksCount": "2"},
    }


@each_beta
async def test_stats_cost_nothing_when_they_are_not_named(
    server: Running, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not put together."""
    await create(server, version)
    monkeypatch.delattr(QueueStatsService, "of")
    assert await read(server, version)
    assert await read(server, version, "name")
    assert await call(server, version, "ListQueues", parent=PARENT)


async def test_the_stats_of_a_pull_queue_count_leases(server: Running) -> None:
    """Of the last minute."""
    await create(server, "v2beta2", pullTarget={})
    for _ in range(3):
        await call(server, "v2beta2", "CreateTask", parent=QUEUE, task={"pullMessage": {}})
    await call(server, "v2beta2", "LeaseTasks", parent=QUEUE, maxTasks=2, leaseDuration="60s")
    stats = (await read(server, "v2beta3", "stats"))["stats"]
    assert (stats["tasksCount"], stats["executedLastMinuteCount"]) == ("3", "2")


@pytest.mark.parametrize(
    ("version", "filter", "ids"),
    [
        ("v2beta3", "type=PULL", ["pull"]),
        ("v2beta3", "app_engine_http_queue: *", ["routed"]),
        ("v2beta3", "taskTtl > 2678400s", ["routed"]),
        ("v2beta3", "tombstone_ttl = 3600s", ["pull", "routed"]),
        ("v2beta2", "pull_target:*", ["pull"]),
        ("v2beta2", "app_engine_http_target:*", ["routed"]),
        ("v2beta2", "rate_limits.max_tasks_dispatched_per_second > 500", ["pull"]),
    ],
)
async def test_filters_have_the_names_of_the_version(
    server: Running, version: str, filter: str, ids: list[str]
) -> None:
    """And look at times as they are shown."""
    await create(server, "v2beta2", f"{PARENT}/queues/pull", pullTarget={})
    routing = {"appEngineRoutingOverride": {"service": "s"}}
    await create(server, "v2beta3", f"{PARENT}/queues/routed", appEngineHttpQueue=routing, taskTtl="3000000s")
    listed = await call(server, version, "ListQueues", parent=PARENT, filter=filter)
    assert [queue["name"].rpartition("/")[2] for queue in listed["queues"]] == ids


@each_beta
async def test_a_mask_is_of_the_versions_own_fields(server: Running, version: str) -> None:
    """Those of another are unknown; output-only ones are passed over, with all that is in them."""
    made = await create(server, version)
    other = "pull_target" if version == "v2beta3" else "stackdriver_logging_config"
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await update(server, version, [other])
    assert refused.value.details() == f"Invalid mask for Queue: {other}"
    assert await update(server, version, ["state", "stats.tasks_count", "purge_time"]) == made


@pytest.mark.parametrize("rpc", ["AcknowledgeTask", "RenewLease", "CancelLease"])
async def test_a_lease_is_proved_by_its_schedule_time(server: Running, rpc: str) -> None:
    """Required."""
    kind: Any = getattr(v2beta2, f"{rpc}Request")
    request = kind(name=f"{QUEUE}/tasks/t")
    if rpc == "RenewLease":
        request.lease_duration.CopyFrom(Duration(seconds=60))
    assert await server.raw.refusal(f"{V2BETA2}/{rpc}", request) == Refused(
        "INVALID_ARGUMENT", f"{rpc}Request.scheduleTime is required."
    )


async def test_v2beta3_makes_no_pull_task(server: Running) -> None:
    """Though it shows those that there are."""
    await create(server, "v2beta3", type="PULL")
    task = {"pullMessage": {"tag": "red"}}
    assert await refusal(server, "v2beta3", "CreateTask", parent=QUEUE, task=task) == Refused(
        "INVALID_ARGUMENT", "Task.pullMessage cannot be set through v2beta3."
    )
    made = await call(server, "v2beta2", "CreateTask", parent=QUEUE, task=task)
    assert (await call(server, "v2beta3", "GetTask", name=made["name"]))["pullMessage"] == {"tag": "red"}


async def test_a_routing_override_of_a_pull_queue_is_told_by_its_own_name(server: Running) -> None:
    """The versions have different ones."""
    queue = {"name": QUEUE, "type": "PULL", "appEngineHttpQueue": {"appEngineRoutingOverride": {}}}
    assert await refusal(server, "v2beta3", "CreateQueue", parent=PARENT, queue=queue) == Refused(
        "INVALID_ARGUMENT", "Queue.appEngineHttpQueue can only be set for a push queue."
    )


async def test_failures_of_a_batch_are_told_in_the_words_of_whoever_asks(server: Running) -> None:
    """Whichever version made it."""
    await create(server, "v2")
    url = f"http://{server.server.http_address}"
    task = {"name": f"{QUEUE}/tasks/a", "appEngineHttpRequest": {"relativeUrl": "x"}}
    batch = {"requests": [{"parent": QUEUE, "task": task}], "requestId": "once"}
    told = {}
    async with aiohttp.ClientSession() as session:
        await session.post(f"{url}/v2beta2/{QUEUE}/tasks:batchCreate", json=batch)
        for version in SERVICES:
            async with session.get(f"{url}/{version}/{PARENT}/operations/once") as answer:
                (failure,) = (await answer.json())["metadata"]["failedRequests"].values()
                told[version] = failure["message"]
    assert told == {
        "v2": "AppEngineHttpRequest.relativeUri must start with '/'.",
        "v2beta3": "AppEngineHttpRequest.relativeUri must start with '/'.",
        "v2beta2": "AppEngineHttpRequest.relativeUrl must start with '/'.",
    }


@pytest.mark.parametrize("version", SERVICES)
async def test_strict_mode_is_for_every_version(strict_server: Running, version: str) -> None:
    """Credentials are asked for."""
    refused = await refusal(strict_server, version, "GetQueue", name=QUEUE)
    assert refused is not None
    assert refused.code == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("method", "version", "path"),
    [
        ("google.cloud.tasks.v2beta2.CloudTasks/LeaseTasks", "v2beta2", "tasks:lease"),
        ("google.cloud.tasks.v2beta2.CloudTasks/BatchDeleteTasks", "v2beta2", "tasks:batchDelete"),
        ("google.cloud.tasks.v2beta3.CloudTasks/BufferTask", "v2beta3", "tasks:buffer"),
    ],
)
async def test_faults_act_on_the_methods_of_every_version(
    server: Running, method: str, version: str, path: str
) -> None:
    """Also on those that are served over HTTP alone."""
    fault = {"call": {"method": method, "parent": QUEUE}, "fail": {"code": 9}}
    base = f"http://{server.server.http_address}"
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{base}/taskweir/v1/faults", json=fault) as made:
            assert made.status == 200
        async with session.post(f"{base}/{version}/{QUEUE}/{path}", json={}) as answer:
            assert (await answer.json())["error"] == {
                "code": 400,
                "message": "Injected by faults/1.",
                "status": "FAILED_PRECONDITION",
            }


@pytest.mark.parametrize(
    ("version", "fields", "mask"),
    [
        ("v2beta3", {"type": "PULL"}, []),
        ("v2beta3", {"type": "PULL"}, ["retry_config"]),
        ("v2beta2", {"pullTarget": {}}, []),
        ("v2beta2", {"pullTarget": {}}, ["pull_target"]),
    ],
)
async def test_an_update_makes_a_pull_queue_where_there_is_none(
    server: Running, version: str, fields: dict[str, Any], mask: list[str]
) -> None:
    """Its type is taken, whatever the mask: it can be said only now."""
    await update(server, version, mask, **fields)
    assert (await call(server, "v2beta3", "GetQueue", name=QUEUE))["type"] == "PULL"
