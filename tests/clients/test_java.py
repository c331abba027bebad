"""com.google.cloud:google-cloud-tasks for Java."""

import pytest
from tests.clients import toolchains
from tests.clients.drive import Drive
from tests.clients.methods import PULL, PUSH

pytestmark = pytest.mark.timeout(toolchains.INSTALL_TIMEOUT)


@pytest.mark.parametrize("transport", ["grpc", "rest"])
@pytest.mark.parametrize("version", ["v2", "v2beta3"])
def test_push_queues_over_both_transports(drive: Drive, version: str, transport: str):
    """Queues and tasks through their whole lives."""
    drive.run(["java", "-cp", toolchains.java(), "clients.Main", version, transport])
    assert drive.answered(version) == PUSH
    assert drive.delivered() == b"from Java"


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_pull_queues_over_both_transports(drive: Drive, transport: str):
    """A task leased, renewed, let go, leased again and acknowledged."""
    drive.run(["java", "-cp", toolchains.java(), "clients.Main", "v2beta2", transport])
    assert drive.answered("v2beta2") == PULL
