"""What requests of the old taskqueue API must say, in the words of the APIs of its time."""

from typing import Final, TypeAlias

from google.protobuf.message import Message

from taskweir.api.taskqueue.envelope import BadParameter
from taskweir.domain.errors import InvalidArgument
from taskweir.domain.lease_filter import AnyTag, LeaseFilter, OldestTag, WithTag
from taskweir.domain.limits import MAX_LEASE, MAX_LEASED_TASKS, MAX_TAG_LENGTH
from taskweir.domain.times import SECOND, Micros
from taskweir_pb.taskqueue.v1beta1 import taskqueue_pb2 as pb_v1beta1
from taskweir_pb.taskqueue.v1beta2 import taskqueue_pb2 as pb

_LeaseRequest: TypeAlias = pb.LeaseTasksRequest | pb_v1beta1.LeaseTasksRequest

_LONGEST_LEASE: Final = MAX_LEASE // SECOND
"""Seconds. Of a lease and of its renewal."""


def number_of_tasks(request: _LeaseRequest) -> int:
    return _within(request, "num_tasks", 1, MAX_LEASED_TASKS)


def lease_time(request: _LeaseRequest) -> Micros:
    return _within(request, "lease_secs", 0, _LONGEST_LEASE) * SECOND


def new_lease_time(request: pb.UpdateTaskRequest) -> Micros:
    return _within(request, "new_lease_seconds", 0, _LONGEST_LEASE) * SECOND


def _within(request: Message, field: str, least: int, most: int) -> int:
    """The number in a field. Raises BadParameter, which names it as callers do."""
    name = request.DESCRIPTOR.fields_by_name[field].json_name
    if not request.HasField(field):
        raise BadParameter(f"Required parameter: {name}", name, reason="required")
    number: int = getattr(request, field)
    if not least <= number <= most:
        raise BadParameter(
            f"Invalid value '{number}'. Values must be within the range: [{least}, {most}]", name
        )
    return number


def wanted_tags(request: pb.LeaseTasksRequest) -> LeaseFilter:
    """A tag that is empty counts as none: clients send it so. Raises BadParameter for one that is not to be looked at,
    since its sender thinks otherwise."""
    if len(request.tag) > MAX_TAG_LENGTH:
        raise BadParameter(f"The tag must be at most {MAX_TAG_LENGTH} characters.", "tag")
    if not request.group_by_tag:
        if request.tag:
            raise BadParameter("Tag specified, but groupByTag was not.", "tag")
        return AnyTag()
    return WithTag(request.tag) if request.tag else OldestTag()


def required_field(name: str) -> InvalidArgument:
    """Of a body."""
    return InvalidArgument(f"Required field: {name}")
