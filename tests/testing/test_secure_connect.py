"""Steering a server that speaks TLS and asks for a token."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.certificates import Certificate
from tests.served import served

from taskweir import pytest_plugin, testing
from taskweir.testing import ControlError


@dataclass(frozen=True)
class Guarded:
    """As `connect` takes them; the token is `sesame`."""

    grpc: str
    http: str
    ca_file: Path


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """It shows a certificate of its own for loopback."""
    folder = tmp_path_factory.mktemp("guarded")
    tokens = folder / "tokens"
    tokens.write_text("sesame\n")
    shown = Certificate.self_signed(folder, "127.0.0.1")
    with served(":memory:", f"--auth-token-file={tokens}", *shown.flags) as server:
        yield Guarded(f"https://{server.grpc_address}", f"https://{server.http_address}/", shown.file)


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_a_server_is_steered_over_tls_with_a_token(guarded: Guarded, transport: testing.Transport) -> None:
    """Control calls, and the clients that it gives; it tells its addresses without a scheme."""
    with testing.connect(guarded.grpc, guarded.http, token="sesame", ca_file=guarded.ca_file) as server:
        assert server.grpc_address == guarded.grpc.removeprefix("https://")
        project = server.project()
        queue = project.queue("mail")
        client = project.client(transport=transport)
        assert [found.name for found in client.list_queues(parent=project.location_name)] == [queue]
        url = server.handler().url()
        client.create_task(parent=queue, task={"http_request": {"url": url}})
        project.wait_idle()
        assert [attempt.status for attempt in project.attempts()] == [200]


async def test_the_same_for_await(guarded: Guarded) -> None:
    """Streams, too."""
    async with testing.async_connect(guarded.grpc, token="sesame", ca_file=str(guarded.ca_file)) as server:
        project = server.project()
        queue = await project.queue("mail")
        watch = await project.watch_attempts(timeout=20)
        client = project.async_client()
        await client.create_task(parent=queue, task={"http_request": {"url": server.handler().url()}})
        assert (await anext(watch)).status == 200
        await client.transport.close()


def test_programs_that_a_test_starts_are_told_all(guarded: Guarded) -> None:
    """By the variables of `taskweir env`."""
    with testing.connect(guarded.grpc, guarded.http, token="sesame", ca_file=guarded.ca_file) as server:
        environ = server.project("shop").environment()
    assert environ["CLOUD_TASKS_EMULATOR_HOST"] == guarded.http.rstrip("/")
    assert environ["CLOUD_TASKS_EMULATOR_TOKEN"] == "sesame"
    assert environ["CLOUD_TASKS_EMULATOR_CA_FILE"] == str(guarded.ca_file)


def test_the_plugin_is_told_by_variables(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token has no place on a command line; in plain text, the variables are for somebody else."""
    monkeypatch.setenv("CLOUD_TASKS_EMULATOR_TOKEN", "sesame")
    monkeypatch.setenv("CLOUD_TASKS_EMULATOR_CA_FILE", str(guarded.ca_file))
    with pytest_plugin._connected(guarded.grpc) as server:
        assert server.clock.now()
    with testing.server() as plain, pytest_plugin._connected(plain.grpc_address) as server:
        assert server.clock.now()


@pytest.mark.parametrize("token", ["", "open"])
def test_without_its_token_it_is_not_steered(guarded: Guarded, token: str) -> None:
    """The server says so."""
    with pytest.raises(ControlError, match=r"(missing required|invalid) authentication"):
        testing.connect(guarded.grpc, token=token, ca_file=guarded.ca_file)


def test_a_server_that_is_not_trusted_is_not_steered(guarded: Guarded) -> None:
    """Nobody vouches for its certificate."""
    with pytest.raises(ControlError, match="UNAVAILABLE"):
        testing.connect(guarded.grpc, token="sesame")


def test_a_token_is_not_sent_without_tls() -> None:
    """Where others could read it."""
    with pytest.raises(
        ValueError, match=r"a token is for a server over TLS: connect\('https://127.0.0.1:1', …\)"
    ):
        testing.connect("127.0.0.1:1", token="sesame")
