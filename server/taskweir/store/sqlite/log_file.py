"""The write-ahead log as a file, and how much of it is in use.

A log that begins anew is overwritten from its front, which is quicker to sync than a file that grows, and what lies
behind is of no use any more: its frames have the salt of an earlier beginning (https://sqlite.org/walformat.html).
"""

import os
from typing import Final

_HEADER: Final = 32
_FRAME: Final = 4_096 + 24
"""A page in the log, with its header."""
_SALT: Final = 8
"""Bytes of it, and where it is in a frame; in the log's header it is at twice that."""


class LogFile:
    """SQLite's locks are not on this file, so that to open and close it beside SQLite does no harm."""

    def __init__(self, data: str) -> None:
        self._path = f"{data}-wal"
        self._file: int | None = None
        self._salt = b""
        self._frames = 0
        """As many are known to be in use."""

    def size(self) -> int:
        """Bytes of the file."""
        return 0 if (file := self._opened()) is None else os.fstat(file).st_size

    def used(self) -> int:
        """Bytes that were written since the log began anew: a few µs, more when much was written since the last call.

        Between a beginning and the first write after it, those from before.
        """
        file = self._opened()
        salt = b"" if file is None else os.pread(file, _SALT, 2 * _SALT)
        if file is None or not salt:
            return 0
        if salt != self._salt:
            self._salt, self._frames = salt, 0
        step = 1
        while self._has(file, self._frames + step):
            self._frames += step
            step *= 2
        while step := step // 2:
            if self._has(file, self._frames + step):
                self._frames += step
        return self._frames * _FRAME

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int | None:
        """None before the first write."""
        if self._file is None:
            try:
                self._file = os.open(self._path, os.O_RDONLY)
            except FileNotFoundError:
                return None
        return self._file

    def _has(self, file: int, frames: int) -> bool:
        """Whether so many are in use."""
        return os.pread(file, _SALT, _HEADER + (frames - 1) * _FRAME + _SALT) == self._salt
