"""taskweir.sdk and a server that speaks TLS, or asks for a token."""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from google.api_core.exceptions import GoogleAPICallError, ServiceUnavailable, Unauthenticated, Unauthorized
from google.cloud import tasks_v2
from tests.certificates import Certificate
from tests.served import served

from taskweir import sdk

PARENT = "projects/local/locations/us-central1"
QUEUE = f"{PARENT}/queues/mail"
MISSING = "Request is missing required authentication credential."
INVALID = "Request had invalid authentication credentials."
TRANSPORTS = ("grpc", "grpc_asyncio", "rest")


@dataclass(frozen=True)
class Guarded:
    """A server that asks for the token `sesame`."""

    grpc: str
    http: str
    ca_file: str = ""

    def address(self, port: str) -> str:
        """What the variable is to hold."""
        return f"{'https://' if self.ca_file else ''}{self.http if port == 'http' else self.grpc}"


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("tokens") / "tokens"
    file.write_text("# of the shop\nsesame\n")
    return file


@pytest.fixture(scope="module")
def over_tls(tokens: Path) -> Iterator[Guarded]:
    """It shows a certificate of its own for loopback."""
    shown = Certificate.self_signed(tokens.parent, "localhost", "127.0.0.1")
    with served(":memory:", "--queue=mail", f"--auth-token-file={tokens}", *shown.flags) as server:
        yield Guarded(server.grpc_address, server.http_address, str(shown.file))


@pytest.fixture(scope="module")
def in_plain_text(tokens: Path) -> Iterator[Guarded]:
    with served(":memory:", "--queue=mail", f"--auth-token-file={tokens}") as server:
        yield Guarded(server.grpc_address, server.http_address)


@pytest.fixture(autouse=True)
def unpatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the SDK as it was."""
    monkeypatch.setattr(tasks_v2.CloudTasksClient, "__init__", tasks_v2.CloudTasksClient.__init__)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch):
    """Sets the variables, and has the SDK heed them."""

    def tell(address: str, token: str = "", ca_file: str = "") -> None:
        monkeypatch.setenv(sdk.VARIABLE, address)
        monkeypatch.setenv(sdk.TOKEN_VARIABLE, token)
        monkeypatch.setenv(sdk.CA_FILE_VARIABLE, ca_file)
        sdk.install()

    return tell


def call(transport: str) -> tasks_v2.Queue:
    """One call by a client that is built without an argument but the transport; what fails is not tried again."""
    if transport == "grpc_asyncio":
        return asyncio.run(_call())
    client = tasks_v2.CloudTasksClient(transport=transport)
    with contextlib.closing(client.transport):
        return client.get_queue(name=QUEUE, retry=None, timeout=10)


async def _call() -> tasks_v2.Queue:
    client = tasks_v2.CloudTasksAsyncClient()
    try:
        return await client.get_queue(name=QUEUE, retry=None, timeout=10)
    finally:
        await client.transport.close()


@pytest.mark.parametrize(("port", "transport"), [*(("http", each) for each in TRANSPORTS), ("grpc", "grpc")])
def test_clients_come_over_tls_with_a_token(over_tls: Guarded, tell, port: str, transport: str) -> None:
    """By the address with its scheme, on either port."""
    tell(over_tls.address(port), "sesame", over_tls.ca_file)
    assert call(transport).name == QUEUE


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_token_is_sent_without_tls_too(in_plain_text: Guarded, tell, transport: str) -> None:
    """On loopback, and wherever an operator finds it good enough."""
    tell(in_plain_text.address("http"), "sesame")
    assert call(transport).name == QUEUE


@pytest.mark.parametrize(("token", "said"), [("", MISSING), ("open", INVALID)])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_without_the_token_calls_are_refused(
    over_tls: Guarded, tell, transport: str, token: str, said: str
) -> None:
    """With the server's own words over REST as well, not those of google-auth about credentials."""
    tell(over_tls.address("http"), token, over_tls.ca_file)
    with pytest.raises((Unauthenticated, Unauthorized)) as refused:
        call(transport)
    assert isinstance(refused.value, GoogleAPICallError)
    assert said in refused.value.message


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_server_that_is_not_trusted_gets_no_call(
    over_tls: Guarded, tell, tmp_path: Path, transport: str
) -> None:
    """And so no token."""
    before = answered(over_tls)
    other = Certificate.self_signed(tmp_path, "localhost", "127.0.0.1")
    tell(over_tls.address("http"), "sesame", str(other.file))
    with pytest.raises((ServiceUnavailable, requests.exceptions.SSLError), match=r"(?i)certificate.verify"):
        call(transport)
    assert answered(over_tls) == before


def answered(server: Guarded) -> str:
    """What the server counts of calls."""
    metrics = requests.get(
        f"https://{server.http}/metrics",
        headers={"Authorization": "Bearer sesame"},
        verify=server.ca_file,
        timeout=10,
    )
    metrics.raise_for_status()
    return "".join(line for line in metrics.text.splitlines(True) if line.startswith("taskweir_calls_total"))


def test_bundles_of_others_change_nothing_about_the_file(
    over_tls: Guarded, tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests would prefer that of its variable."""
    other = Certificate.self_signed(tmp_path, "localhost", "127.0.0.1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.file))
    tell(over_tls.address("http"), "sesame", over_tls.ca_file)
    assert call("rest").name == QUEUE


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_file_of_certificates_that_is_missing_is_named(tell, transport: str) -> None:
    """When the client is built, not in every call."""
    tell("https://127.0.0.1:9", "", "/nowhere/ca.pem")
    with pytest.raises(FileNotFoundError, match=r"/nowhere/ca\.pem"):
        call(transport)
