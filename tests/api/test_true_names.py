"""Types are told by the names that clients know."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import taskweir_pb
from taskweir.api.descriptors import descriptor_pool
from taskweir.api.true_names import true_name


def stubs() -> Iterator[str]:
    """Every message and enum that has a stub."""
    for module in pkgutil.walk_packages(taskweir_pb.__path__, "taskweir_pb."):
        if module.name.endswith("_pb2"):
            file = importlib.import_module(module.name).DESCRIPTOR
            yield from (each.full_name for each in file.message_types_by_name.values())
            yield from (each.full_name for each in file.enum_types_by_name.values())


@pytest.mark.parametrize("name", list(stubs()))
def test_a_stub_has_the_name_that_its_proto_gives(name: str) -> None:
    """Under which the descriptors are."""
    assert true_name(name) != name
    assert descriptor_pool().FindFileContainingSymbol(true_name(name))


@pytest.mark.parametrize("name", ["google.protobuf.Timestamp", "google.rpc.Status", "google.api.HttpBody"])
def test_what_is_no_stub_keeps_its_name(name: str) -> None:
    """Others know it by no other."""
    assert true_name(name) == name
