"""Which version is running."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

_NONE: Final = "0+unknown"
"""Of a source tree that was never installed."""


@cache
def running_version() -> str:
    """That of the installed package."""
    try:
        return version("taskweir")
    except PackageNotFoundError:
        return _NONE
