"""Names, times and numbers of the old taskqueue API, and its tasks as messages."""

from typing import Any, cast

import pytest
from google.protobuf.json_format import MessageToDict

from taskweir.api.services import Services
from taskweir.api.taskqueue.address import Address
from taskweir.api.taskqueue.codec_queue import Stats, queue_message
from taskweir.api.taskqueue.codec_task import leased, listed, task_draft, task_message, task_message_v1beta1
from taskweir.api.taskqueue.envelope import BadParameter
from taskweir.api.taskqueue.parameters import lease_time, new_lease_time, number_of_tasks, wanted_tags
from taskweir.api.taskqueue.pull_tasks import PullTasks
from taskweir.api.taskqueue.surface import taskqueue_services
from taskweir.api.taskqueue.timestamps import Unit, read, shown
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.lease_filter import AnyTag, LeaseFilter, OldestTag, WithTag
from taskweir.domain.model import Acl, PullMessage, Queue, QueueType, RateLimits, RetryConfig, Task
from taskweir.domain.names import QueueName
from taskweir.domain.times import SECOND
from taskweir_pb.taskqueue.v1beta1 import taskqueue_pb2 as pb_v1beta1
from taskweir_pb.taskqueue.v1beta2 import taskqueue_pb2 as pb

Q = QueueName("shop", "us-central1", "orders")
HERE = Address("s~shop", Q)
NOW = 1_498_510_174_123_456


@pytest.mark.parametrize(
    ("written", "project"),
    [
        ("shop", "shop"),
        ("s~shop", "shop"),
        ("e~shop", "shop"),
        ("p~shop", "shop"),
        ("example.com:shop", "example.com:shop"),
        ("s~example.com:shop", "example.com:shop"),
    ],
)
def test_a_project_is_found_with_and_without_its_partition(written: str, project: str) -> None:
    """It is shown as it was written."""
    address = Address.of(written, "orders", "us-central1")
    assert address.queue == QueueName(project, "us-central1", "orders")
    assert str(address) == f"projects/{written}/taskqueues/orders"
    assert address.task("a") == f"projects/{project}/locations/us-central1/queues/orders/tasks/a"


@pytest.mark.parametrize(
    ("project", "taskqueue"),
    [
        ("", "orders"),
        ("s~", "orders"),
        ("S~shop", "orders"),
        ("ss~shop", "orders"),
        ("s~s~shop", "orders"),
        ("~shop", "orders"),
        ("shop/locations/x/queues/y", "orders"),
        ("shop", ""),
        ("shop", "a_b"),
        ("shop", "orders/tasks/a"),
    ],
)
def test_what_is_no_name_is_refused(project: str, taskqueue: str) -> None:
    """Slashes that were escaped in the URL lead nowhere else."""
    with pytest.raises(InvalidArgument):
        Address.of(project, taskqueue, "us-central1")


@pytest.mark.parametrize(
    "name",
    [
        "orders",
        "projects/s~shop/taskqueues/orders",
        "projects/shop/taskqueues/orders",
        "projects/e~shop/taskqueues/orders",
    ],
)
def test_a_body_may_name_the_queue_shortly_or_in_full(name: str) -> None:
    """With any partition or none."""
    HERE.check(name)


@pytest.mark.parametrize(
    "name",
    ["", "others", "projects/s~mall/taskqueues/orders", "projects/s~shop/taskqueues/others", "shop/orders"],
)
def test_a_body_that_names_another_queue_is_refused(name: str) -> None:
    """The text says which it must be."""
    with pytest.raises(InvalidArgument, match="projects/s~shop/taskqueues/orders"):
        HERE.check(name)


@pytest.mark.parametrize(
    ("number", "instant"),
    [
        (0, 0),
        (1_498_510_174, 1_498_510_174 * SECOND),
        (99_999_999_999, 99_999_999_999 * SECOND),
        (100_000_000_000, 100_000_000_000),
        (NOW, NOW),
        (-1, -SECOND),
    ],
)
def test_times_are_read_in_either_unit(number: int, instant: int) -> None:
    """By their size."""
    assert read(number) == instant


@pytest.mark.parametrize(("unit", "number"), [("micros", NOW), ("seconds", 1_498_510_174)])
def test_times_are_shown_in_the_unit_of_the_server(unit: Unit, number: int) -> None:
    """Seconds are cut."""
    assert shown(NOW, unit) == number


@pytest.mark.parametrize(
    ("request_", "read_it", "name"),
    [
        (pb.LeaseTasksRequest(lease_secs=1), number_of_tasks, "numTasks"),
        (pb.LeaseTasksRequest(num_tasks=1), lease_time, "leaseSecs"),
        (pb_v1beta1.LeaseTasksRequest(num_tasks=1), lease_time, "leaseSecs"),
        (pb.UpdateTaskRequest(), new_lease_time, "newLeaseSeconds"),
    ],
)
def test_a_missing_parameter_is_named(request_: Any, read_it: Any, name: str) -> None:
    """In the words of the APIs of that time."""
    with pytest.raises(BadParameter) as refused:
        read_it(request_)
    assert (refused.value.message, refused.value.reason, refused.value.parameter) == (
        f"Required parameter: {name}",
        "required",
        name,
    )


@pytest.mark.parametrize("count", [-1, 0, 1_001])
def test_a_lease_is_of_one_to_a_thousand_tasks(count: int) -> None:
    """The text gives the range."""
    with pytest.raises(BadParameter, match=rf"'{count}'.* \[1, 1000\]"):
        number_of_tasks(pb.LeaseTasksRequest(num_tasks=count))
    assert [number_of_tasks(pb.LeaseTasksRequest(num_tasks=number)) for number in (1, 1_000)] == [1, 1_000]


@pytest.mark.parametrize("seconds", [-1, 604_801])
def test_a_lease_lasts_a_week_at_most(seconds: int) -> None:
    """A renewal too."""
    with pytest.raises(BadParameter, match=r"\[0, 604800\]"):
        lease_time(pb.LeaseTasksRequest(lease_secs=seconds))
    with pytest.raises(BadParameter, match=r"\[0, 604800\]"):
        new_lease_time(pb.UpdateTaskRequest(new_lease_seconds=seconds))
    assert lease_time(pb.LeaseTasksRequest(lease_secs=0)) == 0
    assert new_lease_time(pb.UpdateTaskRequest(new_lease_seconds=604_800)) == 604_800 * SECOND


@pytest.mark.parametrize(
    ("group_by_tag", "tag", "wanted"),
    [
        (False, "", AnyTag()),
        (True, "", OldestTag()),
        (True, "red", WithTag("red")),
        (True, 'oldest_tag()"', WithTag('oldest_tag()"')),
        (True, "x" * 500, WithTag("x" * 500)),
    ],
)
def test_tasks_are_leased_by_tag(group_by_tag: bool, tag: str, wanted: LeaseFilter) -> None:
    """A tag is taken as it is: there is no grammar of filters here."""
    assert wanted_tags(pb.LeaseTasksRequest(group_by_tag=group_by_tag, tag=tag)) == wanted


@pytest.mark.parametrize(("group_by_tag", "tag"), [(False, "red"), (True, "x" * 501)])
def test_a_tag_that_cannot_be_meant_is_refused(group_by_tag: bool, tag: str) -> None:
    """Without groupByTag, and where no task can have it."""
    with pytest.raises(BadParameter) as refused:
        wanted_tags(pb.LeaseTasksRequest(group_by_tag=group_by_tag, tag=tag))
    assert refused.value.parameter == "tag"


def task(**over: Any) -> Task:
    fields: dict[str, Any] = {
        "name": Q.task("a"),
        "payload": PullMessage(b"\xfb\xff", "red"),
        "schedule_time": NOW + 60 * SECOND,
        "create_time": NOW,
        "dispatch_count": 2,
    }
    return Task(**{**fields, **over})


def test_a_task_has_the_names_and_types_of_the_api() -> None:
    """Times and counts of 64 bits are text, that of leases is a number and has an underscore."""
    assert MessageToDict(task_message(task(), HERE, "micros")) == {
        "kind": "taskqueues#task",
        "id": "a",
        "queueName": "projects/s~shop/taskqueues/orders",
        "payloadBase64": "+/8=",
        "enqueueTimestamp": "1498510174000000",
        "leaseTimestamp": "1498510234123456",
        "retry_count": 2,
        "tag": "red",
    }


def test_the_first_edition_knows_neither_tags_nor_counts() -> None:
    """All else is the same."""
    assert MessageToDict(task_message_v1beta1(task(), HERE, "seconds")) == {
        "kind": "taskqueues#task",
        "id": "a",
        "queueName": "projects/s~shop/taskqueues/orders",
        "payloadBase64": "+/8=",
        "enqueueTimestamp": "1498510174",
        "leaseTimestamp": "1498510234",
    }


def test_a_task_that_was_never_leased_says_zero() -> None:
    """Zeros are written, and an empty payload is."""
    shown_task = MessageToDict(task_message(task(dispatch_count=0, payload=PullMessage()), HERE, "micros"))
    assert (shown_task["leaseTimestamp"], shown_task["retry_count"]) == ("0", 0)
    assert shown_task["payloadBase64"] == ""
    assert "tag" not in shown_task


def test_a_task_read_without_its_payload_shows_none() -> None:
    """As those of lists are."""
    message = task_message(task(payload=PullMessage(b"", "red"), has_body=False), HERE, "micros")
    assert not message.HasField("payload_base64")


def test_what_is_leased_and_what_is_listed_differ_in_an_s() -> None:
    """Without tasks there is nothing but that."""
    assert MessageToDict(leased([], HERE, "micros")) == {"kind": "taskqueue#tasks"}
    assert MessageToDict(listed([], HERE, "micros")) == {"kind": "taskqueues#tasks"}


def test_a_draft_has_what_the_caller_sent() -> None:
    """Times in either unit; what the server says is passed over."""
    body = pb.Task(
        kind="taskqueues#task",
        id="a",
        queue_name="orders",
        payload_base64=b"\xfb\xff",
        enqueue_timestamp=1,
        lease_timestamp=1_498_510_174,
        retry_count=7,
        tag="red",
    )
    draft = task_draft(body, HERE)
    assert (draft.name, draft.payload) == (f"{Q}/tasks/a", PullMessage(b"\xfb\xff", "red"))
    assert draft.schedule_time == 1_498_510_174 * SECOND


def test_a_draft_needs_a_payload_alone() -> None:
    """Which may be empty, but must be there."""
    draft = task_draft(pb.Task(payload_base64=b""), HERE)
    assert (draft.name, draft.payload, draft.schedule_time) == ("", PullMessage(), None)
    with pytest.raises(InvalidArgument, match="payloadBase64"):
        task_draft(pb.Task(id="a", tag="red"), HERE)


def queue(max_attempts: int, acl: Acl | None = None) -> Queue:
    return Queue(
        Q, RateLimits(10_000, 10_000, -1), RetryConfig(max_attempts, 0, 0, 0, 0), type=QueueType.PULL, acl=acl
    )


@pytest.mark.parametrize("edition", [0, 1])
def test_every_method_of_both_editions_is_there(edition: int) -> None:
    """The generated bases would only answer that they are not."""
    service = taskqueue_services(PullTasks(cast("Services", None), "us-central1", "micros"))[edition]
    assert {method.name for method in service.methods()} == set(service.descriptor.methods_by_name)


def test_a_queue_shows_its_leases_and_who_may_use_it() -> None:
    """By the names of the file that says so in the API's own."""
    acl = Acl(user_emails=("a@example.com", "b@example.com"), writer_emails=("c@example.com",))
    assert MessageToDict(queue_message(queue(7, acl), None, "micros")) == {
        "kind": "taskqueues#taskqueue",
        "id": "orders",
        "maxLeases": 7,
        "acl": {
            "consumerEmails": ["a@example.com", "b@example.com"],
            "producerEmails": ["c@example.com"],
        },
    }


def test_a_queue_without_limits_shows_none() -> None:
    """Neither a number of leases nor a list."""
    assert MessageToDict(queue_message(queue(-1), None, "micros")) == {
        "kind": "taskqueues#taskqueue",
        "id": "orders",
    }
    assert MessageToDict(queue_message(queue(-1, Acl()), None, "micros"))["acl"] == {}


@pytest.mark.parametrize(
    ("stats", "shown_stats"),
    [
        (
            Stats(3, NOW, 2, 9),
            {
                "totalTasks": 3,
                "oldestTask": "1498510174",
                "leasedLastMinute": "2",
                "leasedLastHour": "9",
            },
        ),
        (Stats(0, None, 0, 0), {"totalTasks": 0, "leasedLastMinute": "0", "leasedLastHour": "0"}),
    ],
)
def test_stats_have_the_names_and_types_of_the_api(stats: Stats, shown_stats: dict[str, Any]) -> None:
    """Zeros are written; without a task there is no oldest one."""
    assert MessageToDict(queue_message(queue(-1), stats, "seconds"))["stats"] == shown_stats
