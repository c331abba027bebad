"""One server in a process of its own for all tests of a worker, and the official clients of every surface."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Final, cast

import pytest
from tests.api.surfaces.every_surface import NOW, SURFACES, ids
from tests.api.surfaces.surface import Surface

import taskweir.testing
from taskweir.testing import Clock, Server, Transport, Version

_projects: Final = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Whose clock stands still at NOW."""
    with taskweir.testing.server() as server:
        server.clock.freeze(NOW)
        yield server


@pytest.fixture(scope="session")
def surfaces(server: Server) -> Mapping[tuple[str, str], Surface]:
    """By version and transport."""
    return {
        (version, transport): Surface(
            version,
            transport,
            server.client(cast("Version", version), transport=cast("Transport", transport)),
        )
        for version, transport in SURFACES
    }


@pytest.fixture(params=SURFACES, ids=ids(SURFACES))
def surface(request: pytest.FixtureRequest, surfaces: Mapping[tuple[str, str], Surface]) -> Surface:
    """Each in turn."""
    return surfaces[request.param]


@pytest.fixture
def parent() -> str:
    """A location of a project that this test alone has."""
    return f"projects/surface-{next(_projects)}/locations/us-central1"


@pytest.fixture
def clock(server: Server) -> Iterator[Clock]:
    """To be moved; it is set back afterwards."""
    yield server.clock
    server.clock.freeze(NOW)
