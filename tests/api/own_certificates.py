"""Certificates that nobody but a test trusts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Files(NamedTuple):
    """Paths, as settings have them."""

    certificate: str
    key: str

    @property
    def settings(self) -> dict[str, str]:
        return {"tls_cert": self.certificate, "tls_key": self.key}

    @property
    def flags(self) -> Sequence[str]:
        return ["--tls-cert", self.certificate, "--tls-key", self.key]


def own_certificate(directory: Path, name: str = "server", curve: ec.EllipticCurve | None = None) -> Files:
    """Of localhost and 127.0.0.1, signed by itself; `name` is of the files and in its subject. What was there under
    that name is replaced."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = Files(str(directory / f"{name}.pem"), str(directory / f"{name}.key"))
    Path(files.certificate).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    Path(files.key).write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
