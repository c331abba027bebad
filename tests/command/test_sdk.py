"""taskweir.sdk: the official SDK, unchanged, finds the server."""

import os
import subprocess
import sys
from pathlib import Path

import google.auth
import grpc
import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import tasks_v2, tasks_v2beta2, tasks_v2beta3
from google.cloud.tasks_v2.services.cloud_tasks.transports import (
    CloudTasksGrpcAsyncIOTransport,
    CloudTasksGrpcTransport,
)

import taskweir
from taskweir import sdk

ADDRESS = "127.0.0.1:8123"
VERSIONS = [tasks_v2, tasks_v2beta3, tasks_v2beta2]


@pytest.fixture(autouse=True)
def unpatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the SDK as it was, and the machine without credentials."""

    def no_credentials(*_args: object, **_kwargs: object) -> None:
        raise DefaultCredentialsError("there are none")

    for version in VERSIONS:
        monkeypatch.setattr(version.CloudTasksClient, "__init__", version.CloudTasksClient.__init__)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(google.auth, "default", no_credentials)
    monkeypatch.setenv(sdk.VARIABLE, ADDRESS)


def target(client) -> str:
    """Where the client's channel leads; asyncio's channels hold it as a value, the others as a method."""
    channel = client.transport.grpc_channel._channel
    if not hasattr(channel, "target"):
        pytest.skip("this grpcio does not tell where an asyncio channel leads")
    found = channel.target
    return (found() if callable(found) else found).decode().removeprefix("dns:///")


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.__name__)
def test_a_client_with_no_argument_reaches_the_server(version) -> None:
    """Every version of the API, without credentials."""
    sdk.install()
    client = version.CloudTasksClient()
    assert target(client) == ADDRESS
    assert client.transport.kind == "grpc"
    assert client.api_endpoint == ADDRESS


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.__name__)
async def test_an_async_client_with_no_argument_reaches_the_server(version) -> None:
    """Its channel belongs to the running loop."""
    sdk.install()
    client = version.CloudTasksAsyncClient()
    assert target(client) == ADDRESS
    assert client.transport.kind == "grpc_asyncio"
    await client.transport.close()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.__name__)
def test_a_rest_client_speaks_plain_http(version) -> None:
    """With credentials that add nothing to a request."""
    sdk.install()
    client = version.CloudTasksClient(transport="rest")
    assert client.transport.host == f"http://{ADDRESS}"
    assert isinstance(client.transport._credentials, AnonymousCredentials)


@pytest.mark.parametrize(
    "arguments",
    [
        {"credentials": AnonymousCredentials()},
        {"client_options": {"credentials_file": "/nowhere.json", "scopes": ["x"], "quota_project_id": "p"}},
        {"client_options": ClientOptions(api_key="k")},
        {"client_options": ClientOptions()},
        {"transport": "grpc"},
        {"transport": CloudTasksGrpcTransport},
        {"client_info": google.api_core.gapic_v1.client_info.ClientInfo(user_agent="mine")},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_options_that_choose_no_endpoint_keep_working(arguments: dict[str, object]) -> None:
    """What is about credentials is left aside."""
    sdk.install()
    assert target(tasks_v2.CloudTasksClient(**arguments)) == ADDRESS


def test_the_callers_options_are_not_changed() -> None:
    """They may serve for other clients, too."""
    options = ClientOptions(api_key="k")
    sdk.install()
    tasks_v2.CloudTasksClient(client_options=options)
    assert options.api_key == "k"


def test_a_service_account_file_is_still_read() -> None:
    """A file that is missing is the program's mistake, with the server or without."""
    sdk.install()
    with pytest.raises(FileNotFoundError):
        tasks_v2.CloudTasksClient.from_service_account_file("/nowhere.json")


def test_an_explicit_transport_is_left_alone() -> None:
    """Programs written for other emulators bring one."""
    sdk.install()
    transport = CloudTasksGrpcTransport(channel=grpc.insecure_channel("127.0.0.1:9"))
    assert tasks_v2.CloudTasksClient(transport=transport).transport is transport


def test_a_factory_of_transports_is_left_alone() -> None:
    """As an explicit transport is."""
    sdk.install()

    def factory(**_kwargs: object) -> CloudTasksGrpcTransport:
        return CloudTasksGrpcTransport(channel=grpc.insecure_channel("127.0.0.1:9"))

    assert target(tasks_v2.CloudTasksClient(transport=factory)) == "127.0.0.1:9"


@pytest.mark.parametrize("options", [{"api_endpoint": "other:443"}, ClientOptions(api_endpoint="other:443")])
def test_an_explicit_endpoint_is_left_alone(options: object) -> None:
    """Then credentials are asked for as ever."""
    sdk.install()
    with pytest.raises(DefaultCredentialsError):
        tasks_v2.CloudTasksClient(client_options=options)
    client = tasks_v2.CloudTasksClient(client_options=options, credentials=AnonymousCredentials())
    assert client.api_endpoint == "other:443"


@pytest.mark.parametrize(
    "held", [f"http://{ADDRESS}", f"http://{ADDRESS}/", f" {ADDRESS} ", f"grpc://{ADDRESS}"]
)
def test_a_scheme_in_the_variable_is_forgiven(held: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract is HOST:PORT; https:// alone means something."""
    monkeypatch.setenv(sdk.VARIABLE, held)
    sdk.install()
    assert target(tasks_v2.CloudTasksClient()) == ADDRESS
    assert tasks_v2.CloudTasksClient(transport="rest").transport.host == f"http://{ADDRESS}"


def test_https_in_the_variable_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes of it is in test_sdk_secure.py."""
    monkeypatch.setenv(sdk.VARIABLE, f" HTTPS://{ADDRESS}/")
    sdk.install()
    assert tasks_v2.CloudTasksClient(transport="rest").transport.host == f"https://{ADDRESS}"


@pytest.mark.parametrize("held", [None, "", " "])
def test_nothing_is_done_where_the_variable_is_not_set(
    held: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program with the line in it runs in production."""
    monkeypatch.delenv(sdk.VARIABLE) if held is None else monkeypatch.setenv(sdk.VARIABLE, held)
    before = tasks_v2.CloudTasksClient.__init__, list(sys.meta_path)
    sdk.install()
    assert (tasks_v2.CloudTasksClient.__init__, sys.meta_path) == before


def test_a_second_install_changes_nothing() -> None:
    """Not even by a second copy of the module, as under taskweir exec."""
    sdk.install()
    once = tasks_v2.CloudTasksClient.__init__, list(sys.meta_path)
    sdk.install()
    copy: dict[str, object] = {"__name__": "copy"}
    exec(compile(Path(sdk.__file__).read_text(encoding="utf-8"), "copy", "exec"), copy)
    copy["install"]()  # type: ignore[operator]
    assert (tasks_v2.CloudTasksClient.__init__, sys.meta_path) == once


def test_large_messages_pass_as_with_the_sdks_own_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK lifts gRPC's limit of 4 MiB on its channels."""
    seen: dict[str, object] = {}
    insecure_channel = grpc.insecure_channel

    def spy(host: str, options: object = None) -> grpc.Channel:
        seen.update(options)  # type: ignore[call-overload]
        return insecure_channel(host, options=options)

    monkeypatch.setattr(grpc, "insecure_channel", spy)
    sdk.install()
    tasks_v2.CloudTasksClient()
    assert seen["grpc.max_send_message_length"] == seen["grpc.max_receive_message_length"] == -1


INJECTION = str(Path(taskweir.__file__).parent / "injection")


def python(code: str, *path: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter of its own that has the injection on its path, and no taskweir."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([INJECTION, *path]), **environ}
    return subprocess.run(
        # Google's packages announce what they will need some day.
        [sys.executable, "-W", "error", "-W", "ignore::FutureWarning", "-c", code],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_injection_redirects_clients_that_are_imported_later() -> None:
    """By an import hook; the modules keep the loaders they have without it."""
    code = """
import asyncio, sys
from google.cloud import tasks, tasks_v2, tasks_v2beta3

async def main():
    client = tasks_v2.CloudTasksAsyncClient()
    # An older grpcio does not tell.
    print(getattr(client.transport.grpc_channel._channel, "target", b"127.0.0.1:8123").decode().removeprefix("dns:///"))
    await client.transport.close()

client = tasks.CloudTasksClient()
print(client.transport.grpc_channel._channel.target().decode().removeprefix("dns:///"))
asyncio.run(main())
print(tasks_v2beta3.CloudTasksClient(transport="rest").transport.host)
print(type(sys.modules["google.cloud.tasks_v2.services.cloud_tasks.client"].__spec__.loader).__name__)
"""
    ran = python(code, CLOUD_TASKS_EMULATOR_HOST=ADDRESS)
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        ADDRESS,
        ADDRESS,
        f"http://{ADDRESS}",
        "SourceFileLoader",
    ]


def test_the_injection_loads_nothing_of_the_sdk_by_itself() -> None:
    """A program that never asks for Cloud Tasks pays nothing for it."""
    code = "import sys; print([name for name in sys.modules if name.startswith(('google.', 'grpc', 'taskweir'))])"
    ran = python(code, CLOUD_TASKS_EMULATOR_HOST=ADDRESS)
    assert (ran.stdout.strip(), ran.stderr) in {("[]", ""), ("['google.cloud']", "")}


def test_the_sitecustomize_that_the_injection_hides_still_runs(tmp_path: Path) -> None:
    """Under its own name, and without the variable, too."""
    (tmp_path / "sitecustomize.py").write_text("print('hidden', __name__, __file__)\n", encoding="utf-8")
    ran = python("import sitecustomize; print(sitecustomize.__file__)", str(tmp_path))
    hidden = str(tmp_path / "sitecustomize.py")
    assert ran.stdout.splitlines() == [f"hidden sitecustomize {hidden}", hidden]


def test_an_injection_that_fails_says_so_and_lets_the_program_run(tmp_path: Path) -> None:
    """Here its other half is missing."""
    (tmp_path / "injection").mkdir()
    source = Path(INJECTION, "sitecustomize.py").read_text(encoding="utf-8")
    (tmp_path / "injection" / "sitecustomize.py").write_text(source, encoding="utf-8")
    ran = python("print('ran')", PYTHONPATH=str(tmp_path / "injection"), CLOUD_TASKS_EMULATOR_HOST=ADDRESS)
    assert ran.stdout == "ran\n"
    assert ran.returncode == 0
    assert ran.stderr.startswith("taskweir: the Cloud Tasks SDK was not redirected: FileNotFoundError")
    assert ran.stderr.count("\n") == 1


def test_async_transports_are_told_from_others_by_class() -> None:
    """A transport class may be given in place of its name."""
    assert sdk._transport_class(tasks_v2.CloudTasksClient, CloudTasksGrpcAsyncIOTransport) is (
        CloudTasksGrpcAsyncIOTransport
    )
    assert sdk._transport_class(tasks_v2.CloudTasksClient, dict) is None
