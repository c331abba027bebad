"""The server that a client is run against, and what it is asked afterwards."""

from pathlib import Path
from typing import Final

import pytest
from tests.clients.drive import Drive

from taskweir.testing import Handler, Project

_HERE: Final = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Only who names them runs these: they take minutes, several tool chains and a network."""
    named = (
        Path(config.invocation_params.dir, argument.split("::")[0]).resolve() for argument in config.args
    )
    return None if any(path.is_relative_to(_HERE) for path in named) else True


@pytest.fixture
def drive(taskweir: Project, taskweir_handler: Handler) -> Drive:
    """Runs clients in a project of their own."""
    return Drive(taskweir, taskweir_handler)
