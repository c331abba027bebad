"""Clients over TLS with a token, on either port; and what becomes of those without."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.certificates import Certificate
from tests.clients import toolchains
from tests.clients.drive import Drive
from tests.clients.methods import LEASES, PULL, PUSH
from tests.clients.test_gcloud import Gcloud

pytestmark = pytest.mark.timeout(toolchains.INSTALL_TIMEOUT)

_PYTHON = toolchains.HERE / "python" / "sdk_client.py"
_BY_HAND = toolchains.HERE / "python" / "by_hand_client.py"
_NODE = toolchains.HERE / "node" / "tasks_client.cjs"
_MISSING = "Request is missing required authentication credential. Expected OAuth 2 access token"
_INVALID = "Request had invalid authentication credentials. Expected OAuth 2 access token"


@pytest.mark.parametrize("transport", ["grpc", "rest"])
@pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
def test_python_unchanged(guarded_drive: Drive, version: str, transport: str):
    """By the variables of `taskweir env`."""
    guarded_drive.run([toolchains.python(), _PYTHON, version, transport])
    assert guarded_drive.answered(version) == PUSH | (LEASES if version == "v2beta2" else set())
    assert guarded_drive.delivered() == b"from Python"


def test_python_unchanged_on_the_grpc_port(guarded_drive: Drive):
    """The variables name the other."""
    variables = {"CLOUD_TASKS_EMULATOR_HOST": f"https://{guarded_drive.grpc}"}
    guarded_drive.run([toolchains.python(), _PYTHON, "v2", "grpc"], variables)
    assert guarded_drive.answered("v2") == PUSH


@pytest.mark.parametrize("port", ["grpc", "http"])
def test_python_by_hand(guarded_drive: Drive, port: str):
    """With gRPC's own credentials."""
    guarded_drive.run([toolchains.python(), _BY_HAND, _address(guarded_drive, port)])
    assert guarded_drive.delivered() == b"by hand"


@pytest.mark.parametrize("port", ["grpc", "http"])
@pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
def test_go(guarded_drive: Drive, version: str, port: str):
    """gRPC on either port."""
    variables = {"GRPC": _address(guarded_drive, port)}
    guarded_drive.run([toolchains.go("clients"), version, "grpc"], variables)
    assert guarded_drive.answered(version) == (PULL if version == "v2beta2" else PUSH)


def test_go_over_rest(guarded_drive: Drive):
    """It trusts what a variable of Go's names."""
    guarded_drive.run(
        [toolchains.go("clients"), "v2", "rest"], _go_trusts(guarded_drive.environment["CA_FILE"])
    )
    assert guarded_drive.answered("v2") == PUSH
    assert guarded_drive.delivered() == b"from Go"


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_node(guarded_drive: Drive, transport: str):
    """It trusts what a variable of Node's names, where that of gRPC does not say otherwise."""
    trust = {
        "NODE_EXTRA_CA_CERTS": guarded_drive.environment["CA_FILE"],
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": "",
    }
    variables = toolchains.node() | trust
    guarded_drive.run(["node", _NODE, "v2", transport], variables)
    assert guarded_drive.answered("v2") == PUSH
    assert guarded_drive.delivered() == b"from Node"


@pytest.mark.parametrize(("transport", "port"), [("grpc", "grpc"), ("grpc", "http"), ("rest", "http")])
def test_java(guarded_drive: Drive, tmp_path: Path, transport: str, port: str):
    """It trusts what is in a store that an option names."""
    classes = toolchains.java()
    store = tmp_path / "trusted.p12"
    keytool = ["keytool", "-importcert", "-noprompt", "-storetype", "PKCS12", "-storepass", "changeit"]
    certificate = guarded_drive.environment["CA_FILE"]
    subprocess.run([*keytool, "-keystore", store, "-file", certificate], check=True, capture_output=True)
    trust = [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit"]
    variables = {"GRPC": _address(guarded_drive, port)}
    guarded_drive.run(["java", *trust, "-cp", classes, "clients.Main", "v2", transport], variables)
    assert guarded_drive.answered("v2") == PUSH
    assert guarded_drive.delivered() == b"from Java"


def test_gcloud(guarded_drive: Drive, tmp_path: Path):
    """By the variables of `taskweir env`: its token, and whom it trusts. Those of requests would beat the latter."""
    guarded_drive.environment.update(REQUESTS_CA_BUNDLE="", CURL_CA_BUNDLE="")
    gcloud = Gcloud(guarded_drive, tmp_path)
    gcloud("queues", "create", "mail")
    assert gcloud("queues", "describe", "mail")["state"] == "RUNNING"


@pytest.mark.parametrize("port", ["grpc", "http"])
def test_grpcurl(guarded_drive: Drive, port: str):
    """Its token is a header like others."""
    request = json.dumps({"parent": f"projects/{guarded_drive.project}/locations/us-central1"})
    listed = guarded_drive.run(
        [
            toolchains.go("grpcurl"),
            *("-cacert", guarded_drive.environment["CA_FILE"], "-H", "authorization: Bearer sesame"),
            *("-d", request, _address(guarded_drive, port), "google.cloud.tasks.v2.CloudTasks/ListQueues"),
        ]
    )
    assert json.loads(listed) == {}


def _python(_drive: Drive, transport: str) -> tuple[Sequence[Any], Mapping[str, str], str]:
    return [toolchains.python(), _PYTHON, "v2", transport], {}, "CLOUD_TASKS_EMULATOR_TOKEN"


def _by_hand(drive: Drive, transport: str) -> tuple[Sequence[Any], Mapping[str, str], str]:
    return [toolchains.python(), _BY_HAND, _address(drive, transport)], {}, "TOKEN"


def _go(drive: Drive, transport: str) -> tuple[Sequence[Any], Mapping[str, str], str]:
    return [toolchains.go("clients"), "v2", transport], _go_trusts(drive.environment["CA_FILE"]), "TOKEN"


_CLIENTS = [
    pytest.param(_python, "grpc", id="Python"),
    pytest.param(_python, "rest", id="Python over REST"),
    pytest.param(_by_hand, "grpc", id="Python by hand"),
    pytest.param(_go, "grpc", id="Go"),
    pytest.param(_go, "rest", id="Go over REST"),
]


@pytest.mark.parametrize(("token", "said"), [("", _MISSING), ("open", _INVALID)])
@pytest.mark.parametrize(("client", "transport"), _CLIENTS)
def test_without_the_token_it_is_refused(
    guarded_drive: Drive, client: Any, transport: str, token: str, said: str
):
    """And told so, in production's words."""
    command, variables, name = client(guarded_drive, transport)
    assert said in guarded_drive.refused(command, {**variables, name: token})
    assert guarded_drive.answered("v2") == set()


@pytest.mark.parametrize(("client", "transport"), _CLIENTS)
def test_a_server_that_is_not_trusted_gets_no_call(
    guarded_drive: Drive, tmp_path: Path, client: Any, transport: str
):
    """Not even one that it refuses."""
    other = str(Certificate.self_signed(tmp_path, "localhost", "127.0.0.1").file)
    command, variables, _ = client(guarded_drive, transport)
    trusting = {"CA_FILE": other, "CLOUD_TASKS_EMULATOR_CA_FILE": other, **_go_trusts(other)}
    before = guarded_drive.calls()
    assert "certificate" in guarded_drive.refused(command, {**variables, **trusting}).lower()
    assert guarded_drive.calls() == before


def _address(drive: Drive, port: str) -> str:
    return drive.http if port == "http" else drive.grpc


def _go_trusts(certificates: str) -> dict[str, str]:
    return {"SSL_CERT_FILE": certificates}
