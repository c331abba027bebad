"""The descriptors of everything served, under the names clients know.

The stubs are generated under names of their own, so that they load beside the official client. What must tell
the true names, such as reflection, JSON and the HTTP rules, asks the pool here instead.
"""

from functools import cache
from importlib import resources
from typing import Final

from google.cloud.location import locations_pb2
from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

_BESIDE_THE_PROTOS: Final[tuple[FileDescriptor, ...]] = (
    locations_pb2.DESCRIPTOR,
    health_pb2.DESCRIPTOR,
    reflection_pb2.DESCRIPTOR,
    error_details_pb2.DESCRIPTOR,
)
"""Files that no proto of ours imports, though we serve their services, or their messages as details of errors."""


@cache
def descriptor_pool() -> DescriptorPool:
    """A pool of its own: google.cloud.tasks.v2 in the default pool would shut out the official client.

    Options can be read from what it holds: `method.GetOptions().Extensions[annotations_pb2.http]`. Messages
    made from it are not instances of the stubs' classes, nor of the well-known types'.
    """
    pool = DescriptorPool()
    added: set[str] = set()
    shipped = resources.files("taskweir_pb").joinpath("descriptors.binpb").read_bytes()
    for file in FileDescriptorSet.FromString(shipped).file:
        pool.AddSerializedFile(file.SerializeToString())
        added.add(file.name)
    for descriptor in _BESIDE_THE_PROTOS:
        _add(pool, descriptor, added)
    return pool


def service(full_name: str) -> ServiceDescriptor:
    """The service of that true name, e.g. google.cloud.tasks.v2.CloudTasks. Raises KeyError."""
    return descriptor_pool().FindServiceByName(full_name)


def _add(pool: DescriptorPool, file: FileDescriptor, added: set[str]) -> None:
    """Add a file after those it imports. A pool refuses a second, different version of a file it has."""
    if file.name in added:
        return
    for imported in file.dependencies:
        _add(pool, imported, added)
    pool.AddSerializedFile(file.serialized_pb)
    added.add(file.name)
