"""Which of SQLite's errors are the disk's, and what is said about them."""

import sqlite3
from typing import Final

from taskweir.domain.errors import Unavailable

_REASONS: Final = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
    sqlite3.SQLITE_READONLY: "the data file is read-only",
    sqlite3.SQLITE_CANTOPEN: "the data file cannot be opened",
    sqlite3.SQLITE_PERM: "the data file may not be accessed",
    sqlite3.SQLITE_CORRUPT: "the data file is damaged",
    sqlite3.SQLITE_NOTADB: "the data file is damaged",
    sqlite3.SQLITE_BUSY: "the data file is locked by another program",
    sqlite3.SQLITE_LOCKED: "the data file is locked by another program",
}


def reason_of(error: BaseException) -> str | None:
    """What is wrong with the disk or the file, None when the error is not of that kind (a bug, then)."""
    code = getattr(error, "sqlite_errorcode", None)
    if not isinstance(code, int):
        return None
    # The low byte is the kind; the rest says more closely what happened, and is in the name.
    reason = _REASONS.get(code & 0xFF)
    return None if reason is None else f"{reason} ({getattr(error, 'sqlite_errorname', code)})"


def unavailable(reason: str) -> Unavailable:
    return Unavailable(f"The store is unavailable: {reason}.")
