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
from taskweir.command.configuration import Door
from taskweir.command.health import ask


def at(port: int, *, is_tls: bool = False) -> Door:
    """Of a server on this machine."""
    return Door("127.0.0.1", port, is_tls)


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
    assert ask(at(port)) == 1
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
        assert ask(at(port)) == 1
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
        assert ask(at(port, is_tls=True)) == 0
    assert capsys.readouterr().out == f"healthy: 127.0.0.1:{port}\n"


def test_a_server_that_says_nothing_is_unhealthy_in_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the container's own patience ends."""
    monkeypatch.setattr(command, "_PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert ask(at(silent.getsockname()[1])) == 1
    assert capsys.readouterr().out.endswith(": timed out\n")


def test_an_answer_that_never_ends_is_unhealthy_in_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However steadily it comes."""
    monkeypatch.setattr(command, "_PATIENCE", 0.3)
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 200 OK\r\n")
                for _ in range(60):
                    peer.sendall(b"X: a\r\n")
                    if asked.wait(0.05):
                        return
                peer.sendall(b"Content-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        assert ask(at(listener.getsockname()[1])) == 1
        asked.set()
        thread.join()
    assert capsys.readouterr().out.endswith(": timed out\n")


@pytest.mark.parametrize(
    "flag",
    [
        "--auth-token-file=gone",
        "--tls-cert=gone",
        "--tls-key=gone",
        "--ca-file=gone",
        "--token-key=gone",
        "--queue-yaml=gone",
        "--max-connections=many",
    ],
)
def test_what_it_does_not_need_is_not_looked_at(tmp_path: Path, flag: str) -> None:
    """The server goes on with what it read, and 2 means something else to who checks containers."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ran = run("health", f"--http-port={port}", flag, cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.startswith(f"unhealthy: 127.0.0.1:{port}: ")


def test_a_config_file_tells_where_the_server_is(tmp_path: Path) -> None:
    """Its queues do not matter; when it cannot be read, that is said, and is no bad usage."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (tmp_path / "config.yaml").write_text(f"http-port: {port}\nqueues: [{{name: '-'}}]\n")
    ran = run("health", "--config=config.yaml", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.startswith(f"unhealthy: 127.0.0.1:{port}: ")
    gone = run("health", "--config=gone.yaml", cwd=tmp_path)
    assert (gone.returncode, gone.stderr) == (1, "")
    assert gone.stdout.startswith("unhealthy: config: ")


def test_what_cannot_be_a_port_is_bad_usage(tmp_path: Path) -> None:
    """As for the other commands."""
    ran = run("health", "--http-port=none", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")


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
