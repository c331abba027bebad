"""Whether a data file is ours, and bringing it up to this version's schema."""

import secrets
import sqlite3
from importlib import resources
from typing import Final

from taskweir.store.sqlite.refused import DataFileRefused

APPLICATION_ID: Final = 0x77656972
"""Marks a SQLite file as ours, in its header: the letters `weir`."""


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring the file to the newest schema; each migration is one transaction.

    Raises DataFileRefused for another program's file and for one that a newer version made.
    """
    migrations = _migrations()
    version = _version(connection, path)
    if version > len(migrations):
        raise DataFileRefused(
            f"{path}: made by a newer version of taskweir "
            f"(its schema is {version}, this version knows {len(migrations)})"
        )
    for number, script in enumerate(migrations[version:], start=version + 1):
        _apply(connection, number, script)
    connection.execute(
        "INSERT OR IGNORE INTO meta (name, value) VALUES ('page_token_key', ?)", (secrets.token_bytes(32),)
    )


def _version(connection: sqlite3.Connection, path: str) -> int:
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    if application == APPLICATION_ID:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return version
    has_content = connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master)").fetchone()[0]
    if application != 0 or has_content:
        raise DataFileRefused(f"{path}: a SQLite file of another program")
    return 0


def _migrations() -> list[str]:
    """The scripts in order; the first is number 1."""
    folder = resources.files(__package__) / "migrations"
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name
    )
    return [file.read_text("utf-8") for file in files]


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    try:
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}\n"
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number}; COMMIT;"
        )
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
