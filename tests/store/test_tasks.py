"""Tasks in the store: inserted, read, listed, deleted."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.builders import NOW, PARENT, PLENTY, RETRY, Q, claim, ids, make_queue, set_queue, task
from tests.store.conftest import Reopen
from tests.store.factories import RecordingListener, StoreFactory

from taskweir.domain.errors import QueueNotFound, TaskExists, TaskGone, TaskNotFound, TaskTombstoned
from taskweir.domain.model import (
    AppEngineRequest,
    AppEngineRouting,
    Attempt,
    HttpMethod,
    HttpRequest,
    OAuthToken,
    OidcToken,
    Payload,
    PullMessage,
    Queue,
    QueueType,
    ResponseStatus,
    Task,
)
from taskweir.domain.times import HOUR
from taskweir.store.base import Store

BYTES = bytes(range(256))
PAYLOADS = {
    "http": HttpRequest(
        "http://h/p?q=%zz#f", HttpMethod.PUT, {"X-Ünï": 'a"b\\', "x": ""}, BYTES, OidcToken("me", "a")
    ),
    "oauth": HttpRequest("https://h", HttpMethod.GET, {}, b"", OAuthToken("me", "scope")),
    "plain": HttpRequest("https://h"),
    "without a token": HttpRequest('http://h/"\\é', headers={"X-Ünï": 'a"b\\', "x": "\u0000"}, body=BYTES),
    "app engine": AppEngineRequest(
        "/a?b", HttpMethod.DELETE, {"A": "b"}, BYTES, AppEngineRouting("s", "v", "i", "h")
    ),
    "pull": PullMessage(BYTES, "tag \u0000 \U0001f41f"),
}
ATTEMPTED = {
    "dispatch_deadline": 15_000_000,
    "retry_config": RETRY,
    "dispatch_count": 3,
    "response_count": 2,
    "execution_count": 1,
    "first_dispatch_time": NOW - 5,
    "last_attempt": Attempt(NOW - 4, NOW - 3, NOW - 2, ResponseStatus(14, 'HTTP "503"'), 503),
}


def _type_of(payload: Payload) -> QueueType:
    return QueueType.PULL if isinstance(payload, PullMessage) else QueueType.PUSH


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize(
    "more", [{}, ATTEMPTED, {"last_attempt": Attempt(NOW, NOW)}], ids=["new", "old", "begun"]
)
async def test_a_task_comes_back_as_it_was_stored(
    store: Store, q: Queue, payload: Payload, more: dict[str, object]
) -> None:
    """Every field, when it is read alone, listed, and claimed."""
    q = await set_queue(store, type=_type_of(payload))
    wanted = task(payload=payload, **more)
    made = await store.insert_task(wanted, NOW)
    assert made == replace(wanted, uid=made.uid, queue_uid=q.uid)
    assert made.uid != 0
    assert await store.get_task(wanted.name, with_body=True) == made
    listed = await store.list_tasks(Q, "", 10, with_body=True, max_bytes=PLENTY)
    assert list(listed.tasks) == [made]
    assert list((await claim(store, q)).tasks) == ([made] if q.type is QueueType.PUSH else [])


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
async def test_without_its_body_a_task_lacks_nothing_else(store: Store, q: Queue, payload: Payload) -> None:
    """The payload's bytes are empty, and the task says that they were not read."""
    await set_queue(store, type=_type_of(payload))
    made = await store.insert_task(task(payload=payload), NOW)
    bare = replace(payload, payload=b"") if isinstance(payload, PullMessage) else replace(payload, body=b"")
    expected = replace(made, payload=bare, has_body=False)
    assert await store.get_task(made.name, with_body=False) == expected
    listed = await store.list_tasks(Q, "", 10, with_body=False, max_bytes=PLENTY)
    assert list(listed.tasks) == [expected]


async def test_a_large_body_comes_back_whole(store: Store, q: Queue) -> None:
    """A mebibyte and more."""
    body = BYTES * 4_200
    await store.insert_task(task(payload=HttpRequest("http://target/", body=body)), NOW)
    found = await store.get_task(Q.task("t"), with_body=True)
    assert found.payload == HttpRequest("http://target/", body=body)


async def test_a_name_in_use_is_refused(store: Store, q: Queue) -> None:
    """In its own queue only; ids are case sensitive."""
    first = await store.insert_task(task(), NOW)
    with pytest.raises(TaskExists):
        await store.insert_task(task(schedule_time=NOW + 1), NOW)
    assert await store.get_task(Q.task("t"), with_body=True) == first
    other = PARENT.queue("other")
    await make_queue(store, other)
    await store.insert_task(task(in_queue=other), NOW)
    await store.insert_task(task("T"), NOW)


async def test_of_the_same_name_at_the_same_time_one_task_is_made(store: Store, q: Queue) -> None:
    """Whatever shares a transaction; the others exist already, and tasks of other names are made."""
    answers = await asyncio.gather(
        *(store.insert_task(task("same" if n % 2 else f"t{n}"), NOW) for n in range(40)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, TaskExists) for answer in answers) == 19
    assert sum(isinstance(answer, Task) for answer in answers) == 21
    assert len(await ids(store)) == 21


async def test_each_of_many_inserts_has_its_own_answer(store: Store, q: Queue) -> None:
    """Made, in use, used lately, no such queue: in one batch."""
    await store.insert_task(task("there"), NOW)
    await store.insert_task(task("gone"), NOW)
    await store.delete_task(Q.task("gone"), NOW)
    answers = await asyncio.gather(
        *(store.insert_task(task(name), NOW) for name in ("new", "there", "gone", "newer")),
        store.insert_task(task(in_queue=PARENT.queue("none")), NOW),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [Task, TaskExists, TaskTombstoned, Task, QueueNotFound]
    assert await ids(store) == ["new", "newer", "there"]


async def test_uids_are_never_used_again(store: Store, q: Queue) -> None:
    """A late answer of an old attempt must not meet a new task."""
    seen = set()
    for n in range(5):
        seen.add((await store.insert_task(task(f"t{n}"), NOW)).uid)
        await store.delete_task(Q.task(f"t{n}"), NOW)
    assert len(seen) == 5


async def test_a_task_that_never_was_is_not_found(store: Store, q: Queue) -> None:
    """Not gone: never there."""
    with pytest.raises(TaskNotFound):
        await store.get_task(Q.task("none"), with_body=True)
    with pytest.raises(TaskNotFound):
        await store.delete_task(Q.task("none"), NOW)
    with pytest.raises(TaskNotFound):
        await store.run_task(Q.task("none"), NOW)
    with pytest.raises(QueueNotFound):
        await store.get_task(PARENT.queue("none").task("t"), with_body=True)


async def test_a_deleted_task_is_gone(store: Store, q: Queue) -> None:
    """And cannot be deleted again."""
    await store.insert_task(task(), NOW)
    await store.delete_task(Q.task("t"), NOW)
    for call in (
        store.get_task(Q.task("t"), with_body=False),
        store.delete_task(Q.task("t"), NOW),
        store.run_task(Q.task("t"), NOW),
    ):
        with pytest.raises(TaskGone):
            await call
    assert await ids(store) == []


async def test_tasks_are_listed_in_order_of_their_ids_from_after_the_last(store: Store, q: Queue) -> None:
    """Page by page, by code point, and of one queue."""
    await make_queue(store, PARENT.queue("other"))
    for name in ("b", "a", "10", "9", "B", "_", "-"):
        await store.insert_task(task(name), NOW)
    await store.insert_task(task("x", in_queue=PARENT.queue("other")), NOW)
    pages: list[list[str]] = []
    has_more = True
    while has_more:
        after = pages[-1][-1] if pages else ""
        page = await store.list_tasks(Q, after, 3, with_body=False, max_bytes=PLENTY)
        pages.append([one.name.id for one in page.tasks])
        has_more = page.has_more
    assert pages == [["-", "10", "9"], ["B", "_", "a"], ["b"]]
    assert not (await store.list_tasks(Q, "a", 1, with_body=False, max_bytes=PLENTY)).has_more
    assert not (await store.list_tasks(Q, "b", 3, with_body=False, max_bytes=PLENTY)).tasks


async def test_a_page_has_as_many_tasks_as_the_byte_limit_lets_in(store: Store, q: Queue) -> None:
    """Bodies count when they are read; a page has at least one task."""
    for n in range(5):
        await store.insert_task(
            task(f"t{n}", payload=HttpRequest("http://target/", body=b"x" * 100_000)), NOW
        )

    async def page(max_bytes: int, *, with_body: bool = True) -> tuple[int, bool]:
        found = await store.list_tasks(Q, "", 10, with_body=with_body, max_bytes=max_bytes)
        return len(found.tasks), found.has_more

    assert [await page(size) for size in (1, 150_000, 250_000)] == [(1, True), (1, True), (2, True)]
    assert await page(PLENTY) == (5, False)
    assert await page(150_000, with_body=False) == (5, False)


async def test_paging_goes_on_past_changes(store: Store, q: Queue) -> None:
    """Tasks that come and go between two pages neither repeat nor hide others."""
    for name in "acegi":
        await store.insert_task(task(name), NOW)
    first = await store.list_tasks(Q, "", 2, with_body=False, max_bytes=PLENTY)
    await store.delete_task(Q.task("c"), NOW)
    await store.insert_task(task("b"), NOW)
    await store.insert_task(task("d"), NOW)
    rest = await store.list_tasks(Q, first.tasks[-1].name.id, 10, with_body=False, max_bytes=PLENTY)
    assert [one.name.id for one in [*first.tasks, *rest.tasks]] == ["a", "c", "d", "e", "g", "i"]


async def test_the_listener_is_told_when_tasks_are_due(
    store: Store, q: Queue, listener: RecordingListener
) -> None:
    """One call may stand for several: it has the earliest time."""
    await store.insert_task(task("a", NOW + HOUR), NOW)
    assert listener.told() == [("due", q.uid, NOW + HOUR)]
    await asyncio.gather(*(store.insert_task(task(f"b{n}", NOW + n), NOW) for n in range(9, -1, -1)))
    told = listener.told()
    assert all(event[:2] == ("due", q.uid) for event in told)
    assert min(event[2] for event in told) == NOW  # type: ignore[type-var]


async def test_tasks_are_there_when_opened_again(durable: StoreFactory, reopen: Reopen) -> None:
    """With their attempts; what was in flight is claimable again."""
    store = await reopen(durable)
    q = await make_queue(store)
    kept = await store.insert_task(task("kept", payload=PAYLOADS["http"], **ATTEMPTED), NOW)
    held = await store.insert_task(task("held"), NOW)
    assert len((await claim(store, q)).tasks) == 2
    await store.close()
    again = await reopen(durable)
    assert await again.get_task(kept.name, with_body=True) == kept
    assert list((await claim(again, q)).tasks) == [kept, held]
