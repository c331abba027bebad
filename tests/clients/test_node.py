"""@google-cloud/tasks for Node."""

import pytest
from tests.clients import toolchains
from tests.clients.drive import Drive
from tests.clients.methods import LEASES, PUSH

pytestmark = pytest.mark.timeout(toolchains.INSTALL_TIMEOUT)

_PROGRAM = toolchains.HERE / "node" / "tasks_client.cjs"


@pytest.mark.parametrize("transport", ["grpc", "rest"])
@pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
def test_every_version_over_grpc_and_its_fallback(drive: Drive, version: str, transport: str):
    """Queues and tasks through their whole lives; in v2beta2 leases, too."""
    drive.run(["node", _PROGRAM, version, transport], toolchains.node())
    assert drive.answered(version) == PUSH | (LEASES if version == "v2beta2" else set())
    assert drive.delivered() == b"from Node"
