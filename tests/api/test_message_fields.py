"""Fields of messages, counted before they are parsed."""

import pytest
from google.cloud.location import locations_pb2
from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct

from taskweir.api.message_fields import FEW, check_fields, has_too_many
from taskweir.api.rest.request import _read_proto
from taskweir.domain.errors import InvalidArgument

POLICY = iam_policy_pb2.SetIamPolicyRequest.DESCRIPTOR
LOCATION = locations_pb2.Location.DESCRIPTOR
STRUCT = Struct.DESCRIPTOR


def policy(count: int) -> bytes:
    """Of 2 fields, and 3 for each binding."""
    bindings = [policy_pb2.Binding(role="r", members=["m"]) for _ in range(count)]
    policy = policy_pb2.Policy(bindings=bindings)
    return iam_policy_pb2.SetIamPolicyRequest(resource="x" * 300, policy=policy).SerializeToString()


def struct(count: int) -> bytes:
    """Of 1 field, its 2, its list, and 2 for each value."""
    made = Struct()
    made.update({"x": [1] * count})
    return made.SerializeToString()


@pytest.mark.parametrize(
    ("data", "descriptor", "count"),
    [
        (b"", POLICY, 0),
        (policy(0), POLICY, 2),
        (policy(50), POLICY, 152),
        (b"\x12\xc8\x01" + b"\x22\x00" * 100, POLICY, 101),
        (locations_pb2.Location(labels={f"{n}": "x" for n in range(50)}).SerializeToString(), LOCATION, 50),
        (struct(50), STRUCT, 104),
        (b"\xf8\x01\x80\x01" * 40, POLICY, 40),
        (b"\x0d1234" * 40 + b"\x0912345678" * 40, POLICY, 80),
        # An unknown group, in which 18 is no policy, and what is within it would end the count.
        (b"\x13" + b"\x12\x02\xff\xff" + b"\x0b\x0c" + b"\x14" + b"\x08\x01" * 40, POLICY, 45),
    ],
    ids=[
        "empty",
        "few",
        "messages",
        "empty ones",
        "a map",
        "lists",
        "unknown numbers",
        "fixed sizes",
        "groups",
    ],
)
def test_fields_are_counted(data: bytes, descriptor: Descriptor, count: int) -> None:
    """Those of messages within messages too; entries of maps once, unless they hold messages."""
    assert not has_too_many(data, descriptor, count)
    assert not count or has_too_many(data, descriptor, count - 1)


@pytest.mark.parametrize("data", [policy(50)[:-1], b"\x0f" * 50, b"\x14" + policy(50), b"\xff" * 50])
def test_what_is_malformed_is_left_to_the_parser(data: bytes) -> None:
    """Which refuses it at the latest where the count stopped."""
    assert not has_too_many(data, POLICY, 152)
    with pytest.raises(DecodeError):
        iam_policy_pb2.SetIamPolicyRequest.FromString(data)


def test_a_message_of_a_few_bytes_a_field() -> None:
    """Would take thirty times of its size in memory: it is refused before that, whatever it came by."""
    bomb = b"\x12\x80\x80\x20" + b"\x22\x00" * (FEW)
    with pytest.raises(InvalidArgument, match="more than 100000 fields"):
        check_fields(bomb, iam_policy_pb2.SetIamPolicyRequest)
    with pytest.raises(InvalidArgument, match="more than 100000 fields"):
        _read_proto(bomb, iam_policy_pb2.SetIamPolicyRequest())
    check_fields(policy(33_000), iam_policy_pb2.SetIamPolicyRequest)
    long = locations_pb2.Location(name="x" * (FEW + 1)).SerializeToString()
    check_fields(long, locations_pb2.Location)
