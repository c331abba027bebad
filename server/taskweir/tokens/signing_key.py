"""The RSA key that OIDC tokens are signed with. Loading this module takes 50 ms: it is imported at first need."""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, Self

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

ALGORITHM: Final = "RS256"
_LEAST_BITS: Final = 2_048
_USUAL_EXPONENT: Final = 65_537
_CERTIFICATE_NAME: Final = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "taskweir")])
_VALID: Final = (datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
"""For ever, as RFC 5280 writes it: tokens are looked at wherever the clock stands."""


class SigningKey:
    """A private key and what is told of it. Nothing of the private part shows in its repr."""

    def __init__(self, private: RSAPrivateKey) -> None:
        self._private = private
        numbers = private.public_key().public_numbers()
        self._public = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
        self.id = _thumbprint(self._public)

    @classmethod
    def made(cls) -> Self:
        """A new one. Takes some tenths of a second, on a thread of its own: it leaves the others running."""
        return cls(generate_private_key(_USUAL_EXPONENT, _LEAST_BITS))

    @classmethod
    def of_pem(cls, text: bytes) -> Self:
        """Raises ValueError for anything but an RSA key of 2048 bits or more, without a password."""
        try:
            key = load_pem_private_key(text, password=None)
        except (
            TypeError,
            ValueError,
            UnsupportedAlgorithm,
        ):  # what these say is about DER, or a password's type
            raise ValueError("not a private key in PEM (PKCS#1 or PKCS#8, without a password)") from None
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("not an RSA key")
        if key.key_size < _LEAST_BITS:
            raise ValueError(f"has {key.key_size} bits, and {_LEAST_BITS} are the least")
        return cls(key)

    @classmethod
    def of_der(cls, kept: bytes) -> Self:
        """As `der` gave it."""
        key = load_der_private_key(kept, password=None)
        assert isinstance(key, RSAPrivateKey)
        return cls(key)

    @property
    def der(self) -> bytes:
        """The private key, to be kept."""
        return self._private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    @property
    def jwk(self) -> Mapping[str, str]:
        """The public key (RFC 7517)."""
        return {"alg": ALGORITHM, "kid": self.id, "use": "sig", **self._public}

    @cached_property
    def certificate(self) -> str:
        """The public key as an X.509 certificate (PEM), signed by itself; the same at every start."""
        builder = x509.CertificateBuilder(
            _CERTIFICATE_NAME,
            _CERTIFICATE_NAME,
            self._private.public_key(),
            serial_number=1 + int.from_bytes(hashlib.sha256(self.id.encode()).digest()[:8]),
            not_valid_before=_VALID[0],
            not_valid_after=_VALID[1],
        )
        return builder.sign(self._private, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    def sign(self, claims: dict[str, Any]) -> str:
        """The JWT: the same bytes for the same claims. Takes 0.3 ms, most of which other threads can run in."""
        return jwt.encode(claims, self._private, ALGORITHM, headers={"kid": self.id})


def _number(value: int) -> str:
    """RFC 7518, Base64urlUInt."""
    return _base64(value.to_bytes((value.bit_length() + 7) // 8))


def _thumbprint(public: Mapping[str, str]) -> str:
    """RFC 7638: of the required members, in order of their names."""
    return _base64(hashlib.sha256(json.dumps(public, separators=(",", ":")).encode()).digest())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
