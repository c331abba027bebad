"""Queues through the official client."""

from datetime import UTC, datetime, timedelta

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2
from google.protobuf.field_mask_pb2 import FieldMask
from tests.api.running import Running

from taskweir.domain.times import DAY, HOUR, SECOND

PARENT = "projects/p/locations/us-central1"
QUEUE = f"{PARENT}/queues/q"

Client = tasks_v2.CloudTasksAsyncClient

DEFAULTS = tasks_v2.Queue(
    name=QUEUE,
    rate_limits=tasks_v2.RateLimits(
        max_dispatches_per_second=500, max_burst_size=100, max_concurrent_dispatches=1_000
    ),
    retry_config=tasks_v2.RetryConfig(
        max_attempts=100,
        min_backoff=timedelta(milliseconds=100),
        max_backoff=timedelta(hours=1),
        max_doublings=16,
    ),
    state=tasks_v2.Queue.State.RUNNING,
)

EVERYTHING = tasks_v2.Queue(
    name=QUEUE,
    app_engine_routing_override=tasks_v2.AppEngineRouting(service="worker", version="v1", instance="i"),
    rate_limits=tasks_v2.RateLimits(max_dispatches_per_second=7.5, max_concurrent_dispatches=3),
    retry_config=tasks_v2.RetryConfig(
        max_attempts=-1,
        max_retry_duration=timedelta(seconds=90),
        min_backoff=timedelta(seconds=1.25),
        max_backoff=timedelta(seconds=60),
        max_doublings=2,
    ),
    stackdriver_logging_config=tasks_v2.StackdriverLoggingConfig(sampling_ratio=0.25),
    http_target=tasks_v2.HttpTarget(
        uri_override=tasks_v2.UriOverride(
            scheme=tasks_v2.UriOverride.Scheme.HTTPS,
            host="example.com",
            port=8_443,
            path_override=tasks_v2.PathOverride(path="/hook"),
            query_override=tasks_v2.QueryOverride(query_params="a=b"),
            uri_override_enforce_mode=tasks_v2.UriOverride.UriOverrideEnforceMode.IF_NOT_EXISTS,
        ),
        http_method=tasks_v2.HttpMethod.PUT,
        header_overrides=[
            tasks_v2.HttpTarget.HeaderOverride(header=tasks_v2.HttpTarget.Header(key="X-A", value="1")),
            tasks_v2.HttpTarget.HeaderOverride(header=tasks_v2.HttpTarget.Header(key="X-B", value="")),
        ],
        oidc_token=tasks_v2.OidcToken(service_account_email="me@example.com", audience="them"),
    ),
)


def changed(queue: tasks_v2.Queue) -> tasks_v2.Queue:
    """A copy to change."""
    return tasks_v2.Queue(tasks_v2.Queue.pb(queue))


async def create(client: Client, queue: tasks_v2.Queue | str = QUEUE) -> tasks_v2.Queue:
    queue = tasks_v2.Queue(name=queue) if isinstance(queue, str) else queue
    return await client.create_queue(parent=PARENT, queue=queue)


async def test_a_queue_is_answered_with_every_default(client: Client) -> None:
    """Both by the call that makes it and by the ones that read it."""
    assert await create(client) == DEFAULTS
    assert await client.get_queue(name=QUEUE) == DEFAULTS
    assert [queue async for queue in await client.list_queues(parent=PARENT)] == [DEFAULTS]


async def test_every_field_of_a_queue_is_echoed(client: Client) -> None:
    """With the burst and the App Engine host, which the server fills in."""
    expected = changed(EVERYTHING)
    expected.state = tasks_v2.Queue.State.RUNNING
    expected.rate_limits.max_burst_size = 10
    expected.app_engine_routing_override.host = "i.v1.worker.p.appspot.com"

    assert await create(client, EVERYTHING) == expected
    assert await client.get_queue(name=QUEUE) == expected


async def test_an_empty_override_stays_there(client: Client) -> None:
    """Set but empty is not the same as unset: an empty path clears the task's."""
    target = tasks_v2.HttpTarget(
        uri_override=tasks_v2.UriOverride(
            scheme=tasks_v2.UriOverride.Scheme.SCHEME_UNSPECIFIED,
            port=0,
            path_override=tasks_v2.PathOverride(path=""),
        )
    )

    queue = await create(client, tasks_v2.Queue(name=QUEUE, http_target=target))

    override = tasks_v2.UriOverride.pb(queue.http_target.uri_override)
    present = {
        field.name
        for field in override.DESCRIPTOR.fields
        if field.has_presence and override.HasField(field.name)
    }
    assert present == {"scheme", "port", "path_override"}


async def test_output_only_fields_are_passed_over(client: Client) -> None:
    """What a client sends in them is neither refused nor kept."""
    queue = changed(DEFAULTS)
    queue.state = tasks_v2.Queue.State.PAUSED
    queue.purge_time = datetime(2020, 1, 1, tzinfo=UTC)
    queue.rate_limits.max_burst_size = 7

    assert await create(client, queue) == DEFAULTS


async def test_a_queue_pauses_and_resumes(client: Client) -> None:
    """Twice the same is fine."""
    await create(client)

    for call, state in (
        (client.pause_queue, tasks_v2.Queue.State.PAUSED),
        (client.pause_queue, tasks_v2.Queue.State.PAUSED),
        (client.resume_queue, tasks_v2.Queue.State.RUNNING),
        (client.resume_queue, tasks_v2.Queue.State.RUNNING),
    ):
        assert (await call(name=QUEUE)).state == state
        assert (await client.get_queue(name=QUEUE)).state == state


async def test_a_purge_removes_the_tasks_and_shows_its_time(server: Running, client: Client) -> None:
    """The time has microseconds."""
    await create(client)
    task = tasks_v2.Task(
        http_request=tasks_v2.HttpRequest(url="http://localhost/"),
        schedule_time=datetime(2026, 12, 1, tzinfo=UTC),
    )
    await client.create_task(parent=QUEUE, task=task)

    queue = await client.purge_queue(name=QUEUE)

    assert queue.purge_time.timestamp_pb().ToMicroseconds() == server.clock.now()
    assert [task async for task in await client.list_tasks(parent=QUEUE)] == []


async def test_a_deleted_queue_is_gone_and_its_name_is_blocked(server: Running, client: Client) -> None:
    """For three days."""
    await create(client)

    await client.delete_queue(name=QUEUE)

    with pytest.raises(exceptions.NotFound):
        await client.get_queue(name=QUEUE)
    assert [queue async for queue in await client.list_queues(parent=PARENT)] == []
    server.clock.advance(3 * DAY - 1)
    with pytest.raises(exceptions.FailedPrecondition):
        await create(client)
    server.clock.advance(SECOND)
    assert await create(client) == DEFAULTS


async def test_queues_come_in_pages_in_order(client: Client) -> None:
    """The client follows the tokens."""
    ids = ["b", "a10", "a", "C", "a1"]
    for queue_id in ids:
        await create(client, f"{PARENT}/queues/{queue_id}")

    pager = await client.list_queues(request={"parent": PARENT, "page_size": 2})
    pages = [[queue.name.rpartition("/")[2] for queue in page.queues] async for page in pager.pages]

    assert pages == [["C", "a"], ["a1", "a10"], ["b"]]


async def test_a_page_token_is_good_for_two_hours(server: Running, client: Client) -> None:
    """Then it is refused."""
    for queue_id in ("a", "b"):
        await create(client, f"{PARENT}/queues/{queue_id}")
    page = await client.list_queues(request={"parent": PARENT, "page_size": 1})
    request = {"parent": PARENT, "page_size": 1, "page_token": page.next_page_token}

    server.clock.advance(2 * HOUR - 1)
    assert [queue.name async for queue in await client.list_queues(request=request)] == [f"{PARENT}/queues/b"]
    server.clock.advance(1)
    with pytest.raises(exceptions.InvalidArgument, match="two hours"):
        await client.list_queues(request=request)


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("", ["a", "b"]),
        ("state: PAUSED", ["b"]),
        ("rate_limits.max_dispatches_per_second < 100", ["a"]),
        ("NOT state=PAUSED AND retry_config.max_attempts >= 5", ["a"]),
        ("http_target:*", []),
    ],
)
async def test_queues_are_filtered(client: Client, filter: str, found: list[str]) -> None:
    """By their fields."""
    await create(
        client,
        tasks_v2.Queue(
            name=f"{PARENT}/queues/a", rate_limits=tasks_v2.RateLimits(max_dispatches_per_second=5)
        ),
    )
    await create(client, f"{PARENT}/queues/b")
    await client.pause_queue(name=f"{PARENT}/queues/b")

    pager = await client.list_queues(request={"parent": PARENT, "filter": filter})

    assert [queue.name.rpartition("/")[2] async for queue in pager] == found


async def test_an_update_makes_a_queue_that_is_not_there(client: Client) -> None:
    """Only deletion blocks a name."""
    assert await client.update_queue(queue=tasks_v2.Queue(name=QUEUE)) == DEFAULTS


async def test_an_update_without_a_mask_replaces_everything(client: Client) -> None:
    """What is not given goes back to its default; the state stays."""
    await create(client, EVERYTHING)
    await client.pause_queue(name=QUEUE)

    queue = await client.update_queue(queue=tasks_v2.Queue(name=QUEUE))

    expected = changed(DEFAULTS)
    expected.state = tasks_v2.Queue.State.PAUSED
    assert queue == expected
    assert await client.get_queue(name=QUEUE) == expected


@pytest.mark.parametrize(
    "paths",
    [
        ["rate_limits.max_dispatches_per_second"],
        ["rateLimits.maxDispatchesPerSecond"],
        ["rate_limits", "state"],
    ],
    ids=["snake_case", "camelCase", "with an output-only path"],
)
async def test_an_update_with_a_mask_changes_what_it_names(client: Client, paths: list[str]) -> None:
    """The rest stays as it was; the burst follows the rate."""
    await create(client)
    queue = changed(EVERYTHING)
    queue.rate_limits = tasks_v2.RateLimits(max_dispatches_per_second=100)

    answer = await client.update_queue(queue=queue, update_mask=FieldMask(paths=paths))

    expected = changed(DEFAULTS)
    expected.rate_limits.max_dispatches_per_second = 100
    expected.rate_limits.max_burst_size = 20
    assert answer == expected


async def test_a_masked_field_without_a_value_is_cleared(client: Client) -> None:
    """That is how an HTTP target is taken away."""
    await create(client, EVERYTHING)

    queue = await client.update_queue(
        queue=tasks_v2.Queue(name=QUEUE),
        update_mask=FieldMask(paths=["http_target.uri_override", "stackdriver_logging_config"]),
    )

    assert "uri_override" not in queue.http_target
    assert queue.http_target.http_method == tasks_v2.HttpMethod.PUT
    assert "stackdriver_logging_config" not in queue
    queue = await client.update_queue(
        queue=tasks_v2.Queue(name=QUEUE), update_mask=FieldMask(paths=["http_target"])
    )
    assert "http_target" not in queue


async def test_a_mask_of_output_only_paths_changes_nothing(client: Client) -> None:
    """They are ignored, which leaves nothing to change: not the same as an empty mask, which means everything."""
    before = await create(client, EVERYTHING)

    queue = await client.update_queue(
        queue=tasks_v2.Queue(name=QUEUE), update_mask=FieldMask(paths=["state", "name"])
    )

    assert queue == before


async def test_large_queues_come_in_pages_that_a_client_receives(client: Client) -> None:
    """A client takes 4 MiB in one message by default."""
    headers = [{"header": {"key": "X-Large", "value": "v" * 80_000}}]
    for n in range(60):
        queue = {"name": f"{PARENT}/queues/large-{n}", "http_target": {"header_overrides": headers}}
        await client.create_queue(parent=PARENT, queue=queue)
    first = await client.list_queues(parent=PARENT)
    assert len(first.queues) < 60
    assert len([queue async for queue in first]) == 60


async def test_a_mask_of_a_star_stands_for_every_field(client: Client) -> None:
    """As in Google's other APIs."""
    queue = {"name": f"{PARENT}/queues/star", "rate_limits": {"max_concurrent_dispatches": 5}}
    await client.create_queue(parent=PARENT, queue=queue)
    updated = await client.update_queue(queue={"name": queue["name"]}, update_mask={"paths": ["*"]})
    assert updated.rate_limits.max_concurrent_dispatches == 1_000
