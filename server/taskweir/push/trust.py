"""Which certificate authorities targets are checked against."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import certifi


@dataclass(frozen=True, slots=True)
class Trust:
    """A file or a directory of CA certificates, or both; `verify` False accepts any certificate."""

    ca_file: str | None = None
    ca_dir: str | None = None
    verify: bool = True


def trust(ca_file: str | None, *, insecure: bool) -> Trust:
    """The given file alone, else where this machine's Python looks, else certifi's bundle.

    libcurl's own default is not used: wheels of it look where Red Hat keeps certificates. Raises OSError for a given
    file that cannot be read, or has no certificate in it.
    """
    if insecure:
        return Trust(verify=False)
    if ca_file is not None:
        ssl.create_default_context(cafile=ca_file)
        return Trust(ca_file)
    paths = ssl.get_default_verify_paths()
    ca_dir = paths.capath if paths.capath and any(Path(paths.capath).iterdir()) else None
    if paths.cafile or ca_dir:
        return Trust(paths.cafile, ca_dir)
    return Trust(certifi.where())
