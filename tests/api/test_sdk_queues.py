"""Queues through the official asynchronous client of v2: what the suite of every surface does not ask of it."""

from datetime import UTC, datetime, timedelta

import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2
from google.protobuf.field_mask_pb2 import FieldMask
from tests.api.running import Running

from taskweir.domain.times import HOUR

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


async def test_output_only_fields_are_passed_over(client: Client) -> None:
    """What a client sends in them is neither refused nor kept."""
    queue = changed(DEFAULTS)
    queue.state = tasks_v2.Queue.State.PAUSED
    queue.purge_time = datetime(2020, 1, 1, tzinfo=UTC)
    queue.rate_limits.max_burst_size = 7

    assert await create(client, queue) == DEFAULTS


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


async def test_a_path_of_a_mask_may_be_in_camel_case(client: Client) -> None:
    """Though gRPC carries snake_case. The rest stays as it was; the burst follows the rate."""
    await create(client)
    limits = tasks_v2.RateLimits(max_dispatches_per_second=100, max_concurrent_dispatches=7)

    answer = await client.update_queue(
        queue=tasks_v2.Queue(name=QUEUE, rate_limits=limits),
        update_mask=FieldMask(paths=["rateLimits.maxDispatchesPerSecond"]),
    )

    expected = changed(DEFAULTS)
    expected.rate_limits.max_dispatches_per_second = 100
    expected.rate_limits.max_burst_size = 20
    assert answer == expected


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
