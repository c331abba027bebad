"""The store in one SQLite file."""

from taskweir.store.sqlite.refused import DataFileRefused
from taskweir.store.sqlite.store import SqliteStore

__all__ = ["DataFileRefused", "SqliteStore"]
