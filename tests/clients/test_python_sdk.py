"""google-cloud-tasks for Python, unchanged, in an interpreter that has no taskweir."""

import subprocess
import sys

import pytest
from tests.clients import toolchains
from tests.clients.drive import Drive
from tests.clients.methods import LEASES, PUSH

pytestmark = pytest.mark.timeout(toolchains.INSTALL_TIMEOUT)

_PROGRAM = toolchains.HERE / "python" / "sdk_client.py"


@pytest.mark.parametrize("transport", ["grpc", "rest"])
@pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
def test_every_version_over_both_transports(drive: Drive, version: str, transport: str):
    """Queues and tasks through their whole lives; in v2beta2 leases, too."""
    drive.run([toolchains.python(), _PROGRAM, version, transport])
    assert drive.answered(version) == PUSH | (LEASES if version == "v2beta2" else set())
    assert drive.delivered() == b"from Python"


def test_the_grpc_port_serves_it_as_well(drive: Drive):
    """The variable names the HTTP port, which takes all; a program may be given the other."""
    drive.run([toolchains.python(), _PROGRAM, "v2", "grpc"], {"CLOUD_TASKS_EMULATOR_HOST": drive.grpc})
    assert drive.answered("v2") == PUSH


def test_exec_brings_a_server_to_a_program(drive: Drive):
    """`taskweir exec` starts a server of its own for the program; ours hears nothing but the task's end."""
    ours = {name for name in drive.environment if name.startswith("CLOUD_TASKS_EMULATOR")}
    environment = {name: value for name, value in drive.environment.items() if name not in ours}
    command = [sys.executable, "-m", "taskweir", "exec", "--", toolchains.python(), _PROGRAM, "v2", "grpc"]
    ended = subprocess.run(list(map(str, command)), env=environment, timeout=60)
    assert ended.returncode == 0
    assert drive.answered("v2") == set()
    assert drive.delivered() == b"from Python"
