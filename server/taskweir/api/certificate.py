"""The server's certificate and its key, for both ports, and for the one's way to the other."""

import ssl
from dataclasses import dataclass
from functools import partial
from typing import Final

import grpc

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


@dataclass(frozen=True, slots=True)
class _Read:
    """`leaf` is the certificate itself, without its chain, in binary form."""

    context: ssl.SSLContext
    leaf: bytes
    certificate: bytes
    key: bytes


class Certificate:
    """Renewed files are taken up by connections that come afterwards. Any thread may ask."""

    def __init__(self, certificate: str, key: str) -> None:
        """Paths of PEM files; `certificate` has the chain too. Raises UnusableFile."""
        self._files = RenewedFile(partial(_read, certificate, key), certificate, key)
        self._own_leaves: set[bytes] = set()
        self._used()

    def for_http(self) -> ssl.SSLContext:
        """Of a listener: each connection gets what is newest as it begins."""
        context = self._used().context
        context.sni_callback = self._take_newest
        return context

    def _take_newest(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Called in every handshake, whether the client names a host or not."""
        connection.context = self._used().context

    def for_grpc(self) -> grpc.ServerCredentials:
        """Of a port. To be kept as long as that: gRPC itself does not keep them alive."""
        given = self._used()

        def changed() -> grpc.ServerCertificateConfiguration | None:
            """Asked for before every handshake, in a thread of gRPC's. None where nothing has changed."""
            nonlocal given
            newest = self._used()
            if newest is given:
                return None
            given = newest
            return _configuration(newest)

        return grpc.dynamic_ssl_server_credentials(_configuration(given), changed)

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

    def _used(self) -> _Read:
        newest = self._files.current()
        self._own_leaves.add(newest.leaf)
        return newest


def _configuration(read: _Read) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(read.key, read.certificate)])


def _read(certificate: str, key: str) -> _Read:
    read = read_file(_CERT, certificate), read_file(_KEY, key)
    leaf = _leaf(certificate, read[0])
    _check_key(key, read[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(_HTTP_BEFORE_GRPC)
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        if error.reason in _NO_MATCH:
            raise UnusableFile(f"{_KEY} {key} is not the key of {_CERT} {certificate}") from error
        reason = error.reason or "PEM that cannot be read"
        raise UnusableFile(f"{_CERT} {certificate} and {_KEY} {key} cannot be used: {reason}") from error
    # OpenSSL reads files only, gRPC bytes only: both must have got the same.
    if read != (read_file(_CERT, certificate), read_file(_KEY, key)):
        raise UnusableFile(f"{_CERT} {certificate} and {_KEY} {key} are being written")
    return _Read(context, leaf, *read)


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
