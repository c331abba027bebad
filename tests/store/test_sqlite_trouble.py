"""A disk that is full or read-only: nothing that was answered is lost, and the store recovers by itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.eventually import eventually
from tests.store.builders import NOW, PARENT, RETENTION, Q, begin_one, claim, ids, make_queue, result, task
from tests.store.factories import RecordingListener

from taskweir.domain.errors import Unavailable
from taskweir.domain.lifecycle import Ending
from taskweir.domain.model import HttpRequest
from taskweir.store.sqlite import DataFileRefused, SqliteStore, group_commit
from taskweir.store.sqlite.connection import on_thread

BIG = HttpRequest("http://target/", body=b"x" * 50_000)


@pytest.fixture
def told() -> list[str | None]:
    """What `on_trouble` was called with."""
    return []


@pytest.fixture
async def store(
    tmp_path: Path, told: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SqliteStore]:
    monkeypatch.setattr(group_commit, "_PROBE_EVERY", 0.01)
    opened = await open_store(tmp_path, told.append)
    yield opened
    await opened.close()


async def open_store(folder: Path, on_trouble: Callable[[str | None], None] = lambda _: None) -> SqliteStore:
    return await SqliteStore.open(
        str(folder / "tasks.db"),
        listener=RecordingListener(),
        retention=RETENTION,
        durability="full",
        on_trouble=on_trouble,
    )


async def pragma(store: SqliteStore, text: str) -> int:
    value: int = await on_thread(
        store._file.writer, lambda raw: (raw.execute(f"PRAGMA {text}").fetchone() or [0])[0]
    )
    return value


async def fill_disk(store: SqliteStore) -> None:
    """No page more than there are. What frees pages, or needs none, still goes."""
    await pragma(store, f"max_page_count = {await pragma(store, 'page_count')}")


async def make_room(store: SqliteStore) -> None:
    await pragma(store, "max_page_count = 1000000")


async def test_writes_are_refused_with_the_reason_while_the_disk_is_full(
    store: SqliteStore, told: list[str | None]
) -> None:
    """And the store says so, once."""
    await make_queue(store)
    await fill_disk(store)
    for _ in range(3):
        with pytest.raises(Unavailable, match="the disk is full"):
            await store.insert_task(task(payload=BIG), NOW)
    assert store.trouble is not None
    assert "the disk is full" in store.trouble
    assert told[0] == store.trouble


async def test_what_was_answered_stays_and_can_be_read_and_claimed(store: SqliteStore) -> None:
    """Only writing is refused."""
    q = await make_queue(store)
    await asyncio.gather(*(store.insert_task(task(f"t{n}", payload=BIG), NOW) for n in range(5)))
    await pragma(store, "query_only = ON")
    with pytest.raises(Unavailable, match="read-only"):
        await store.insert_task(task("refused"), NOW)
    assert await ids(store) == [f"t{n}" for n in range(5)]
    assert (await store.get_task(Q.task("t0"), with_body=True)).payload == BIG
    claimed = (await claim(store, q)).tasks
    assert len(claimed) == 5
    await store.release(claimed)
    assert await store.due_queues() == [(q.uid, NOW)]


async def test_claims_beside_a_refused_write_are_answered(store: SqliteStore) -> None:
    """In the same batch."""
    q = await make_queue(store)
    await store.insert_task(task(), NOW)
    await pragma(store, "query_only = ON")
    refused, claimed = await asyncio.gather(
        store.insert_task(task("refused"), NOW), claim(store, q), return_exceptions=True
    )
    assert isinstance(refused, Unavailable)
    assert not isinstance(claimed, BaseException)
    assert [one.name.id for one in claimed.tasks] == ["t"]


async def test_a_result_that_could_not_be_recorded_is_recorded_later(store: SqliteStore) -> None:
    """The task stays held meanwhile; it is not sent a second time."""
    q = await make_queue(store)
    await store.insert_task(task(), NOW)
    begun = await begin_one(store, q)
    await pragma(store, "query_only = ON")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await store.finish_attempt(result(begun), NOW)
    assert (await claim(store, q)).tasks == ()
    await pragma(store, "query_only = OFF")
    assert await store.finish_attempt(result(begun), NOW) is Ending.DONE
    await eventually(lambda: store.trouble is None)


async def test_it_recovers_by_itself(store: SqliteStore, told: list[str | None]) -> None:
    """No caller is needed to find out that there is room again."""
    await make_queue(store)
    await pragma(store, "query_only = ON")
    with pytest.raises(Unavailable):
        await store.insert_task(task(), NOW)
    await pragma(store, "query_only = OFF")
    await eventually(lambda: store.trouble is None)
    assert told[-1] is None
    assert len(told) == 2
    await store.insert_task(task(), NOW)


async def test_when_there_is_room_again_writes_go_on(store: SqliteStore) -> None:
    """Those refused can be repeated under their names."""
    await make_queue(store)
    await fill_disk(store)
    with pytest.raises(Unavailable):
        await store.insert_task(task(payload=BIG), NOW)
    await make_room(store)
    await store.insert_task(task(payload=BIG), NOW)
    await eventually(lambda: store.trouble is None)
    assert await ids(store) == ["t"]


async def test_what_still_fits_on_a_full_disk_does_not_end_the_trouble(
    store: SqliteStore, told: list[str | None]
) -> None:
    """Neither small tries nor what frees room: the store would say yes and no in turn."""
    await make_queue(store)
    await store.insert_task(task("old"), NOW)
    await fill_disk(store)
    with pytest.raises(Unavailable):
        await store.insert_task(task(payload=BIG), NOW)
    await store.delete_task(Q.task("old"), NOW)
    await probed(store, 5)
    assert len(told) == 1
    await make_room(store)
    await eventually(lambda: store.trouble is None)
    assert len(told) == 2


async def probed(store: SqliteStore, times: int) -> None:
    """Let the store try so often."""
    for _ in range(times):
        await eventually(lambda: store._commit._probe is None)
        await eventually(lambda: store._commit._probe is not None)


async def test_a_try_leaves_nothing_behind(store: SqliteStore) -> None:
    """What it wrote is removed when it was found to fit."""
    await make_queue(store)
    await pragma(store, "query_only = ON")
    with pytest.raises(Unavailable):
        await store.insert_task(task(), NOW)
    await pragma(store, "query_only = OFF")
    await eventually(lambda: store.trouble is None)
    await store.insert_task(task(), NOW)
    rows = await on_thread(store._file.writer, lambda raw: raw.execute("SELECT name FROM meta").fetchall())
    assert rows == [("page_token_key",)]


async def test_a_try_takes_no_write_with_it_that_fits(store: SqliteStore) -> None:
    """It has a transaction of its own."""
    await make_queue(store)
    await asyncio.gather(*(store.insert_task(task(f"t{n}"), NOW) for n in range(40)))
    await fill_disk(store)
    with pytest.raises(Unavailable):
        await store.insert_task(task(payload=BIG), NOW)
    for n in range(40):
        store._commit._try_to_write()
        await store.delete_task(Q.task(f"t{n}"), NOW)


async def test_a_refused_batch_leaves_nothing_behind(store: SqliteStore) -> None:
    """Neither queues nor tasks nor wrong ideas of them in memory."""
    q = await make_queue(store)
    await pragma(store, "query_only = ON")
    answers = await asyncio.gather(
        make_queue(store, PARENT.queue("other")),
        store.delete_queue(Q, NOW),
        store.purge_queue(Q, NOW, forget_names=True),
        return_exceptions=True,
    )
    assert all(isinstance(one, Unavailable) for one in answers)
    await pragma(store, "query_only = OFF")
    assert await store.queues() == [q]
    await store.insert_task(task(), NOW)
    assert len((await claim(store, q)).tasks) == 1


@pytest.fixture
async def damaged(tmp_path: Path, store: SqliteStore) -> AsyncIterator[SqliteStore]:
    """A store of fifty large tasks whose bodies cannot be followed any more."""
    await make_queue(store)
    await asyncio.gather(*(store.insert_task(task(f"t{n:03}", payload=BIG), NOW) for n in range(50)))
    await store.close()
    damage(tmp_path / "tasks.db")
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


def damage(path: Path) -> None:
    """Break the chain of every body: pages that a body fills begin with the number of its next page."""
    data = path.read_bytes()
    pages = [data[start : start + 4096] for start in range(0, len(data), 4096)]
    full = BIG.body[:4092]
    path.write_bytes(b"".join(b"\xff\xff\xff\xf0" + full if page[4:] == full else page for page in pages))


def damage_all_over(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: 10 * 4096] + b"\xaa" * (len(data) - 10 * 4096))


async def test_a_damaged_file_is_named_as_the_reason(damaged: SqliteStore) -> None:
    """In answers to reads and to writes."""
    with pytest.raises(Unavailable, match="damaged"):
        await damaged.get_task(Q.task("t000"), with_body=True)
    with pytest.raises(Unavailable, match="damaged"):
        await damaged.delete_task(Q.task("t000"), NOW)


async def test_a_file_that_is_damaged_all_over_is_refused(tmp_path: Path, store: SqliteStore) -> None:
    """Where it is opened, with the reason."""
    await make_queue(store)
    await asyncio.gather(*(store.insert_task(task(f"t{n:03}", payload=BIG), NOW) for n in range(50)))
    await store.close()
    damage_all_over(tmp_path / "tasks.db")
    with pytest.raises(DataFileRefused, match="the data file is damaged"):
        await open_store(tmp_path)
