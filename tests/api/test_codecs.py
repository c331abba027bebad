"""Messages of every version, to the domain and back: what one surface writes, every other reads."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, cast

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from taskweir.api.cloud_tasks.version import Version
from taskweir.api.v2 import cloud_tasks as v2
from taskweir.api.v2beta2 import cloud_tasks as v2beta2
from taskweir.api.v2beta3 import cloud_tasks as v2beta3
from taskweir.domain.drafts import QueueDraft, TaskDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import (
    AppEngineRequest,
    Attempt,
    HttpRequest,
    PullMessage,
    Queue,
    QueueState,
    QueueType,
    ResponseStatus,
    RetryConfig,
    Task,
)
from taskweir.domain.name_rules import queue_in_body
from taskweir.domain.names import QueueName
from taskweir.domain.queue_rules import new_queue, updated_queue
from taskweir.domain.rate import burst_for_rate
from taskweir.domain.task_rules import new_task
from taskweir.domain.times import HOUR, SECOND
from taskweir_pb.v2beta2 import queue_pb2 as v2beta2_queue

NAME: Final = "projects/p/locations/us-central1/queues/q"
TASK_NAME: Final = f"{NAME}/tasks/t"
NOW: Final = 1_795_348_800 * SECOND
VERSIONS: Final = {"v2": v2.VERSION, "v2beta3": v2beta3.VERSION, "v2beta2": v2beta2.VERSION}

ROUTING: Final = {"service": "s", "version": "v", "instance": "i"}
URI: Final = {
    "scheme": "HTTP",
    "host": "h.example",
    "port": "81",
    "pathOverride": {"path": "/p"},
    "queryOverride": {"queryParams": "q=1"},
    "uriOverrideEnforceMode": "IF_NOT_EXISTS",
}
HTTP_TARGET: Final = {
    "uriOverride": URI,
    "httpMethod": "PUT",
    "headerOverrides": [{"header": {"key": "X-A", "value": "a"}}],
    "oidcToken": {"serviceAccountEmail": "a@b", "audience": "aud"},
}
OAUTH_TARGET: Final = {"oauthToken": {"serviceAccountEmail": "a@b", "scope": "scope"}}
BACKOFF: Final = {"maxRetryDuration": "90s", "minBackoff": "0.250s", "maxBackoff": "60s", "maxDoublings": 3}
RETRY: Final = {"maxAttempts": 7, **BACKOFF}
LIMITS: Final = {"maxDispatchesPerSecond": 2.5, "maxConcurrentDispatches": 4}
TTLS: Final = {"taskTtl": "864001s", "tombstoneTtl": "3601s"}
LOGGING: Final = {"stackdriverLoggingConfig": {"samplingRatio": 0.5}}

QUEUES: Final[dict[str, list[dict[str, Any]]]] = {
    "v2": [
        {
            "name": NAME,
            "rateLimits": LIMITS,
            "retryConfig": RETRY,
            "appEngineRoutingOverride": ROUTING,
            "httpTarget": HTTP_TARGET,
            **LOGGING,
        },
        {"name": NAME, "httpTarget": OAUTH_TARGET},
    ],
    "v2beta3": [
        {
            "name": NAME,
            "rateLimits": {**LIMITS, "maxBurstSize": 33},
            "retryConfig": RETRY,
            "appEngineHttpQueue": {"appEngineRoutingOverride": ROUTING},
            "httpTarget": HTTP_TARGET,
            "type": "PUSH",
            **TTLS,
            **LOGGING,
        },
        {"name": NAME, "httpTarget": OAUTH_TARGET},
        {"name": NAME, "type": "PULL", "retryConfig": {"maxAttempts": 3}},
    ],
    "v2beta2": [
        {
            "name": NAME,
            "rateLimits": {"maxTasksDispatchedPerSecond": 2.5, "maxBurstSize": 33, "maxConcurrentTasks": 4},
            "retryConfig": {"unlimitedAttempts": True, **BACKOFF},
            "appEngineHttpTarget": {"appEngineRoutingOverride": ROUTING},
            **TTLS,
        },
        {"name": NAME, "httpTarget": HTTP_TARGET},
        {"name": NAME, "httpTarget": OAUTH_TARGET},
        {"name": NAME, "pullTarget": {}, "retryConfig": {"maxAttempts": 3}},
    ],
}
NOT_SET_IN_QUEUES: Final = {
    "v2": {"state", "purge_time", "rate_limits.max_burst_size", "app_engine_routing_override.host"},
    "v2beta3": {"state", "purge_time", "stats", "app_engine_http_queue.app_engine_routing_override.host"},
    "v2beta2": {"state", "purge_time", "stats", "app_engine_http_target.app_engine_routing_override.host"},
}

HTTP_REQUEST: Final = {
    "url": "https://h.example/",
    "httpMethod": "PATCH",
    "headers": {"X-A": "a"},
    "body": "eA==",
    "oidcToken": {"serviceAccountEmail": "a@b", "audience": "aud"},
}
OAUTH_REQUEST: Final = {
    "url": "https://h.example/",
    "oauthToken": {"serviceAccountEmail": "a@b", "scope": "s"},
}
APP_ENGINE: Final = {"httpMethod": "PUT", "appEngineRouting": ROUTING, "headers": {"X-A": "a"}}
TIMED: Final = {"name": TASK_NAME, "scheduleTime": "2026-11-22T13:00:00.123456Z"}
PULL: Final = {"payload": "eA==", "tag": "red"}

_V2_TASKS: Final[list[dict[str, Any]]] = [
    {**TIMED, "dispatchDeadline": "30s", "retryConfig": RETRY, "httpRequest": HTTP_REQUEST},
    {**TIMED, "httpRequest": OAUTH_REQUEST},
    {**TIMED, "appEngineHttpRequest": {**APP_ENGINE, "relativeUri": "/p", "body": "eA=="}},
]
TASKS: Final = {
    "v2": _V2_TASKS,
    "v2beta3": _V2_TASKS,
    "v2beta2": [
        {**TIMED, "retryConfig": {"maxAttempts": 7, **BACKOFF}, "httpRequest": HTTP_REQUEST},
        {**TIMED, "retryConfig": {"unlimitedAttempts": True}, "httpRequest": OAUTH_REQUEST},
        {**TIMED, "appEngineHttpRequest": {**APP_ENGINE, "relativeUrl": "/p", "payload": "eA=="}},
        {**TIMED, "pullMessage": PULL},
    ],
}
_COUNTED: Final = {"dispatch_count", "response_count", "first_attempt", "last_attempt"}
NOT_SET_IN_TASKS: Final = {
    "v2": {"create_time", "view", "app_engine_http_request.app_engine_routing.host", *_COUNTED},
    "v2beta3": {
        "create_time",
        "view",
        "app_engine_http_request.app_engine_routing.host",
        "pull_message",
        *_COUNTED,
    },
    "v2beta2": {"create_time", "view", "app_engine_http_request.app_engine_routing.host", "status"},
}

each_version = pytest.mark.parametrize("version", VERSIONS)


def fields_of(message: Descriptor, above: str = "") -> Iterator[str]:
    """Paths of all fields that hold a value themselves."""
    for field in message.fields:
        inside = field.message_type
        plain = inside is None or inside.full_name.startswith("google.") or inside.GetOptions().map_entry
        if plain or not inside.fields:
            yield above + field.name
        else:
            yield from fields_of(inside, f"{above}{field.name}.")


def fields_set(message: Message, above: str = "") -> Iterator[str]:
    named = set(fields_of(cast("Descriptor", message.DESCRIPTOR)))
    for field, value in message.ListFields():
        if field.name in named:
            yield above + field.name
        else:
            for one in value if field.is_repeated else [value]:
                yield from fields_set(one, f"{above}{field.name}.")


def is_within(path: str, above: set[str]) -> bool:
    return any(path == one or path.startswith(f"{one}.") for one in above)


def queue_message(version: Version, content: dict[str, Any]) -> Any:
    return json_format.ParseDict(content, version.queue())


def task_message(version: Version, content: dict[str, Any]) -> Any:
    return json_format.ParseDict(content, version.task())


def made(draft: QueueDraft) -> Queue:
    return new_queue(queue_in_body(draft.name), draft)


def shown(version: Version, queue: Queue) -> Any:
    message = version.queue()
    version.put_queue(message, queue)
    return message


def task_shown(version: Version, task: Task, *, full: bool = True) -> Any:
    message = version.task()
    version.put_task(message, task, full=full)
    return message


def task_made(version: Version, content: dict[str, Any]) -> Task:
    draft = version.task_draft(task_message(version, content), "task")
    if isinstance(draft.payload, PullMessage):
        return Task(
            QueueName("p", "us-central1", "q").task("t"), draft.payload, draft.schedule_time or NOW, NOW
        )
    return new_task(QueueName("p", "us-central1", "q").task("t"), draft, NOW, strict=False)


@each_version
def test_every_settable_field_of_a_queue_is_in_the_samples(version: str) -> None:
    """A field that is added cannot be forgotten here."""
    samples = [queue_message(VERSIONS[version], content) for content in QUEUES[version]]
    wanted = {
        path
        for path in fields_of(VERSIONS[version].queue.DESCRIPTOR)
        if not is_within(path, NOT_SET_IN_QUEUES[version])
    }
    assert {path for sample in samples for path in fields_set(sample)} == wanted


@each_version
def test_every_settable_field_of_a_task_is_in_the_samples(version: str) -> None:
    """A field that is added cannot be forgotten here."""
    samples = [task_message(VERSIONS[version], content) for content in TASKS[version]]
    wanted = {
        path
        for path in fields_of(VERSIONS[version].task.DESCRIPTOR)
        if not is_within(path, NOT_SET_IN_TASKS[version])
    }
    assert {path for sample in samples for path in fields_set(sample)} == wanted


@pytest.mark.parametrize(
    ("version", "content"), [(version, content) for version, all_ in QUEUES.items() for content in all_]
)
def test_a_queue_shows_what_was_set(version: str, content: dict[str, Any]) -> None:
    """Every field, and beside it only what is filled in."""
    message = queue_message(VERSIONS[version], content)
    after = shown(VERSIONS[version], made(VERSIONS[version].queue_draft(message, "queue")))
    whole = type(after)()
    whole.CopyFrom(after)
    whole.MergeFrom(message)
    for both in (whole, after):
        if both.HasField("http_target"):
            del both.http_target.header_overrides[1:]  # merging has appended them once more
    assert whole == after


@pytest.mark.parametrize("reader", VERSIONS)
@pytest.mark.parametrize(
    ("writer", "content"), [(version, content) for version, all_ in QUEUES.items() for content in all_]
)
def test_what_one_version_writes_of_a_queue_every_other_reads(
    writer: str, content: dict[str, Any], reader: str
) -> None:
    """Sent back as another version shows it, the queue stays as it was, also what that version has no words for; but v2
    resets the burst."""
    queue = made(VERSIONS[writer].queue_draft(queue_message(VERSIONS[writer], content), "queue"))
    version = VERSIONS[reader]
    draft = version.queue_draft(shown(version, queue), "queue")
    again = updated_queue(queue, draft, version.update_mask(None))
    if reader == "v2" and queue.type is QueueType.PUSH:
        burst = replace(
            queue.rate_limits, max_burst_size=burst_for_rate(queue.rate_limits.max_dispatches_per_second)
        )
        queue = replace(queue, rate_limits=burst)
    assert again == queue


@pytest.mark.parametrize("reader", VERSIONS)
@pytest.mark.parametrize(
    ("writer", "content"), [(version, content) for version, all_ in TASKS.items() for content in all_]
)
def test_what_one_version_writes_of_a_task_every_other_reads(
    writer: str, content: dict[str, Any], reader: str
) -> None:
    """Every field that the reader has; pull tasks are read where they can be made."""
    if "pullMessage" in content and reader != "v2beta2":
        return
    task = task_made(VERSIONS[writer], content)
    again = VERSIONS[reader].task_draft(task_shown(VERSIONS[reader], task), "task")
    payload = task.payload
    if isinstance(payload, AppEngineRequest):
        payload = replace(payload, routing=replace(payload.routing, host=""))
    deadline = None if reader == "v2beta2" else task.dispatch_deadline
    assert again == TaskDraft(TASK_NAME, payload, task.schedule_time, deadline, task.retry_config)


ATTEMPTED: Final = Task(
    QueueName("p", "us-central1", "q").task("t"),
    HttpRequest("https://h.example/", body=b"x"),
    schedule_time=NOW + 5,
    create_time=NOW + 700_000,
    dispatch_count=3,
    response_count=2,
    first_dispatch_time=NOW + 1,
    last_attempt=Attempt(
        NOW + 2, NOW + 3, NOW + 4, ResponseStatus(14, "UNAVAILABLE(14): HTTP status code 503")
    ),
)
_LAST: Final = {
    "scheduleTime": "2026-11-22T12:00:00.000002Z",
    "dispatchTime": "2026-11-22T12:00:00.000003Z",
    "responseTime": "2026-11-22T12:00:00.000004Z",
    "responseStatus": {"code": 14, "message": "UNAVAILABLE(14): HTTP status code 503"},
}
_FIRST: Final = {"dispatchTime": "2026-11-22T12:00:00.000001Z"}


@each_version
def test_attempts_are_shown_under_the_versions_names(version: str) -> None:
    """Of the first its dispatch time alone; create_time in whole seconds; the view that was used."""
    message = json_format.MessageToDict(task_shown(VERSIONS[version], ATTEMPTED, full=False))
    counts = {"dispatchCount": 3, "responseCount": 2, "firstAttempt": _FIRST, "lastAttempt": _LAST}
    status = {
        "attemptDispatchCount": 3,
        "attemptResponseCount": 2,
        "firstAttemptStatus": _FIRST,
        "lastAttemptStatus": _LAST,
    }
    assert message == {
        "name": TASK_NAME,
        "httpRequest": {"url": "https://h.example/", "httpMethod": "POST"},
        "scheduleTime": "2026-11-22T12:00:00.000005Z",
        "createTime": "2026-11-22T12:00:00Z",
        "view": "BASIC",
        **({"status": status} if version == "v2beta2" else counts),
    }


@pytest.mark.parametrize("version", ["v2beta3", "v2beta2"])
def test_the_basic_view_leaves_out_the_payload_of_a_pull_task(version: str) -> None:
    """And nothing else; that it is a pull task shows even when it has no tag."""
    task = Task(ATTEMPTED.name, PullMessage(b"x", ""), NOW, NOW)
    assert task_shown(VERSIONS[version], task).pull_message.payload == b"x"
    basic = task_shown(VERSIONS[version], task, full=False)
    assert basic.WhichOneof("payload_type") == "pull_message"
    assert not basic.pull_message.payload


def test_v2_shows_a_pull_task_without_payload() -> None:
    """And a pull queue as any other."""
    task = Task(ATTEMPTED.name, PullMessage(b"x", "red"), NOW, NOW)
    assert task_shown(v2.VERSION, task).WhichOneof("message_type") is None
    pull = made(VERSIONS["v2beta2"].queue_draft(v2beta2_queue.Queue(name=NAME, pull_target={}), "queue"))
    limits = shown(v2.VERSION, pull).rate_limits
    assert (limits.max_dispatches_per_second, limits.max_burst_size, limits.max_concurrent_dispatches) == (
        10_000,
        10_000,
        -1,
    )
    assert shown(v2.VERSION, pull).retry_config.max_attempts == -1


def test_v2beta3_makes_no_pull_task() -> None:
    """Documented: it cannot be set through that API."""
    message = task_message(v2beta3.VERSION, {"pullMessage": PULL})
    with pytest.raises(InvalidArgument, match="pullMessage cannot be set through v2beta3"):
        v2beta3.VERSION.task_draft(message, "task")


@pytest.mark.parametrize(
    ("given", "shown_target"),
    [
        ({}, "app_engine_http_target"),
        ({"appEngineHttpTarget": {}}, "app_engine_http_target"),
        ({"appEngineHttpTarget": {"appEngineRoutingOverride": ROUTING}}, "app_engine_http_target"),
        ({"httpTarget": HTTP_TARGET}, "http_target"),
        ({"pullTarget": {}}, "pull_target"),
    ],
)
def test_v2beta2_tells_a_queues_type_by_its_target(given: dict[str, Any], shown_target: str) -> None:
    """One of them is always there."""
    queue = made(
        v2beta2.VERSION.queue_draft(queue_message(v2beta2.VERSION, {"name": NAME, **given}), "queue")
    )
    assert shown(v2beta2.VERSION, queue).WhichOneof("target_type") == shown_target


@pytest.mark.parametrize(
    ("given", "attempts"),
    [
        ({}, 100),
        ({"maxAttempts": 5}, 5),
        ({"unlimitedAttempts": True}, -1),
        ({"unlimitedAttempts": False}, 100),
    ],
)
def test_v2beta2_says_unlimited_attempts_in_a_field_of_its_own(given: dict[str, Any], attempts: int) -> None:
    """And no number then."""
    message = queue_message(v2beta2.VERSION, {"name": NAME, "retryConfig": given})
    queue = made(v2beta2.VERSION.queue_draft(message, "queue"))
    assert queue.retry_config.max_attempts == attempts
    again = shown(v2beta2.VERSION, queue).retry_config
    assert again.WhichOneof("num_attempts") == ("unlimited_attempts" if attempts < 0 else "max_attempts")


@pytest.mark.parametrize("attempts", [0, -1, -5])
def test_v2beta2_takes_positive_numbers_of_attempts_alone(attempts: int) -> None:
    """Set explicitly, that is."""
    message = queue_message(v2beta2.VERSION, {"name": NAME, "retryConfig": {"maxAttempts": attempts}})
    with pytest.raises(InvalidArgument, match="maxAttempts must be greater than 0"):
        v2beta2.VERSION.queue_draft(message, "queue")


@each_version
def test_an_unknown_number_of_an_enum_is_refused_under_the_versions_name(version: str) -> None:
    """Not that of the stubs."""
    message = task_message(VERSIONS[version], {"httpRequest": {"url": "http://h/"}})
    message.http_request.http_method = 99
    with pytest.raises(InvalidArgument) as refused:
        VERSIONS[version].task_draft(message, "task")
    assert refused.value.message == (
        f"Invalid value at 'task.http_request.http_method' (type.googleapis.com/google.cloud.tasks.{version}.HttpMethod),"
        " 99"
    )


@each_version
def test_what_a_queue_is_at_the_moment_is_shown(version: str) -> None:
    """State and purge time; the times that are the queue's own."""
    queue = Queue(
        QueueName("p", "us-central1", "q"),
        made(QueueDraft(NAME)).rate_limits,
        RetryConfig(1, 0, 1, 1, 1),
        state=QueueState.DISABLED,
        purge_time=NOW + 1,
        task_ttl=11 * 24 * HOUR,
        tombstone_ttl=2 * HOUR,
    )
    content = json_format.MessageToDict(shown(VERSIONS[version], queue))
    assert content["state"] == "DISABLED"
    assert content["purgeTime"] == "2026-11-22T12:00:00.000001Z"
    if version != "v2":
        assert (content["taskTtl"], content["tombstoneTtl"]) == ("950400s", "7200s")
