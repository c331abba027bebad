"""A process in a root of its own, as an engine would start it: its own mounts, and the first of its process ids.

The mounts are made in a mount namespace that ends with the process, so that nothing is ever left to unmount, and a
folder that is removed is only that folder.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

NAMESPACES: Final = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
)
"""What a command is put after so that its mounts and its processes end with it, and it with us."""

_DEVICES: Final = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS: Final = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """`mounts` are files and folders of this machine by where they are seen; `user` is UID:GID."""

    root: Path
    environ: Mapping[str, str]
    user: str = "0:0"
    directory: str = "/"
    mounts: Mapping[str, Path] = field(default_factory=dict)
    is_read_only: bool = False

    @contextmanager
    def command(self, argv: Sequence[str]) -> Iterator[Sequence[str]]:
        """What to run here so that `argv` runs there; good until the end of the block."""
        variables = [f"{name}={value}" for name, value in self.environ.items()]
        inside = ["/usr/bin/env", "-i", f"--chdir={self.directory}", *variables, *argv]
        chroot = ["chroot", f"--userspec={self.user}", "--groups=", str(self.root), *inside]
        script = "\n".join(["set -e", *self._mounting(), f"exec {shlex.join(chroot)}"])
        made = self._make_mount_points()
        try:
            yield [*NAMESPACES, "sh", "-c", script]
        finally:
            for path in reversed(made):
                path.rmdir() if path.is_dir() else path.unlink()

    def _mounting(self) -> Iterator[str]:
        root = shlex.quote(str(self.root))
        yield f"mount --bind {root} {root}"
        yield f"mount -t proc proc {root}/proc"
        yield f"mount -t tmpfs -o mode=755 dev {root}/dev"
        for name in _DEVICES:
            yield f": >{root}/dev/{name}; mount --bind /dev/{name} {root}/dev/{name}"
        for name, target in _DEVICE_LINKS.items():
            yield f"ln -s {target} {root}/dev/{name}"
        yield f"mkdir {root}/dev/shm; mount -t tmpfs -o mode=1777 shm {root}/dev/shm"
        for place, source in self.mounts.items():
            yield f"mount --bind {shlex.quote(str(source))} {shlex.quote(str(self.root) + place)}"
        if self.is_read_only:
            yield f"mount -o remount,bind,ro {root}"

    def _make_mount_points(self) -> Sequence[Path]:
        made: list[Path] = []
        for place, source in self.mounts.items():
            target = self.root / place.lstrip("/")
            missing = [path for path in (target, *target.parents) if not path.exists()]
            for parent in reversed(missing[1:]):
                parent.mkdir()
            if missing:
                target.mkdir() if source.is_dir() else target.touch()
            made += reversed(missing)
        return made
