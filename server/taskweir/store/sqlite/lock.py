"""One process at a time: a lock on a file beside the data file, let go by the kernel when its holder dies."""

import fcntl
import os
from typing import Self

from taskweir.store.sqlite.refused import DataFileRefused


class FileLock:
    """An exclusive lock on `<path>.lock`. The data file itself cannot be locked: closing a second descriptor of it
    would drop SQLite's own locks. The lock file stays when it is let go, since removing it would race."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: str) -> Self:
        """Raises DataFileRefused when another process, or another store in this one, has it."""
        # The real path, so that two names of one file meet in one lock.
        lock_path = os.path.realpath(path) + ".lock"
        try:
            descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataFileRefused(f"{path}: cannot make the lock file beside it: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise DataFileRefused(f"{path}: in use by another server{holder}") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        os.close(self._descriptor)


def _holder(descriptor: int) -> str:
    pid = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    return f" (process {pid})" if pid.isdigit() else ""
