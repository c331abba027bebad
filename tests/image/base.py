"""What stands in for the image that a stage begins with: a root of the same Debian release, with its Python."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.image.sandbox import NAMESPACES

_IMAGE: Final = re.compile(r"python:(\d+\.\d+)-slim-([a-z]+)")
_PACKAGES: Final = (
    *("python3", "python3-venv", "python3-pip", "python-is-python3"),
    *("ca-certificates", "netbase", "tzdata"),
)
"""Python as its own image has it, and what that image has besides."""

ENVIRON: Final = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/"}


class NoStandIn(Exception):
    """There is none for an image."""


def make_base(image: str, mirror: Sequence[str], root: Path, log: Path) -> None:
    """Raises NoStandIn, also where the release has another Python."""
    named = _IMAGE.fullmatch(image)
    if named is None:
        raise NoStandIn(f"{image}: only python:VERSION-slim-RELEASE is known here")
    version, release = named.groups()
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", release, str(root)]
    with log.open("a") as output:
        # It mounts things in the root, which must not outlive it.
        done = subprocess.run([*NAMESPACES, *command, *mirror], stdout=output, stderr=output, check=False)
    if done.returncode != 0:
        raise NoStandIn(f"{image}: debootstrap failed:\n{log.read_text()[-2_000:]}")
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()
    python = (root / "usr/bin/python3").readlink().name
    if python != f"python{version}":
        raise NoStandIn(f"{image}: Debian's {release} has {python}")
