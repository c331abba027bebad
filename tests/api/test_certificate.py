"""The server's certificate: what is refused, and how it is renewed."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.api.own_certificates import Files, own_certificate

from taskweir.api.certificate import Certificate
from taskweir.api.grpc.server import GrpcServer
from taskweir.api.renewed_file import UnusableFile


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return own_certificate(tmp_path)


def refusal(certificate: str, key: str) -> str:
    with pytest.raises(UnusableFile) as refused:
        Certificate(certificate, key)
    text = str(refused.value)
    assert "\n" not in text
    return text


def test_files_that_are_not_there_are_refused(files: Files) -> None:
    """By their setting and their path."""
    assert refusal("/no.pem", files.key) == "--tls-cert /no.pem: No such file or directory"
    assert refusal(files.certificate, "/no.key") == "--tls-key /no.key: No such file or directory"


def test_files_of_another_kind_are_refused(files: Files, tmp_path: Path) -> None:
    """Also when the two are taken for each other."""
    other = tmp_path / "other"
    other.write_bytes(b"\xff\x00 no PEM")
    no_certificate, no_key = ("there is no certificate in PEM in it", "there is no private key in PEM in it")
    assert refusal(str(other), files.key) == f"--tls-cert {other}: {no_certificate}"
    assert refusal(files.key, files.key) == f"--tls-cert {files.key}: {no_certificate}"
    assert refusal(files.certificate, str(other)) == f"--tls-key {other}: {no_key}"
    assert refusal(files.certificate, files.certificate) == f"--tls-key {files.certificate}: {no_key}"


@pytest.mark.parametrize("part", ["certificate", "key"])
def test_damaged_files_are_refused(files: Files, part: str) -> None:
    """Such as one with a line missing."""
    path = Path(getattr(files, part))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *lines[2:]]))
    assert refusal(*files).startswith("--tls-cert ")
    assert refusal(*files).endswith((": there is no certificate in PEM in it", "PEM that cannot be read"))


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
def test_a_key_of_another_certificate_is_refused(
    files: Files, tmp_path: Path, curve: ec.EllipticCurve
) -> None:
    """Of the same kind or not."""
    other = own_certificate(tmp_path, "other", curve)
    assert refusal(files.certificate, other.key) == (
        f"--tls-key {other.key} is not the key of --tls-cert {files.certificate}"
    )


def test_an_encrypted_key_is_refused(files: Files, tmp_path: Path) -> None:
    """Rather than that a password is asked for at the terminal."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    encrypted = tmp_path / "encrypted.key"
    command = ["openssl", "pkcs8", "-topk8", "-in", files.key, "-passout", "pass:x", "-out", str(encrypted)]
    subprocess.run(command, check=True, capture_output=True)
    assert refusal(files.certificate, str(encrypted)) == (
        f"--tls-key {encrypted}: the key is encrypted, and a server has nobody to ask for its password"
    )


async def test_a_key_that_grpc_does_not_know_is_refused(tmp_path: Path) -> None:
    """Which it says only when the port is taken."""
    certificate = Certificate(*own_certificate(tmp_path, "rare", ec.SECP256K1()))
    server = GrpcServer([], certificate)
    with pytest.raises(UnusableFile, match="gRPC does not take keys of this kind"):
        server.bind("127.0.0.1", 0)
    await server.stop(0)


def test_files_that_are_being_written_are_left_alone(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two ports could get different ones."""
    reads = iter([Path(files.certificate).read_bytes(), Path(files.key).read_bytes(), b"", b""])
    monkeypatch.setattr("taskweir.api.certificate.read_file", lambda *_: next(reads))
    assert refusal(*files).endswith(" are being written")
