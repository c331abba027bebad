"""The certificate that a server shows, as its clients see it."""

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography import x509

from taskweir.api.renewed_file import UnusableFile, read_file

_SETTING: Final = "--tls-cert"


class ShownCertificate:
    """One of a PEM file, with its chain. Raises UnusableFile where there is none."""

    def __init__(self, path: str) -> None:
        pem = read_file(_SETTING, path)
        try:
            chain = x509.load_pem_x509_certificates(pem)
            names = _alternative_names(chain[0])
        except ValueError as error:
            raise UnusableFile(f"{_SETTING} {path}: there is no certificate in PEM in it") from error
        self.hosts: Final[Sequence[str]] = names
        """Names, `*.names` and addresses, in its order."""
        is_root = chain[-1].issuer == chain[-1].subject
        self.ca_file: Final = str(Path(path).absolute()) if is_root else ""
        """What clients must trust to trust it, where that is in the file itself: it is self-signed, or the chain goes
        up to the root. Empty where others issued it, whom clients know, or are told of."""

    def is_for(self, host: str) -> bool:
        """Whether clients that connect to this name or address take it. `*` stands for one label, the first (RFC 6125);
        the common name counts for nothing."""
        host = _canonical(host)
        wildcard = f"*.{host.partition('.')[2]}"
        return any(name.lower() in (host, wildcard) for name in self.hosts)


def _canonical(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host.lower()


def _alternative_names(certificate: x509.Certificate) -> list[str]:
    """Raises ValueError for what is not well formed."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return [*names.get_values_for_type(x509.DNSName), *addresses]
