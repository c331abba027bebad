"""What this machine installs packages with, so that it works in a root of ours wherever it works here."""

import configparser
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NEEDED: Final = ("debootstrap", "unshare", "setpriv", "mount", "chroot", "cp", "du")

_CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_PIP_FILES: Final = ("/etc/xdg/pip/pip.conf", "/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf")
"""Later ones win."""


@dataclass(frozen=True, slots=True)
class Machine:
    """`environ` is for steps that install; `files` are seen there under the names of this machine's, or others."""

    environ: Mapping[str, str]
    files: Mapping[str, Path]


def missing() -> Sequence[str]:
    """What is not here, and without which nothing can be run."""
    tools = [tool for tool in NEEDED if shutil.which(tool) is None]
    return [*tools, *([] if os.geteuid() == 0 else ["root's rights"])]


def this_machine(directory: Path) -> Machine:
    """As pip, proxies and certificates are set up. `directory` is for what is made of that."""
    environ = {name: value for name, value in os.environ.items() if _is_carried(name)}
    config = _pip_config()
    values = [*environ.values(), *(value for section in config.values() for value in section.values())]
    files = {str(path): path for value in values for path in _paths(value)}
    merged = directory / "pip.conf"
    with merged.open("w") as file:
        config.write(file)
    return Machine(
        environ,
        {**files, "/etc/pip.conf": merged, "/etc/resolv.conf": Path("/etc/resolv.conf").resolve()},
    )


def _is_carried(name: str) -> bool:
    return name.startswith("PIP_") or name in _CERTIFICATES or name.lower() in _PROXIES


def _pip_config() -> configparser.RawConfigParser:
    config = configparser.RawConfigParser()
    own = os.environ.get("PIP_CONFIG_FILE")
    config.read([Path(file).expanduser() for file in (*_PIP_FILES, *([own] if own else []))])
    return config


def _paths(value: str) -> Sequence[Path]:
    """Files and folders that a value names."""
    return [Path(word) for word in value.split() if word.startswith("/") and Path(word).exists()]


def debian_mirror() -> Sequence[str]:
    """Where this machine gets Debian's packages, as an argument of debootstrap; none leaves it to debootstrap."""
    if shutil.which("apt-get") is None:
        return []
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("Debian ")]
    return found[:1]
