"""What is kept beside queues and tasks."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.builders import NOW, PARENT, Q, make_queue, queue
from tests.store.conftest import Reopen
from tests.store.factories import StoreFactory

from taskweir.domain.errors import Aborted, QueueNotFound
from taskweir.domain.iam import Binding, Condition, Policy
from taskweir.domain.model import Queue
from taskweir.store.base import Store

POLICY = Policy(
    3,
    (
        Binding("roles/a", ("user:a", "user:b")),
        Binding("roles/b", (), Condition("true", "title", "description", "location")),
    ),
)


async def test_a_queue_has_an_empty_policy_at_first(store: Store, q: Queue) -> None:
    """Then the one it was given."""
    assert await store.get_policy(Q) == Policy()
    assert await store.set_policy(Q, lambda _: POLICY) == POLICY
    assert await store.get_policy(Q) == POLICY
    assert (await store.get_policy(Q)).etag == POLICY.etag


async def test_a_change_of_a_policy_sees_what_is_there(store: Store, q: Queue) -> None:
    """What it raises is raised, and nothing changes."""
    await store.set_policy(Q, lambda _: POLICY)

    def refuse(current: Policy) -> Policy:
        assert current == POLICY
        raise Aborted("the etag differs")

    with pytest.raises(Aborted):
        await store.set_policy(Q, refuse)
    assert await store.get_policy(Q) == POLICY


async def test_changes_of_one_policy_at_once_build_on_each_other(store: Store, q: Queue) -> None:
    """None is lost."""

    def add(current: Policy) -> Policy:
        return replace(current, bindings=(*current.bindings, Binding("roles/a", ())))

    await asyncio.gather(*(store.set_policy(Q, add) for _ in range(20)))
    assert len((await store.get_policy(Q)).bindings) == 20


async def test_policies_are_of_queues_that_are_there(store: Store, q: Queue) -> None:
    """A queue made again has none; a purge, of either kind, keeps it."""
    await store.set_policy(Q, lambda _: POLICY)
    for forget in (False, True):
        await store.purge_queue(Q, NOW, forget_names=forget)
        assert await store.get_policy(Q) == POLICY
    await store.delete_queue(Q, NOW)
    with pytest.raises(QueueNotFound):
        await store.get_policy(Q)
    with pytest.raises(QueueNotFound):
        await store.set_policy(Q, lambda _: POLICY)
    await store.change_queue(Q, lambda _: queue(), NOW, revive=True)
    assert await store.get_policy(Q) == Policy()


async def test_a_location_has_a_key_name_when_it_was_given_one(store: Store) -> None:
    """Empty otherwise."""
    assert await store.get_kms_key(PARENT) == ""
    await store.set_kms_key(PARENT, "projects/p/…/k")
    assert await store.get_kms_key(PARENT) == "projects/p/…/k"
    assert await store.get_kms_key(replace(PARENT, location="x")) == ""
    await store.set_kms_key(PARENT, "")
    assert await store.get_kms_key(PARENT) == ""


async def test_the_page_token_key_is_a_secret_that_is_kept(durable: StoreFactory, reopen: Reopen) -> None:
    """With policies and keys."""
    store = await reopen(durable)
    await make_queue(store)
    await store.set_policy(Q, lambda _: POLICY)
    await store.set_kms_key(PARENT, "key")
    key = store.page_token_key
    await store.close()
    again = await reopen(durable)
    assert len(key) >= 32
    assert again.page_token_key == key
    assert await again.get_policy(Q) == POLICY
    assert await again.get_kms_key(PARENT) == "key"
