"""The services of every version: those that gRPC serves, and those that are served over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from taskweir.api.cloud_tasks import locations, operations
from taskweir.api.cloud_tasks.locations import Locations, locations_service
from taskweir.api.cloud_tasks.operations import Operations, operations_service
from taskweir.api.cloud_tasks.services import Methods, Services
from taskweir.api.cloud_tasks.version import Version
from taskweir.api.methods import Service
from taskweir.api.v2 import cloud_tasks as v2
from taskweir.api.v2 import rest_only as v2_rest_only
from taskweir.api.v2beta2 import cloud_tasks as v2beta2
from taskweir.api.v2beta2 import rest_only as v2beta2_rest_only
from taskweir.api.v2beta3 import cloud_tasks as v2beta3
from taskweir.api.v2beta3 import rest_only as v2beta3_rest_only


@dataclass(frozen=True, slots=True)
class _Surface:
    version: Version
    cloud_tasks: type[Methods]
    rest_only: type[Methods]


_SURFACES: Final = (
    _Surface(v2.VERSION, v2.CloudTasks, v2_rest_only.RestOnly),
    _Surface(v2beta3.VERSION, v2beta3.CloudTasks, v2beta3_rest_only.RestOnly),
    _Surface(v2beta2.VERSION, v2beta2.CloudTasks, v2beta2_rest_only.RestOnly),
)


def grpc_services(services: Services) -> Iterator[Service]:
    """Operations and locations have no version there; operations are shown as v2 has them."""
    for surface in _SURFACES:
        yield _cloud_tasks(surface, services)
    yield operations_service(Operations(services.batches, v2.VERSION))
    yield locations_service(Locations(services.locations))


def rest_services(services: Services) -> Iterator[Service]:
    """Over HTTP the path says the version of everything."""
    for surface in _SURFACES:
        version = surface.version
        yield _cloud_tasks(surface, services)
        yield _rest_only("RestOnly", version, version.service_name, surface.rest_only(version, services))
        yield _rest_only("Operations", version, operations.NAME, Operations(services.batches, version))
        yield _rest_only("Locations", version, locations.NAME, Locations(services.locations))


def _cloud_tasks(surface: _Surface, services: Services) -> Service:
    version = surface.version
    descriptor: Any = version.calls.DESCRIPTOR
    servicer = surface.cloud_tasks(version, services)
    return Service(version.service_name, descriptor.services_by_name["CloudTasks"], servicer)


def _rest_only(descriptor: str, version: Version, name: str, servicer: object) -> Service:
    """`name` is the one by which the service is known: that of the descriptor is ours alone."""
    file: Any = version.rest_only.DESCRIPTOR
    return Service(name, file.services_by_name[descriptor], servicer)
