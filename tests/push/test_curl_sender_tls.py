"""The sender and targets over TLS: who is trusted, and what `insecure_targets` and `ca_file` change."""

import datetime as dt
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.push.raw_target import RawTarget

from taskweir.domain.names import QueueName
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.target_map import TargetMap
from taskweir.domain.times import SECOND
from taskweir.push.curl_sender import CurlSender
from taskweir.push.sender import Outcome
from taskweir.push.trust import trust

TASK = QueueName("p", "l", "q").task("t")

NOT_BEFORE = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
NOT_AFTER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


@dataclass
class Authority:
    """A certificate authority of our own."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    folder: Path

    @property
    def file(self) -> str:
        path = self.folder / "ca.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)

    def server_context(self, name: x509.GeneralName) -> ssl.SSLContext:
        """What a server with a certificate for this name serves with."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder("server", self.certificate.subject, key)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / "server.pem"
        path.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(path)
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _builder(
    subject: str, issuer: x509.Name | None, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer or _name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
    )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A new authority, trusted by nobody yet."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder("test authority", None, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(key, certificate, tmp_path)


@pytest_asyncio.fixture
async def target(authority: Authority) -> AsyncIterator[RawTarget]:
    """A target whose certificate is for 127.0.0.1."""
    tls = authority.server_context(x509.IPAddress(ip_address("127.0.0.1")))
    async with RawTarget.serving(tls=tls) as target:
        yield target


async def outcome_of(sender: CurlSender, target: RawTarget) -> Outcome:
    """What comes of one request."""
    try:
        url = target.url().replace("http://", "https://")
        return await sender.send(OutgoingRequest(TASK, "POST", url, [], b"x", 10 * SECOND))
    finally:
        await sender.close()


async def test_a_target_of_a_trusted_authority_is_reached(authority: Authority, target: RawTarget) -> None:
    """`ca_file` is the authority's certificate; HTTP/1.1 is spoken over TLS too."""
    assert (await outcome_of(CurlSender(authority.file), target)).http_status == 200
    assert target.received[0].startswith(b"POST / HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_a_target_of_an_unknown_authority_is_not_spoken_to(target: RawTarget) -> None:
    """The attempt fails and says that it is the certificate."""
    outcome = await outcome_of(CurlSender(), target)
    assert outcome.http_status is None
    assert "certificate" in outcome.error
    assert target.received == []


async def test_a_certificate_for_another_name_is_not_spoken_to(authority: Authority) -> None:
    """Even one of a trusted authority."""
    tls = authority.server_context(x509.DNSName("other.example"))
    async with RawTarget.serving(tls=tls) as target:
        outcome = await outcome_of(CurlSender(authority.file), target)
        assert outcome.http_status is None
        assert outcome.error
        assert target.received == []


async def test_the_certificate_of_a_mapped_target_is_for_where_it_is(authority: Authority) -> None:
    """The name that is connected to is the one that is asked for and checked, while Host is the one of the URL."""
    tls = authority.server_context(x509.DNSName("localhost"))
    names: list[str] = []
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    async with RawTarget.serving(tls=tls) as target:
        target_map = TargetMap.parse([f"prod.example=https://localhost:{target.port}"])
        sender = CurlSender(authority.file, target_map=target_map)
        request = OutgoingRequest(TASK, "GET", "https://prod.example/", [], b"", 10 * SECOND)
        assert (await sender.send(request)).http_status == 200
        await sender.close()
        assert target.received == [b"GET / HTTP/1.1\r\nHost: prod.example\r\n\r\n"]
    assert names == ["localhost"]


async def test_insecure_targets_accepts_any_certificate(authority: Authority) -> None:
    """Neither the authority nor the name is checked."""
    tls = authority.server_context(x509.DNSName("other.example"))
    async with RawTarget.serving(tls=tls) as target:
        assert (await outcome_of(CurlSender(insecure_targets=True), target)).http_status == 200


async def test_a_ca_file_that_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    """At the start, not with the first task."""
    with pytest.raises(FileNotFoundError):
        CurlSender(str(tmp_path / "missing.pem"))


def test_a_ca_file_without_a_certificate_is_said_at_once(tmp_path: Path) -> None:
    """Else every attempt would fail, each with a riddle."""
    (tmp_path / "ca.pem").write_text("nope")
    with pytest.raises(OSError, match="certificate"):
        trust(str(tmp_path / "ca.pem"), insecure=False)


def test_without_a_ca_file_the_machine_s_certificates_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python finds them; SSL_CERT_FILE is obeyed through it."""
    found = ssl.DefaultVerifyPaths("/ca.pem", None, "", "", "", "")  # type: ignore[arg-type]
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: found)
    assert trust(None, insecure=False).ca_file == "/ca.pem"


def test_on_a_machine_without_certificates_certifi_s_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An empty directory, as slim images have it, is none."""
    found = ssl.DefaultVerifyPaths(None, str(tmp_path), "", "", "", "")  # type: ignore[arg-type]
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: found)
    bundle = trust(None, insecure=False)
    assert bundle.ca_dir is None
    assert bundle.ca_file is not None
    assert Path(bundle.ca_file).name == "cacert.pem"
