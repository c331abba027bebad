"""The server's certificate and its key, for both ports, and for the one's way to the other."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from taskweir.api.renewed_file import RenewedFile, UnusableFile, read_file

_CERT: Final = "--tls-cert"
_KEY: Final = "--tls-key"
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"
_KEY_END: Final = b"PRIVATE KEY-----"
_NO_MATCH: Final = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
"""Reasons of OpenSSL's; the last is said of a key of another kind."""
_HTTP_BEFORE_GRPC: Final = ("http/1.1", "h2")
"""By which of the protocols that a client offers it is spoken to (ALPN). HTTP/2 is gRPC here and nothing else, so
clients that could speak either, such as browsers and curl, are not led to it; those of gRPC offer no other."""
_GRPC_ALONE: Final = ("h2",)


@dataclass(frozen=True, slots=True)
class CertificateAndKey:
    """As PEM, and as listeners take them. `leaf` is the certificate itself, without its chain, in binary form."""

    http: ssl.SSLContext
    http2: ssl.SSLContext
    leaf: bytes
    certificate: bytes
    key: bytes


class Certificate:
    """Renewed files are taken up by connections that come afterwards. Any thread may ask."""

    def __init__(self, certificate: str, key: str) -> None:
        """Paths of PEM files; `certificate` has the chain too. Raises UnusableFile."""
        self._files = RenewedFile(partial(_read, certificate, key), certificate, key)
        self._own_leaves: set[bytes] = set()
        self.newest()

    def for_http(self) -> ssl.SSLContext:
        """Of a listener: each connection gets what is newest as it begins."""
        return self._renewed(lambda: self.newest().http)

    def for_http2(self) -> ssl.SSLContext:
        """The same of one that speaks HTTP/2 alone."""
        return self._renewed(lambda: self.newest().http2)

    def for_ourselves(self) -> ssl.SSLContext:
        """Of a client that shall reach this very server, whatever its certificate says of names and times: it must ask
        `is_own` before it sends a word."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        return context

    def is_own(self, certificate: bytes | None) -> bool:
        """Whether it is, or was, shown by this server. In binary form."""
        return certificate in self._own_leaves

    def newest(self) -> CertificateAndKey:
        """The same object until the files have changed."""
        newest = self._files.current()
        self._own_leaves.add(newest.leaf)
        return newest

    @staticmethod
    def _renewed(newest: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        def take_newest(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            """Called in every handshake, whether the client names a host or not."""
            connection.context = newest()

        context = newest()
        context.sni_callback = take_newest
        return context


def _read(certificate: str, key: str) -> CertificateAndKey:
    read = read_file(_CERT, certificate), read_file(_KEY, key)
    leaf = _leaf(certificate, read[0])
    _check_key(key, read[1])
    http, http2 = (_context(certificate, key, protocols) for protocols in (_HTTP_BEFORE_GRPC, _GRPC_ALONE))
    # OpenSSL reads files only, gRPC bytes only: both must have got the same.
    if read != (read_file(_CERT, certificate), read_file(_KEY, key)):
        raise UnusableFile(f"{_CERT} {certificate} and {_KEY} {key} are being written")
    return CertificateAndKey(http, http2, leaf, *read)


def _context(certificate: str, key: str, protocols: Sequence[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(protocols)
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        if error.reason in _NO_MATCH:
            raise UnusableFile(f"{_KEY} {key} is not the key of {_CERT} {certificate}") from error
        reason = error.reason or "PEM that cannot be read"
        raise UnusableFile(f"{_CERT} {certificate} and {_KEY} {key} cannot be used: {reason}") from error
    return context


def _leaf(path: str, pem: bytes) -> bytes:
    """The first, by the rule of such files."""
    text = pem.decode("latin-1")
    begin, end = text.find(_BEGIN), text.find(_END)
    try:
        return ssl.PEM_cert_to_DER_cert(text[begin : end + len(_END)])
    except ValueError as error:
        raise UnusableFile(f"{_CERT} {path}: there is no certificate in PEM in it") from error


def _check_key(path: str, pem: bytes) -> None:
    if _KEY_END not in pem:
        raise UnusableFile(f"{_KEY} {path}: there is no private key in PEM in it")
    if b"ENCRYPTED" in pem:
        # OpenSSL would ask at the terminal.
        raise UnusableFile(
            f"{_KEY} {path}: the key is encrypted, and a server has nobody to ask for its password"
        )
