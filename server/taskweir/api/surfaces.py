"""Everything that is served: the versions of Cloud Tasks, the other dialects, and the control API; over gRPC, over HTTP,
or over both."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Self

from taskweir.api.cloud_tasks import locations, operations
from taskweir.api.cloud_tasks.locations import Locations, locations_service
from taskweir.api.cloud_tasks.methods import Methods
from taskweir.api.cloud_tasks.operations import Operations, operations_service
from taskweir.api.cloud_tasks.version import Version
from taskweir.api.control.control import Control, control_service
from taskweir.api.firebase import task_queues as firebase
from taskweir.api.methods import Calls, Service
from taskweir.api.rest.style import GOOGLE, RestStyle
from taskweir.api.rest.surface import Mount
from taskweir.api.services import Services
from taskweir.api.taskqueue.pull_tasks import PullTasks
from taskweir.api.taskqueue.surface import OLD_STYLE, taskqueue_services
from taskweir.api.taskqueue.timestamps import Unit
from taskweir.api.v2 import cloud_tasks as v2
from taskweir.api.v2 import rest_only as v2_rest_only
from taskweir.api.v2beta2 import cloud_tasks as v2beta2
from taskweir.api.v2beta2 import rest_only as v2beta2_rest_only
from taskweir.api.v2beta3 import cloud_tasks as v2beta3
from taskweir.api.v2beta3 import rest_only as v2beta3_rest_only
from taskweir.domain.functions_url import FunctionsUrl

_TASKS_BODY: Final = 128 << 20
"""Bytes of a request about queues and tasks, over HTTP as over gRPC: a batch of a hundred large tasks fits."""
_CONTROL_BODY: Final = 1 << 20
"""Bytes of a request to steer with over HTTP; the largest hold a name or two."""


@dataclass(frozen=True, slots=True)
class Surfaces:
    """What each port serves."""

    grpc: tuple[tuple[Service, Calls], ...]
    http: tuple[Mount, ...]

    @classmethod
    def of(
        cls, services: Services, calls: Calls, *, functions: FunctionsUrl, location: str, timestamps: Unit
    ) -> Self:
        """All but the control API. `location` and `timestamps` are those of the old taskqueue API."""
        over_http = chain(
            ((service, GOOGLE) for service in _rest_services(services)),
            _dialects(services, functions, PullTasks(services, location, timestamps)),
        )
        return cls(
            tuple((service, calls) for service in _grpc_services(services)),
            tuple(Mount(service, calls, _TASKS_BODY, style) for service, style in over_http),
        )

    def with_control(self, control: Control, calls: Calls) -> Self:
        service = control_service(control)
        return type(self)((*self.grpc, (service, calls)), (*self.http, Mount(service, calls, _CONTROL_BODY)))

    def rpcs(self) -> frozenset[str]:
        """The full paths of all methods."""
        services = chain((service for service, _ in self.grpc), (mount.service for mount in self.http))
        return frozenset(method.rpc for service in services for method in service.methods())


@dataclass(frozen=True, slots=True)
class _CloudTasks:
    """One version."""

    version: Version
    cloud_tasks: type[Methods]
    rest_only: type[Methods]


_VERSIONS: Final = (
    _CloudTasks(v2.VERSION, v2.CloudTasks, v2_rest_only.RestOnly),
    _CloudTasks(v2beta3.VERSION, v2beta3.CloudTasks, v2beta3_rest_only.RestOnly),
    _CloudTasks(v2beta2.VERSION, v2beta2.CloudTasks, v2beta2_rest_only.RestOnly),
)


def _grpc_services(services: Services) -> Iterator[Service]:
    """Operations and locations have no version there; operations are shown as v2 has them."""
    for served in _VERSIONS:
        yield _cloud_tasks(served, services)
    yield operations_service(Operations(services.batches, v2.VERSION))
    yield locations_service(Locations(services.locations))


def _rest_services(services: Services) -> Iterator[Service]:
    """Over HTTP the path says the version of everything."""
    for served in _VERSIONS:
        version = served.version
        yield _cloud_tasks(served, services)
        yield _rest_only("RestOnly", version, version.service_name, served.rest_only(version, services))
        yield _rest_only("Operations", version, operations.NAME, Operations(services.batches, version))
        yield _rest_only("Locations", version, locations.NAME, Locations(services.locations))


def _cloud_tasks(served: _CloudTasks, services: Services) -> Service:
    version = served.version
    descriptor: Any = version.calls.DESCRIPTOR
    servicer = served.cloud_tasks(version, services)
    return Service(version.service_name, descriptor.services_by_name["CloudTasks"], servicer, version.reword)


def _rest_only(descriptor: str, version: Version, name: str, servicer: object) -> Service:
    """`name` is the one by which the service is known: that of the descriptor is ours alone."""
    file: Any = version.rest_only.DESCRIPTOR
    return Service(name, file.services_by_name[descriptor], servicer, version.reword)


def _dialects(
    services: Services, functions: FunctionsUrl, pull: PullTasks
) -> Iterator[tuple[Service, RestStyle]]:
    """Which there are over HTTP alone, and how they answer."""
    yield firebase.task_queues_service(services, functions), firebase.STYLE
    for service in taskqueue_services(pull):
        yield service, OLD_STYLE
