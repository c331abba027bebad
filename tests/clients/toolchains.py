"""What the clients need, installed from the locked files beside them."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).parent
_HOME: Final = HERE.parent.parent / ".clients"
"""Ignored by git, and removed by `make clean`."""
INSTALL_TIMEOUT: Final = 1200
"""Seconds for a test whose turn it is to install: compiling the Go clients takes minutes on two cores."""


def python() -> Path:
    """A Python that has the clients and no taskweir."""
    home = _HOME / "python"
    requirements = HERE / "python" / "requirements.txt"
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    with _installing(home, [requirements]) as is_needed:
        if is_needed:
            _run([sys.executable, "-m", "venv", home], HERE)
            _run([home / "bin" / "python", *pip, "--requirement", requirements], HERE)
    return home / "bin" / "python"


def node() -> dict[str, str]:
    """Variables with which Node finds the clients."""
    _must_have("Node", "node", "npm")
    home = _HOME / "node"
    manifests = [HERE / "node" / "package.json", HERE / "node" / "package-lock.json"]
    with _installing(home, manifests) as is_needed:
        if is_needed:
            _copy(manifests, home)
            _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], home)
    return {"NODE_PATH": str(home / "node_modules")}


def go(program: str) -> Path:
    """A compiled program: `clients`, which is ours, or `grpcurl`."""
    _must_have("Go", "go")
    home = _HOME / "go"
    sources = sorted((HERE / "go").iterdir())
    with _installing(home, sources) as is_needed:
        if is_needed:
            _copy(sources, home)
            tools = ["github.com/fullstorydev/grpcurl/cmd/grpcurl", "."]
            # Without cgo no C compiler is needed.
            _run(["go", "build", "-o", f"bin{os.sep}", *tools], home, {"CGO_ENABLED": "0"})
    return home / "bin" / program


def java() -> str:
    """The class path of the compiled clients."""
    _must_have("Java", "java", "javac", "mvn")
    home = _HOME / "java"
    sources = [path for path in sorted((HERE / "java").rglob("*")) if path.is_file()]
    with _installing(home, sources) as is_needed:
        if is_needed:
            shutil.copytree(HERE / "java", home, dirs_exist_ok=True)
            _run(["mvn", "--quiet", "--batch-mode", "compile"], home)
    return os.pathsep.join([str(home / "target" / "classes"), str(home / "target" / "dependency" / "*")])


def gcloud() -> str:
    """gcloud is part of a machine, or it is not: it cannot be installed from a registry."""
    _must_have("gcloud", "gcloud")
    return "gcloud"


def _must_have(name: str, *programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{name}: there is no {' and no '.join(missing)} on this machine")


@contextmanager
def _installing(home: Path, sources: Sequence[Path]) -> Iterator[bool]:
    """Whether the sources have changed since the last installation that came to its end. One process at a time."""
    _HOME.mkdir(exist_ok=True)
    stamp = _HOME / f"{home.name}.installed"
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    with (_HOME / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_needed = not stamp.exists() or stamp.read_text() != digest
        if is_needed:
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
        yield is_needed
        stamp.write_text(digest)


def _copy(files: Sequence[Path], home: Path) -> None:
    for file in files:
        shutil.copy(file, home)


def _run(command: Sequence[str | Path], directory: Path, variables: dict[str, str] | None = None) -> None:
    ended = subprocess.run(
        list(map(str, command)),
        cwd=directory,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if ended.returncode:
        pytest.fail(
            f"{' '.join(map(str, command))} ended with {ended.returncode}:\n{ended.stdout}", pytrace=False
        )
