"""Batches on a real store: what is refused before anything of them is looked at, and how operations are called."""

from collections.abc import AsyncIterator, Iterator

import pytest
from tests.service.stores import opened

from taskweir.clock import SteeredClock
from taskweir.domain.drafts import QueueDraft
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.limits import MAX_BATCH_CREATE
from taskweir.domain.times import SECOND
from taskweir.service.batches import BatchCreate, BatchService
from taskweir.service.queues import QueueService
from taskweir.service.tasks import TaskService

PARENT = "projects/p/locations/us-central1"
Q = f"{PARENT}/queues/q"


@pytest.fixture
async def batches() -> AsyncIterator[BatchService]:
    clock = SteeredClock(frozen_at=1_700_000_000 * SECOND)
    async with opened() as store:
        await QueueService(store, clock).create(PARENT, QueueDraft(Q))
        yield BatchService(store, clock, TaskService(store, clock, lambda task: task.body_size))


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "The batch has no requests."),
        (MAX_BATCH_CREATE + 1, "The batch has 101 requests; the maximum is 100."),
        (3_000_000, "The batch has 3000000 requests; the maximum is 100."),
    ],
)
async def test_nothing_is_taken_of_a_batch_of_the_wrong_size(
    batches: BatchService, count: int, told: str
) -> None:
    """To make the requests of a huge one would take seconds."""

    def requests() -> Iterator[BatchCreate]:
        raise AssertionError("a request was taken")
        yield

    with pytest.raises(InvalidArgument) as refused:
        await batches.create(Q, count, requests(), "")
    assert refused.value.message == told


@pytest.mark.parametrize("request_id", ["a/b", "a:purge", ":", "x" * 501])
async def test_an_operation_can_be_asked_for_by_its_path(batches: BatchService, request_id: str) -> None:
    """So a request id has nothing that ends a name there."""
    told = "The request id must be at most 500 characters, without slashes and colons."
    request = BatchCreate(Q, None, full=False)
    for batch in (batches.create(Q, 1, [request], request_id), batches.delete(Q, ["x"], request_id)):
        with pytest.raises(InvalidArgument) as refused:
            await batch
        assert refused.value.message == told
