"""What a data file holds, once its server has stopped."""

import sqlite3
from contextlib import closing
from pathlib import Path


def count_tasks(data: Path) -> int:
    with closing(sqlite3.connect(f"file:{data}?mode=ro", uri=True)) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM task").fetchone()
    return int(stored)


def check_tasks(data: Path, least: int, most: int | None = None) -> None:
    """Raises RuntimeError unless as many are there as calls were answered; `most` are those that were begun."""
    stored = count_tasks(data)
    if not least <= stored <= (least if most is None else most):
        raise RuntimeError(f"{least:,} tasks were created, and {stored:,} are in the file")
