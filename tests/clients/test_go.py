"""cloud.google.com/go/cloudtasks, and grpcurl, which is told nothing but the address."""

import base64
import json
import os
from typing import Any

import pytest
from tests.clients import toolchains
from tests.clients.drive import Drive
from tests.clients.methods import PULL, PUSH
from tests.readme import client_rows

from taskweir.testing import Project

pytestmark = pytest.mark.timeout(toolchains.INSTALL_TIMEOUT)


@pytest.mark.parametrize("transport", ["grpc", "rest"])
@pytest.mark.parametrize("version", ["v2", "v2beta3"])
def test_push_queues_over_both_transports(drive: Drive, version: str, transport: str):
    """Queues and tasks through their whole lives."""
    drive.run([toolchains.go("clients"), version, transport])
    assert drive.answered(version) == PUSH
    assert drive.delivered() == b"from Go"


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_pull_queues_over_both_transports(drive: Drive, transport: str):
    """A task leased, renewed, let go, leased again and acknowledged."""
    drive.run([toolchains.go("clients"), "v2beta2", transport])
    assert drive.answered("v2beta2") == PULL


@pytest.mark.parametrize("port", ["grpc", "http"])
def test_grpcurl_needs_no_proto_files(drive: Drive, port: str):
    """It asks the server for the descriptors of all three versions, on either port."""
    address = drive.grpc if port == "grpc" else drive.http
    queue = f"projects/{drive.project}/locations/us-central1/queues/curled"
    listed = drive.run([toolchains.go("grpcurl"), "-plaintext", address, "list"]).split()
    assert {f"google.cloud.tasks.{version}.CloudTasks" for version in ("v2", "v2beta3", "v2beta2")} <= {
        *listed
    }

    _grpcurl(
        drive,
        address,
        "v2.CloudTasks/CreateQueue",
        parent=queue.rpartition("/queues")[0],
        queue={"name": queue},
    )
    request = {"url": drive.handler.url(), "body": base64.b64encode(b"from grpcurl").decode()}
    task = _grpcurl(drive, address, "v2.CloudTasks/CreateTask", parent=queue, task={"httpRequest": request})
    assert task["name"].startswith(queue)
    assert drive.delivered() == b"from grpcurl"
    assert _grpcurl(drive, address, "v2beta3.CloudTasks/GetQueue", name=queue)["type"] == "PUSH"
    assert "rateLimits" in _grpcurl(drive, address, "v2beta2.CloudTasks/GetQueue", name=queue)
    _grpcurl(drive, address, "v2.CloudTasks/DeleteQueue", name=queue)


def test_grpcurl_works_as_in_readme(drive: Drive, taskweir: Project):
    """But for port and project."""
    queue = taskweir.queue("mail")
    command = client_rows()["grpcurl"].command("grpcurl")
    command = command.replace("127.0.0.1:8123", drive.grpc).replace(
        "projects/local", f"projects/{drive.project}"
    )
    path = f"{toolchains.go('grpcurl').parent}{os.pathsep}{os.environ['PATH']}"
    listed = json.loads(drive.run(["bash", "-c", command], {"PATH": path}))
    assert [each["name"] for each in listed["queues"]] == [queue]


def _grpcurl(drive: Drive, address: str, method: str, **request: Any) -> Any:
    command = [toolchains.go("grpcurl"), "-plaintext", "-d", json.dumps(request), address]
    return json.loads(drive.run([*command, f"google.cloud.tasks.{method}"]))
