"""Queues in the store."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.store.builders import NOW, PARENT, RETENTION, Q, make_queue, queue, set_queue, task
from tests.store.conftest import Reopen
from tests.store.factories import RecordingListener, StoreFactory

from taskweir.domain.errors import (
    InvalidArgument,
    NotFound,
    QueueExists,
    QueueNotFound,
    QueueTombstoned,
    TaskNotFound,
)
from taskweir.domain.model import (
    AppEngineRouting,
    EnforceMode,
    HttpMethod,
    HttpTarget,
    OAuthToken,
    OidcToken,
    Queue,
    QueueSource,
    QueueState,
    QueueType,
    RateLimits,
    RetryConfig,
    Scheme,
    UriOverride,
)
from taskweir.domain.names import LocationName
from taskweir.domain.times import DAY, HOUR
from taskweir.store.base import Retention, Store

RICH = queue(
    rate_limits=RateLimits(0.5, 7, 5000),
    retry_config=RetryConfig(-1, HOUR, 0, 1, 3),
    state=QueueState.DISABLED,
    type=QueueType.PULL,
    source=QueueSource.YAML,
    app_engine_routing_override=AppEngineRouting("s", "v", "i", "h"),
    http_target=HttpTarget(
        UriOverride(Scheme.HTTP, "h", 0, "", "a=b", EnforceMode.IF_NOT_EXISTS),
        HttpMethod.PATCH,
        (("A", "1"), ("a", "é")),
        OidcToken("me@x", "aud"),
    ),
    logging_sampling_ratio=0.25,
    purge_time=NOW,
    task_ttl=20 * DAY,
    tombstone_ttl=2 * HOUR,
)


@pytest.mark.parametrize(
    "wanted",
    [
        queue(),
        RICH,
        replace(RICH, http_target=HttpTarget()),
        replace(RICH, http_target=HttpTarget(UriOverride(), authorization=OAuthToken("me@x", "scope"))),
    ],
    ids=["plain", "rich", "empty override", "oauth"],
)
async def test_a_queue_comes_back_as_it_was_stored(store: Store, wanted: Queue) -> None:
    """Every field, with a uid."""
    made = await store.change_queue(Q, lambda _: wanted, NOW)
    assert made.uid != 0
    assert made == replace(wanted, uid=made.uid)
    assert await store.get_queue(Q) == made
    assert await store.queues() == [made]


async def test_every_field_is_there_when_opened_again(durable: StoreFactory, reopen: Reopen) -> None:
    """The file holds all of a queue."""
    store = await reopen(durable)
    made = await store.change_queue(Q, lambda _: RICH, NOW)
    await store.close()
    assert await (await reopen(durable)).get_queue(Q) == made


async def test_a_change_sees_what_is_there(store: Store) -> None:
    """None at first, then the queue."""
    seen: list[Queue | None] = []

    def change(current: Queue | None) -> Queue:
        seen.append(current)
        return queue(purge_time=len(seen))

    made = await store.change_queue(Q, change, NOW)
    changed = await store.change_queue(Q, change, NOW)
    assert seen == [None, made]
    assert changed == replace(made, purge_time=2)


async def test_what_a_change_raises_is_raised_and_nothing_changes(store: Store, q: Queue) -> None:
    """Refusals and errors alike."""
    for error in (InvalidArgument("no"), ZeroDivisionError("a bug")):

        def change(_: Queue | None, error: Exception = error) -> Queue:
            raise error

        with pytest.raises(type(error)):
            await store.change_queue(Q, change, NOW)
    assert await store.get_queue(Q) == q


async def test_a_queue_that_is_not_there_is_not_found(store: Store) -> None:
    """In every call that names one; a deletion has an answer of its own."""
    with pytest.raises(QueueNotFound):
        await store.get_queue(Q)
    with pytest.raises(QueueNotFound):
        await store.purge_queue(Q, NOW, forget_names=False)
    with pytest.raises(QueueNotFound):
        await store.insert_task(task(), NOW)
    with pytest.raises(QueueNotFound):
        await store.list_tasks(Q, "", 10, with_body=False, max_bytes=1)
    for call in (store.delete_task(Q.task("t"), NOW), store.run_task(Q.task("t"), NOW)):
        with pytest.raises(QueueNotFound):
            await call
    with pytest.raises(NotFound) as caught:
        await store.delete_queue(Q, NOW)
    assert type(caught.value) is NotFound


async def test_queues_are_listed_in_order_of_their_ids_from_after_the_last(store: Store) -> None:
    """Page by page; other locations are not in it."""
    for name in ("b", "a", "c", "A", "b-1"):
        await make_queue(store, PARENT.queue(name))
    await make_queue(store, LocationName("p", "elsewhere").queue("x"))
    pages = [
        [one.name.id for one in await store.list_queues(PARENT, after, 2)] for after in ("", "a", "b-1", "c")
    ]
    assert pages == [["A", "a"], ["b", "b-1"], ["c"], []]


async def test_a_location_is_known_while_it_has_a_queue(store: Store) -> None:
    """Of one project, in order."""
    names = [
        LocationName(project, place).queue("q") for project, place in (("p", "y"), ("p", "x"), ("o", "z"))
    ]
    for name in names:
        await make_queue(store, name)
    assert await store.locations("p") == ["x", "y"]
    await store.delete_queue(names[0], NOW)
    assert await store.locations("p") == ["x"]
    assert await store.locations("nobody") == []


async def test_a_deleted_queue_is_gone_with_its_tasks(store: Store, q: Queue) -> None:
    """Made again it has a new uid, and neither tasks nor memory of their names."""
    await store.insert_task(task("kept"), NOW)
    await store.insert_task(task("gone"), NOW)
    await store.delete_task(Q.task("gone"), NOW)
    await store.delete_queue(Q, NOW)
    with pytest.raises(QueueNotFound):
        await store.get_queue(Q)
    with pytest.raises(QueueNotFound):
        await store.get_task(Q.task("kept"), with_body=False)
    again = await store.change_queue(Q, lambda _: queue(), NOW, revive=True)
    assert again.uid != q.uid
    for name in ("kept", "gone"):
        with pytest.raises(TaskNotFound):
            await store.get_task(Q.task(name), with_body=False)
        await store.insert_task(task(name), NOW)


async def test_the_name_of_a_deleted_queue_is_taken_for_a_time(store: Store, q: Queue) -> None:
    """Until the queue tombstone time is over."""
    await store.delete_queue(Q, NOW)
    end = NOW + RETENTION.queue_tombstone
    with pytest.raises(QueueTombstoned):
        await store.change_queue(Q, lambda _: queue(), end - 1)
    await store.change_queue(Q, lambda _: queue(), end)
    await store.delete_queue(Q, end)
    with pytest.raises(QueueTombstoned):
        await store.change_queue(Q, lambda _: queue(), end)


async def test_what_a_change_says_of_a_missing_queue_wins_over_its_tombstone(store: Store, q: Queue) -> None:
    """A pause of a deleted queue finds no queue; it does not hear of tombstones."""
    await store.delete_queue(Q, NOW)

    def pause(current: Queue | None) -> Queue:
        assert current is None
        raise QueueNotFound

    with pytest.raises(QueueNotFound):
        await store.change_queue(Q, pause, NOW)


@pytest.mark.parametrize("retention", [replace(RETENTION, queue_tombstone=0)])
async def test_without_a_tombstone_time_a_queue_is_made_again_at_once(
    store: Store, q: Queue, retention: Retention
) -> None:
    """As a test suite may want it."""
    await store.delete_queue(Q, NOW)
    assert (await store.change_queue(Q, lambda _: queue(), NOW)).uid != q.uid


async def test_the_listener_is_told_of_changes_and_deletions(
    store: Store, listener: RecordingListener
) -> None:
    """Of each once, after the commit."""
    made = await make_queue(store)
    assert listener.told() == [("changed", made)]
    paused = await set_queue(store, state=QueueState.PAUSED)
    assert listener.told() == [("changed", paused)]
    await store.delete_queue(Q, NOW)
    assert listener.told() == [("gone", made.uid)]


async def test_nothing_is_told_of_what_was_refused(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """A refused call changes nothing."""
    with pytest.raises(QueueNotFound):
        await store.purge_queue(PARENT.queue("none"), NOW, forget_names=False)
    with pytest.raises(InvalidArgument):
        await store.change_queue(Q, refuse, NOW)
    assert listener.told() == []


def refuse(_: Queue | None) -> Queue:
    raise InvalidArgument("no")


async def test_changes_to_one_queue_at_the_same_time_do_not_overwrite_each_other(store: Store) -> None:
    """Each change builds on the one before."""
    await make_queue(store, purge_time=0)

    def count(current: Queue | None) -> Queue:
        assert current is not None
        assert current.purge_time is not None
        return replace(current, purge_time=current.purge_time + 1)

    await asyncio.gather(*(store.change_queue(Q, count, NOW) for _ in range(50)))
    assert (await store.get_queue(Q)).purge_time == 50


async def test_the_queues_of_a_location_change_together(store: Store, listener: RecordingListener) -> None:
    """Made, changed and left alone, in one transaction; others of the project are not seen."""
    kept = await make_queue(store, PARENT.queue("kept"))
    await make_queue(store, PARENT.queue("changed"))
    await make_queue(store, LocationName("p", "elsewhere").queue("a"))
    listener.told()

    def change(queues: Sequence[Queue]) -> Sequence[Queue]:
        assert [one.name.id for one in queues] == ["changed", "kept"]
        return [replace(queues[0], state=QueueState.PAUSED), queue(PARENT.queue("made"))]

    await store.change_queues(PARENT, change, NOW)
    changed, left, made = await store.list_queues(PARENT, "", 10)
    assert (changed.name.id, changed.state) == ("changed", QueueState.PAUSED)
    assert left == kept
    assert made == queue(PARENT.queue("made"), uid=made.uid)
    assert listener.told() == [("changed", changed), ("changed", made)]


async def test_of_queues_that_change_together_all_do_or_none(
    store: Store, listener: RecordingListener
) -> None:
    """One that was deleted lately stops the others, unless it is to be revived; so does what the change raises."""
    await make_queue(store, PARENT.queue("there"))
    await make_queue(store, PARENT.queue("gone"))
    await store.delete_queue(PARENT.queue("gone"), NOW)
    listener.told()

    def change(queues: Sequence[Queue]) -> Sequence[Queue]:
        return [replace(queues[0], state=QueueState.PAUSED), queue(PARENT.queue("gone"))]

    def refuse(_: Sequence[Queue]) -> Sequence[Queue]:
        raise QueueExists

    with pytest.raises(QueueTombstoned):
        await store.change_queues(PARENT, change, NOW)
    with pytest.raises(QueueExists):
        await store.change_queues(PARENT, refuse, NOW)
    assert [one.state for one in await store.list_queues(PARENT, "", 10)] == [QueueState.RUNNING]
    assert listener.told() == []
    await store.change_queues(PARENT, change, NOW, revive=True)
    assert [one.name.id for one in await store.list_queues(PARENT, "", 10)] == ["gone", "there"]
