"""The filter of ListQueues."""

from dataclasses import replace

import pytest

from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.model import (
    AppEngineRouting,
    HttpMethod,
    HttpTarget,
    Queue,
    QueueState,
    QueueType,
    RateLimits,
    RetryConfig,
    UriOverride,
)
from taskweir.domain.names import QueueName
from taskweir.domain.queue_filter import parse_filter
from taskweir.domain.queue_rules import new_queue
from taskweir.domain.times import DAY, HOUR, SECOND


def queue(queue_id: str = "orders", **over: object) -> Queue:
    fields = {
        "name": QueueName("p", "l", queue_id),
        "rate_limits": RateLimits(500.0, 100, 1_000),
        "retry_config": RetryConfig(100, 0, SECOND // 10, 3_600 * SECOND, 16),
    }
    return Queue(**{**fields, **over})  # type: ignore[arg-type]


PAUSED = queue("paused", state=QueueState.PAUSED)
SLOW = queue("slow", rate_limits=RateLimits(0.5, 10, 1))
OVERRIDDEN = queue("overridden", http_target=HttpTarget(UriOverride(host="api.example.com"), HttpMethod.PUT))
QUEUES = [queue(), PAUSED, SLOW, OVERRIDDEN]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["orders", "paused", "slow", "overridden"]),
        ("   ", ["orders", "paused", "slow", "overridden"]),
        ("state: PAUSED", ["paused"]),
        ("state=PAUSED", ["paused"]),
        ("state = paused", ["paused"]),
        ('state="PAUSED"', ["paused"]),
        ("state != PAUSED", ["orders", "slow", "overridden"]),
        ("NOT state:PAUSED", ["orders", "slow", "overridden"]),
        ("-state:PAUSED", ["orders", "slow", "overridden"]),
        ("name:orders", ["orders"]),
        ("name = projects/p/locations/l/queues/slow", ["slow"]),
        ("rate_limits.max_dispatches_per_second < 1", ["slow"]),
        ("rateLimits.maxDispatchesPerSecond >= 500", ["orders", "paused", "overridden"]),
        ("retry_config.max_backoff <= 3600s", ["orders", "paused", "slow", "overridden"]),
        ("retry_config.max_backoff > 3600", []),
        ("http_target:*", ["overridden"]),
        ("NOT httpTarget:*", ["orders", "paused", "slow"]),
        ("state:PAUSED OR name:slow", ["paused", "slow"]),
        ("state:RUNNING AND rate_limits.max_concurrent_dispatches=1", ["slow"]),
        ("state:RUNNING name:slow", ["slow"]),
        ("name:orders OR name:slow AND state:PAUSED", ["orders"]),
        ("(name:orders OR name:slow) AND NOT (state:PAUSED OR http_target:*)", ["orders", "slow"]),
        ("http_target.http_method = PUT", ["overridden"]),
        ("http_target.uri_override.host: example", ["overridden"]),
        ("app_engine_routing_override.host:*", []),
        ("purge_time:*", []),
        ("purge_time < 2030-01-01T00:00:00Z", []),
    ],
)
def test_a_filter_selects(text: str, ids: list[str]) -> None:
    """Operators, joins, both spellings of names, presence."""
    matches = parse_filter(text)
    assert [q.name.id for q in QUEUES if matches(q)] == ids


@pytest.mark.parametrize(
    "text",
    [
        "state",
        "state:",
        ": PAUSED",
        "state PAUSED",
        "(state:PAUSED",
        "state:PAUSED)",
        "state:PAUSED AND",
        "OR state:PAUSED",
        "colour = red",
        "http_target = 3",
        "rate_limits.max_burst_size < many",
        'name = "unclosed',
        "NOT",
        "(" * 100 + "state:PAUSED" + ")" * 100,
        "-" * 3_000 + "state:PAUSED",
        "a" * 5_000,
        "\x00",
    ],
)
def test_a_bad_filter_is_refused(text: str) -> None:
    """With INVALID_ARGUMENT, whatever is wrong with it."""
    with pytest.raises(InvalidArgument, match="filter"):
        parse_filter(text)


V2BETA2 = {
    "app_engine_http_target.app_engine_routing_override": "app_engine_routing_override",
    "rate_limits.max_tasks_dispatched_per_second": "rate_limits.max_dispatches_per_second",
}
PUSH_QUEUE = new_queue(QueueName("p", "l", "push"), QueueDraft("", rate_limits=RateLimits(3.0, 0, 0)))
KINDS = [
    PUSH_QUEUE,
    replace(PUSH_QUEUE, name=QueueName("p", "l", "http"), http_target=HttpTarget()),
    replace(
        PUSH_QUEUE, name=QueueName("p", "l", "routed"), app_engine_routing_override=AppEngineRouting("s")
    ),
    new_queue(QueueName("p", "l", "pull"), QueueDraft("", type=QueueType.PULL)),
    replace(PUSH_QUEUE, name=QueueName("p", "l", "long"), task_ttl=40 * DAY, tombstone_ttl=2 * HOUR),
]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("pull_target:*", ["pull"]),
        ("pullTarget = *", ["pull"]),
        ("type=PULL", ["pull"]),
        ("app_engine_http_target: *", ["push", "routed", "long"]),
        ("http_target:*", ["http"]),
        ("app_engine_http_target.app_engine_routing_override.service = s", ["routed"]),
        ("app_engine_http_target.app_engine_routing_override:*", ["routed"]),
        ("rate_limits.max_tasks_dispatched_per_second > 3", ["pull"]),
        ("rateLimits.maxTasksDispatchedPerSecond = 10000", ["pull"]),
        ("retry_config.unlimited_attempts = true", ["pull"]),
        ("task_ttl >= 3456000s AND tombstone_ttl = 7200s", ["long"]),
    ],
)
def test_a_filter_has_the_names_of_a_version(text: str, ids: list[str]) -> None:
    """Also of what lies in a message that the version names otherwise."""
    matches = parse_filter(text, V2BETA2)
    assert [q.name.id for q in KINDS if matches(q)] == ids
    if "tasks" in text.lower():
        with pytest.raises(InvalidArgument, match="there is no field"):
            parse_filter(text)


def test_a_refusal_names_a_field_as_the_caller_did() -> None:
    """Not by the name that it has within."""
    with pytest.raises(
        InvalidArgument, match=r"'rate_limits\.max_tasks_dispatched_per_second' cannot be 'x'"
    ):
        parse_filter("rate_limits.max_tasks_dispatched_per_second = x", V2BETA2)
