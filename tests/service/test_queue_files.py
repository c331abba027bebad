"""queue.yaml on a real store: uploaded, or had at the start."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from textwrap import dedent

import pytest
from tests.service.stores import opened

from taskweir.clock import SteeredClock
from taskweir.domain.drafts import QueueDraft, TaskDraft
from taskweir.domain.errors import InvalidArgument, QueueTombstoned
from taskweir.domain.model import Acl, HttpRequest, Queue, QueueSource, QueueState, QueueType, RateLimits
from taskweir.domain.names import LocationName
from taskweir.domain.times import DAY, SECOND
from taskweir.queue_file import read_queue_yaml
from taskweir.service.queue_files import QueueFileService
from taskweir.service.queues import QueueService
from taskweir.service.tasks import TaskService
from taskweir.store.base import Store

NOW = 1_700_000_000 * SECOND
PARENT = "projects/p/locations/us-central1"
RUNNING, PAUSED, DISABLED = QueueState.RUNNING, QueueState.PAUSED, QueueState.DISABLED


@dataclass
class Project:
    """A project `p`, and what is done to its queues."""

    store: Store
    clock: SteeredClock
    queues: QueueService
    files: QueueFileService

    async def upload(self, text: str, app_id: str = "p") -> None:
        await self.files.upload(app_id, dedent(text).encode())

    async def create(self, queue_id: str) -> None:
        await self.queues.create(PARENT, QueueDraft(f"{PARENT}/queues/{queue_id}"))

    async def delete(self, queue_id: str) -> None:
        await self.queues.delete(f"{PARENT}/queues/{queue_id}")

    async def get(self, queue_id: str) -> Queue:
        return await self.queues.get(f"{PARENT}/queues/{queue_id}")

    async def states(self) -> dict[str, QueueState]:
        found = await self.store.list_queues(LocationName("p", "us-central1"), "", 1_000)
        return {queue.name.id: queue.state for queue in found}


@pytest.fixture
async def project() -> AsyncIterator[Project]:
    clock = SteeredClock(frozen_at=NOW)
    async with opened() as store:
        yield Project(store, clock, QueueService(store, clock), QueueFileService(store, clock, "us-central1"))


async def test_listed_queues_are_made_and_changed_and_the_others_disabled(project: Project) -> None:
    """Also those that were made through the API; the default queue is there as well."""
    for queue_id in ("changed", "other"):
        await project.create(queue_id)
    before = await project.queues.purge(f"{PARENT}/queues/changed")
    await project.upload(
        "queue: [{name: changed, rate: 2/s}, {name: new, mode: pull, acl: [{user_email: a@b}]}]"
    )
    assert await project.states() == {
        "changed": RUNNING,
        "default": RUNNING,
        "new": RUNNING,
        "other": DISABLED,
    }
    changed, new = await project.get("changed"), await project.get("new")
    assert changed.rate_limits == RateLimits(2.0, 5, 1_000)
    assert (changed.uid, changed.purge_time, changed.source) == (before.uid, NOW, QueueSource.YAML)
    assert (new.type, new.acl) == (QueueType.PULL, Acl(("a@b",)))


async def test_a_queue_that_is_listed_again_runs_again(project: Project) -> None:
    """One that is paused does not; one that is left out can still be had and deleted."""
    await project.upload("queue: [{name: a}, {name: b}, {name: c}]")
    await project.queues.pause(f"{PARENT}/queues/b")
    await project.upload("queue: [{name: b}]")
    assert await project.states() == {"a": DISABLED, "b": PAUSED, "c": DISABLED, "default": RUNNING}
    await project.delete("c")
    await project.upload("queue: [{name: a}, {name: b}]")
    assert await project.states() == {"a": RUNNING, "b": PAUSED, "default": RUNNING}


async def test_a_rate_of_0_stops_a_queue_until_it_has_another(project: Project) -> None:
    """The state says so, since no queue has a rate of 0."""
    for rate, state in (("1/s", RUNNING), ("0", DISABLED), ("1/s", RUNNING)):
        await project.upload(f"queue: [{{name: q, rate: {rate}}}]")
        assert (await project.get("q")).state is state


async def test_a_disabled_queue_keeps_its_tasks_and_takes_more(project: Project) -> None:
    """It dispatches none."""
    tasks = TaskService(project.store, project.clock, lambda _: 0)
    await project.create("q")
    draft = TaskDraft(payload=HttpRequest("http://h/"))
    await tasks.create(f"{PARENT}/queues/q", draft)
    await project.upload("queue: []")
    await tasks.create(f"{PARENT}/queues/q", draft)
    assert len((await tasks.list(f"{PARENT}/queues/q", 0, "", full=False)).items) == 2


async def test_what_a_file_makes_of_the_queues_is_logged(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    """Once it is so; of many names the first ten."""
    caplog.set_level("INFO", "taskweir.queue_yaml")
    for number in range(12):
        await project.create(f"old-{number:02}")
    await project.upload("queue: [{name: old-00}, {name: new}]")
    await project.upload("queue: [{name: old-00}, {name: new, rate: 1/s}]")
    with pytest.raises(InvalidArgument):
        await project.upload("queue: [{name: new, mode: pull}]")
    left_out = ", ".join(f"old-{number:02}" for number in range(1, 11))
    assert caplog.messages == [
        f"queue.yaml for {PARENT}: 2 made (new, default), 1 changed (old-00), 11 disabled ({left_out}, …)",
        f"queue.yaml for {PARENT}: 0 made, 1 changed (new), 0 disabled",
    ]


@pytest.mark.parametrize("app_id", ["p", "s~p", "e~p"])
async def test_an_app_id_may_have_its_partition_before_it(project: Project, app_id: str) -> None:
    """One letter and `~`. The file's own word on the app does not count."""
    await project.upload("application: other\nqueue: [{name: q}]\n", app_id)
    assert (await project.get("q")).name.project == "p"


@pytest.mark.parametrize("app_id", ["", "a/b", "s~", "ss~p", "s~s~p"])
async def test_an_app_id_that_is_none_is_refused(project: Project, app_id: str) -> None:
    """Before the file is looked at."""
    with pytest.raises(InvalidArgument, match="is no project id"):
        await project.upload("", app_id)


async def test_other_projects_and_locations_are_left_alone(project: Project) -> None:
    """An app has its queues in one place."""
    for parent in ("projects/other/locations/us-central1", "projects/p/locations/europe-west1"):
        await project.queues.create(parent, QueueDraft(f"{parent}/queues/q"))
    await project.upload("queue: []")
    states = {str(queue.name.parent): queue.state for queue in await project.store.queues()}
    assert states == {
        "projects/other/locations/us-central1": RUNNING,
        "projects/p/locations/europe-west1": RUNNING,
        PARENT: RUNNING,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("queue: [{name: a, rate: 9/s}, {name: b, rate: fast}]", 'queue.yaml:1: Rate "fast" is invalid.'),
        (
            "queue:\n- name: new\n- name: a\n  mode: pull\n",
            "queue.yaml:3: queue a is a push queue: its mode cannot be changed",
        ),
    ],
)
async def test_a_file_with_a_mistake_changes_nothing(project: Project, text: str, message: str) -> None:
    """All of it or nothing."""
    for queue_id in ("a", "z"):
        await project.create(queue_id)
    before = await project.store.queues()
    with pytest.raises(InvalidArgument) as refused:
        await project.upload(text)
    assert refused.value.message == message
    assert await project.store.queues() == before


async def test_a_name_that_was_deleted_lately_makes_an_upload_fail(project: Project) -> None:
    """The whole of it, until the name is free again."""
    for queue_id in ("gone", "z"):
        await project.create(queue_id)
    await project.delete("gone")
    with pytest.raises(QueueTombstoned):
        await project.upload("queue: [{name: new}, {name: gone}]")
    assert await project.states() == {"z": RUNNING}
    project.clock.advance(3 * DAY)
    await project.upload("queue: [{name: new}, {name: gone}]")
    assert await project.states() == {"new": RUNNING, "gone": RUNNING, "z": DISABLED, "default": RUNNING}


async def test_a_default_queue_that_was_deleted_lately_is_missed_only_where_it_is_listed(
    project: Project,
) -> None:
    """Nobody asked for it elsewhere."""
    await project.create("default")
    await project.delete("default")
    await project.upload("queue: [{name: q}]")
    assert await project.states() == {"q": RUNNING}
    with pytest.raises(QueueTombstoned):
        await project.upload("queue: [{name: default}]")


async def test_at_the_start_names_that_were_deleted_lately_are_no_hindrance(project: Project) -> None:
    """And queues that the operator named elsewhere are not disabled."""
    for queue_id in ("gone", "named", "left"):
        await project.create(queue_id)
    await project.delete("gone")
    named = LocationName("p", "us-central1").queue("named")
    await project.files.have("p", read_queue_yaml(b"queue: [{name: gone}]"), spared=[named])
    assert await project.states() == {"gone": RUNNING, "named": RUNNING, "left": DISABLED, "default": RUNNING}


async def test_an_update_through_the_api_keeps_what_it_does_not_name(project: Project) -> None:
    """Among it the times that are longer than the API gives, and the acl."""
    await project.upload("queue: [{name: q, rate: 2/s, acl: [{user_email: a@b}]}]")
    before = await project.get("q")
    draft = QueueDraft(f"{PARENT}/queues/q", rate_limits=RateLimits(3.0, 0, 0))
    after = await project.queues.update(draft, ["rate_limits.max_dispatches_per_second"])
    assert (after.task_ttl, after.tombstone_ttl, after.acl) == (
        before.task_ttl,
        before.tombstone_ttl,
        before.acl,
    )
