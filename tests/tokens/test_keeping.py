"""How long the key lasts: verifiers keep keys for hours."""

from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import taskweir.testing
from taskweir.testing import Handler, Server, ServerSettings
from taskweir.tokens.signing_key import SigningKey

QUEUE = "projects/local/locations/us-central1/queues/q"


def ids(server: Server) -> set[str]:
    """Of the keys on both pages."""
    jwks = get(server, "/oauth2/v3/certs").json()["keys"]
    certificates = get(server, "/oauth2/v1/certs").json()
    assert {key["kid"] for key in jwks} == set(certificates)
    return set(certificates)


def get(server: Server, path: str) -> requests.Response:
    return requests.get(f"http://{server.http_address}{path}", timeout=10)


def started(data: Path | str, **settings: Any) -> Server:
    return taskweir.testing.server(in_process=True, **ServerSettings(data=data, **settings))


def access_token(server: Server, handler: Handler) -> str:
    request = {"url": handler.url(), "oauth_token": {"service_account_email": "a@b"}}
    server.client().create_task(parent=QUEUE, task={"http_request": request})
    server.wait_idle()
    return handler.requests[-1].headers["Authorization"]


def test_the_key_is_kept_with_the_data(tmp_path: Path) -> None:
    """A reset leaves it, and a restart; the secret of access tokens is kept too."""
    kept: list[tuple[set[str], str]] = []
    with Handler() as handler:
        for _ in range(2):
            with started(tmp_path / "d.db", queues=["q"], tokens_follow_clock=True) as server:
                for _ in range(2):
                    server.clock.freeze("2030-01-01T12:00:00Z")
                    kept.append((ids(server), access_token(server, handler)))
                    server.reset()
    assert len(kept[0][0]) == 1
    assert kept == [kept[0]] * 4


def test_in_memory_there_is_a_new_key_each_time() -> None:
    """And no two servers share one."""
    with started(":memory:") as one, started(":memory:") as other:
        assert ids(one).isdisjoint(ids(other))


def test_a_key_file_is_before_the_data(tmp_path: Path) -> None:
    """And leaves no key there."""
    key, file, data = SigningKey.made(), tmp_path / "key.pem", tmp_path / "d.db"
    pem = key._private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    file.write_bytes(pem)
    with started(data, token_key=file) as server:
        assert ids(server) == {key.id}
    with started(data) as server:
        assert ids(server).isdisjoint({key.id})


def test_the_key_is_made_when_it_is_needed(tmp_path: Path) -> None:
    """A start makes none, and neither does the discovery document."""
    data = tmp_path / "d.db"
    with started(data) as server:
        assert get(server, "/.well-known/openid-configuration").status_code == 200
    assert b"token signing key" not in data.read_bytes()
    with started(data) as server:
        ids(server)
    assert b"token signing key" in data.read_bytes()


@pytest.mark.parametrize(("mode", "warns"), [(0o600, False), (0o640, True), (0o604, True), (0o660, True)])
def test_a_data_file_that_others_may_read_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, warns: bool
) -> None:
    """Once, when the first secret is kept in it; its mode is its owner's to change."""
    data = tmp_path / "d.db"
    with started(data):
        assert "others" not in caplog.text
    data.chmod(mode)
    with Handler() as handler, started(data, queues=["q"]) as server:
        assert "others" not in caplog.text
        ids(server)
        access_token(server, handler)
    with started(data) as server:
        ids(server)
    warnings = [line for line in caplog.messages if "others must not read it" in line]
    assert warnings == [warning for warning in warnings if f"{data} has mode {mode:03o}" in warning]
    assert len(warnings) == warns
    assert data.stat().st_mode & 0o777 == mode


def test_what_is_in_memory_nobody_else_reads(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is told."""
    with started(":memory:") as server:
        ids(server)
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
