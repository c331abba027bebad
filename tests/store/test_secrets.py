"""Secrets of the server, kept beside queues and tasks."""

import asyncio

from tests.store.builders import NOW, make_queue
from tests.store.conftest import Reopen
from tests.store.factories import StoreFactory

from taskweir.store.base import Store


async def test_the_first_secret_of_a_name_is_the_one(store: Store) -> None:
    """Whoever comes later gets it; another name has another."""
    assert await store.secret("a") is None
    assert await store.keep_secret("a", b"one") == b"one"
    assert await store.keep_secret("a", b"two") == b"one"
    assert await store.keep_secret("b", b"\x00\xff") == b"\x00\xff"
    assert (await store.secret("a"), await store.secret("b")) == (b"one", b"\x00\xff")


async def test_all_who_keep_one_at_once_get_the_same(store: Store) -> None:
    """Only one is kept."""
    kept = await asyncio.gather(*(store.keep_secret("a", b"%d" % n) for n in range(20)))
    assert set(kept) == {await store.secret("a")}


async def test_no_reset_forgets_a_secret(store: Store) -> None:
    """Of a project or of all."""
    await make_queue(store)
    await store.keep_secret("a", b"one")
    for project in ("p", None):
        await store.reset(project, NOW)
        assert await store.secret("a") == b"one"


async def test_a_secret_has_no_name_of_the_store_s_own(store: Store) -> None:
    """What is signed with that stays as it is."""
    key = store.page_token_key
    assert await store.secret("page_token_key") is None
    await store.keep_secret("page_token_key", b"mine")
    assert store.page_token_key == key


async def test_a_secret_survives_a_crash(durable: StoreFactory, reopen: Reopen) -> None:
    """Once it was answered."""
    store = await reopen(durable)
    await store.keep_secret("a", b"one")
    assert await (await reopen(durable.crash())).secret("a") == b"one"
