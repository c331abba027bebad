"""`taskweir health`."""

import datetime as dt
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.command.process import environment, run, serving

from taskweir.command import health as command
from taskweir.command.health import health
from taskweir.settings import Given, resolve


def at(port: int, host: str = "127.0.0.1", **more: str) -> dict[str, Given]:
    """Settings that describe a server."""
    texts = {"http-port": str(port), "host": host} | {
        name.replace("_", "-"): text for name, text in more.items()
    }
    return {name: Given(text, name) for name, text in texts.items()}


@contextmanager
def answering(data: bytes, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server that says the same to whoever comes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            accepted, _ = listener.accept()
            with tls.wrap_socket(accepted, server_side=True) if tls else accepted as peer:
                peer.recv(4096)
                peer.sendall(data)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_a_server_that_runs_is_healthy(tmp_path: Path) -> None:
    """By a flag or by a variable, also where it listens everywhere."""
    with serving("--data", ":memory:", cwd=tmp_path) as server:
        port = server.http.rpartition(":")[2]
        by_flag = run("health", "-http-port", port, cwd=tmp_path)
        by_variable = run("health", cwd=tmp_path, TASKWEIR_HTTP_PORT=port, TASKWEIR_HOST="0.0.0.0")
    for ran in (by_flag, by_variable):
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"healthy: 127.0.0.1:{port}\n", "")


def test_a_server_beyond_loopback_is_asked_without_a_token(tmp_path: Path, certificate: Path) -> None:
    """Over TLS; a health check is given no tokens."""
    tokens = tmp_path / "tokens"
    tokens.write_text("a-token-of-enough-characters-to-be-taken\n")
    tls = ["--tls-cert", str(certificate), "--tls-key", str(certificate)]
    with serving("--data", ":memory:", "--auth-token-file", str(tokens), *tls, cwd=tmp_path) as server:
        ran = run("health", "--http-port", server.http.rpartition(":")[2], *tls, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, f"healthy: {server.http}\n")


def test_where_nobody_listens_it_is_unhealthy(capsys: pytest.CaptureFixture[str]) -> None:
    """The line says why."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert health(resolve(at(port))) == 1
    assert capsys.readouterr().out.startswith(f"unhealthy: 127.0.0.1:{port}: [Errno ")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\nthe disk\nis full\n", "503 the disk is full"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"),
        (b"SSH-2.0-x\r\n", "SSH-2.0-x"),
        (b"", "Remote end closed connection without response"),
    ],
)
def test_any_other_answer_is_unhealthy(capsys: pytest.CaptureFixture[str], answer: bytes, line: str) -> None:
    """One line, with what was said."""
    with answering(answer) as port:
        assert health(resolve(at(port))) == 1
    assert capsys.readouterr().out == f"unhealthy: 127.0.0.1:{port}: {line}\n"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a key and a certificate that nobody trusts, for another name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tasks.example.com")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now - dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "tls.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return file


def test_with_a_certificate_it_asks_over_tls_and_trusts_it(
    capsys: pytest.CaptureFixture[str], certificate: Path
) -> None:
    """Whatever the certificate says: it is the server's own."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", tls) as port:
        assert health(resolve(at(port, tls_cert=str(certificate), tls_key=str(certificate)))) == 0
    assert capsys.readouterr().out == f"healthy: 127.0.0.1:{port}\n"


def test_a_server_that_says_nothing_is_unhealthy_in_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the container's own patience ends."""
    monkeypatch.setattr(command, "_PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert health(resolve(at(silent.getsockname()[1]))) == 1
    assert capsys.readouterr().out.endswith(": timed out\n")


def test_a_free_port_cannot_be_asked(tmp_path: Path) -> None:
    """Nobody knows it; bad usage, as for `env`."""
    ran = run("health", "--http-port=0", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "taskweir: health needs the HTTP port of a running server: port 0 names none\n"


def test_it_loads_none_of_the_server() -> None:
    """It is run every few seconds, beside other work."""
    code = (
        "import sys; from taskweir.__main__ import main; main(['health', '--http-port=1']);"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    heavy = ("grpc", "google", "aiohttp", "asyncio", "aiosqlite", "cryptography", "pycurl", "taskweir_pb")
    done = subprocess.run(
        [sys.executable, "-c", code, *heavy], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
