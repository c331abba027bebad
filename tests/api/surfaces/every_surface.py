"""Versions and transports, and the time at which the server's clock stands."""

from collections.abc import Sequence
from typing import Final

import pytest

NOW: Final = "2026-11-22T12:00:00.123456Z"
SURFACES: Final = [
    (version, transport) for version in ("v2", "v2beta3", "v2beta2") for transport in ("grpc", "rest")
]


def ids(surfaces: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{version} over {transport}" for version, transport in surfaces]


def of(*versions: str) -> pytest.MarkDecorator:
    """For tests of what not every version has."""
    some = [surface for surface in SURFACES if surface[0] in versions]
    return pytest.mark.parametrize("surface", some, ids=ids(some), indirect=True)
