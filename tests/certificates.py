"""Certificates as operators have them, made for a test."""

import datetime as dt
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_AROUND: Final = dt.timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate and the key of what shows it, both as files (PEM)."""

    file: Path
    key_file: Path
    _made: x509.Certificate
    _key: ec.EllipticCurvePrivateKey

    @classmethod
    def self_signed(cls, folder: Path, *hosts: str) -> Self:
        """For names and addresses, as `openssl req -x509` makes it: it may issue others, too."""
        return cls._written(folder, hosts, None)

    def issue(self, folder: Path, *hosts: str, with_root: bool = False) -> Self:
        """Another, issued by this one; its file has this one at the end if it is to."""
        return self._written(folder, hosts, self, self._pem(self._made) if with_root else b"")

    @property
    def flags(self) -> tuple[str, str]:
        """Of `taskweir serve`."""
        return f"--tls-cert={self.file}", f"--tls-key={self.key_file}"

    @classmethod
    def _written(cls, folder: Path, hosts: tuple[str, ...], issuer: Self | None, rest: bytes = b"") -> Self:
        key = ec.generate_private_key(ec.SECP256R1())
        made = _signed(hosts, key, issuer)
        file, key_file = folder / "cert.pem", folder / "key.pem"
        file.write_bytes(cls._pem(made) + rest)
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return cls(file, key_file, made, key)

    @staticmethod
    def _pem(made: x509.Certificate) -> bytes:
        return made.public_bytes(serialization.Encoding.PEM)


def _signed(
    hosts: tuple[str, ...], key: ec.EllipticCurvePrivateKey, issuer: Certificate | None
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test's" if issuer else "root")])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer._made.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _AROUND)
        .not_valid_after(now + _AROUND)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    signer = issuer._key if issuer else key
    identity = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return builder.add_extension(identity, critical=False).sign(signer, hashes.SHA256())


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
