"""Which version is running."""

import importlib.metadata
import tomllib

import pytest
from tests.readme import ROOT

from taskweir import version


def test_the_version_is_that_of_the_package() -> None:
    """As pyproject.toml has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert version.running_version() == project["version"]


def test_a_source_tree_that_was_never_installed_has_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says so."""

    def not_found(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(version, "version", not_found)
    assert version.running_version.__wrapped__() == "0+unknown"
