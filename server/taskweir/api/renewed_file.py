"""What was read from files, and is read again when they have changed: an operator renews them without a restart."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeAlias, TypeVar

T = TypeVar("T")

_LOG: Final = logging.getLogger(__name__)

_LOOK_AGAIN: Final = 1.0
"""Seconds between two looks at the files."""
_Stamp: TypeAlias = tuple[int, ...] | None


class UnusableFile(Exception):
    """A file that a setting names and that cannot be used. The text is one line, and says of what setting."""


class RenewedFile(Generic[T]):
    """`current` may be asked for by any thread."""

    def __init__(self, read: Callable[[], T], *paths: str, now: Callable[[], float] = time.monotonic) -> None:
        """`read` makes something of the files at `paths`, and raises UnusableFile; the first time, so does this.

        `now` is in seconds.
        """
        self._read = read
        self._paths = paths
        self._now = now
        self._lock = threading.Lock()
        # Looked at before it is read: what is written meanwhile is a change.
        self._stamps = self._look()
        self._look_again = now() + _LOOK_AGAIN
        self._current = read()

    def current(self) -> T:
        """The newest that could be used: when that of changed files cannot be, the log says so, once a change."""
        if self._now() >= self._look_again:
            with self._lock:
                self._renew()
        return self._current

    def _renew(self) -> None:
        now = self._now()
        if now < self._look_again:
            return
        self._look_again = now + _LOOK_AGAIN
        stamps = self._look()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            self._current = self._read()
        except UnusableFile as trouble:
            _LOG.warning("%s; what was read before stays in use", trouble)
        else:
            _LOG.info("read again: %s", ", ".join(self._paths))

    def _look(self) -> tuple[_Stamp, ...]:
        return tuple(map(_stamp, self._paths))


def read_file(setting: str, path: str) -> bytes:
    """Raises UnusableFile, in the name of the setting."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UnusableFile(f"{setting} {path}: {error.strerror or error}") from error


def _stamp(path: str) -> _Stamp:
    """None for one that is not there. A file that is put in another's place has another inode."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
