"""The key: what is taken for one, and what is told of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from taskweir.tokens.kept_secrets import BadKeyFile, given_key
from taskweir.tokens.signing_key import SigningKey


@pytest.fixture(scope="module")
def private() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2_048)


def pem(key: Any, form: PrivateFormat = PrivateFormat.PKCS8, password: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    data: bytes = key.private_bytes(Encoding.PEM, form, encryption)
    return data


@pytest.mark.parametrize(
    "form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL], ids=["PKCS8", "PKCS1"]
)
async def test_a_key_file_is_taken_in_both_forms(
    private: rsa.RSAPrivateKey, form: PrivateFormat, tmp_path: Path
) -> None:
    """Its id is that of the key, not of the file."""
    file = tmp_path / "key.pem"
    file.write_bytes(pem(private, form))
    assert (await given_key(str(file))()).id == SigningKey(private).id


OTHERS: dict[str, tuple[Callable[[], bytes], str]] = {
    "elliptic": (lambda: pem(ec.generate_private_key(ec.SECP256R1())), "not an RSA key"),
    "short": (lambda: pem(rsa.generate_private_key(65_537, 1_024)), "has 1024 bits, and 2048 are the least"),
    "with a password": (
        lambda: pem(ec.generate_private_key(ec.SECP256R1()), password=b"secret"),
        "not a private key in PEM",
    ),
    "public": (
        lambda: (
            ec.generate_private_key(ec.SECP256R1())
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        ),
        "not a private key in PEM",
    ),
    "empty": (lambda: b"", "not a private key in PEM"),
    "noise": (lambda: b"\xff\x00 no key", "not a private key in PEM"),
    "broken": (
        lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "not a private key in PEM",
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_any_other_file_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    """Which says what it is not, and nothing of what it is."""
    make, reason = OTHERS[kind]
    file = tmp_path / "key.pem"
    file.write_bytes(make())
    with pytest.raises(BadKeyFile) as refused:
        given_key(str(file))
    assert str(refused.value).startswith(reason)
    assert "\n" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(BadKeyFile, match=r"^No such file or directory$"):
        given_key(str(tmp_path / "none.pem"))


def test_the_id_is_the_thumbprint_of_rfc_7638() -> None:
    """The RFC's own example."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o"
        "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZH"
        "zu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEg"
        "U8awapJzKnqDKgw"
    )

    class Public:
        def public_key(self) -> rsa.RSAPublicKey:
            key: rsa.RSAPublicKey = jwt.PyJWK({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256"}).key
            return key

    key = SigningKey(Public())  # type: ignore[arg-type]
    assert key.id == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert (key.jwk["n"], key.jwk["e"]) == (n, "AQAB")


def test_what_is_told_of_a_key_verifies_what_it_signs(private: rsa.RSAPrivateKey) -> None:
    """The JWK and the certificate have the same public key, and nothing of the private one."""
    key = SigningKey(private)
    token = key.sign({"aud": "a"})
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": key.id}
    certificate = x509.load_pem_x509_certificate(key.certificate.encode())
    public = certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    for verifying in (public, jwt.PyJWK(dict(key.jwk)).key):
        assert jwt.decode(token, verifying, ["RS256"], audience="a") == {"aud": "a"}
    assert set(key.jwk) == {"kty", "alg", "use", "kid", "n", "e"}
    assert "BEGIN CERTIFICATE" in key.certificate


def test_a_key_that_was_kept_is_the_same_key(private: rsa.RSAPrivateKey) -> None:
    """It signs the same bytes, and its certificate is the same too."""
    key, again = SigningKey(private), SigningKey.of_der(SigningKey(private).der)
    assert (key.id, key.sign({"a": 1}), key.certificate) == (
        again.id,
        again.sign({"a": 1}),
        again.certificate,
    )


def test_a_new_key_has_2048_bits_and_is_like_no_other() -> None:
    """It can be written to a file and given."""
    one, other = SigningKey.made(), SigningKey.made()
    assert one.id != other.id
    key = load_pem_private_key(pem(one._private), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2_048
